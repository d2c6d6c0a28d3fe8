"""What happens to a lane after its approval. Only the jobs call this; the run itself is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from flask import current_app
from pydantic import BaseModel

from console import locks
from console.db import db, now, transaction
from console.governance.actors import Actor
from console.governance.canonical import storable
from console.governance.decisions import expire
from console.governance.lanes import Enqueue, leave, locked_if_free, locked_lane
from console.governance.revalidation import revalidate
from console.governance.transitions import move
from console.locks import worker_lock
from console.masking import masked
from console.models import EventType, LaneStatus, ProposalStatus, ToolApproval
from console.tools import PermanentToolError, RunContext, Tool, ToolError
from console.tools.registry import registry

MAX_ATTEMPTS = 3
MAX_STARTS = 6
"""A tool that takes its worker down each time is given up after this many starts."""
LOCK_SPACE = 0x636C  # "cl": keeps our advisory locks apart from other users of the database
SYSTEM = "system"
LOOK = "It may or may not have happened, and nothing will run it again by itself. Look there before you ask again."


@dataclass(frozen=True)
class Run:
    """One attempt that was started and has no outcome yet."""

    lane_id: int
    attempt: int
    start: int
    """Which start of the lane this is; a replay of the same attempt has another one."""
    tool: Tool
    input: BaseModel
    actor_id: str
    context: RunContext


def lane_lock(lane_id: int) -> AbstractContextManager[bool]:
    """Hold a lane for one worker, or say False at once when another worker holds it."""
    return worker_lock(lock_key(lane_id))


def lock_key(lane_id: int) -> int:
    """The advisory lock's number for a lane."""
    return locks.lock_key(LOCK_SPACE, lane_id)


def resume(lane_id: int, *, enqueue: Enqueue | None = None) -> None:
    """Look again after an approval, and send the lane on, or end it with a reason. Safe to repeat."""
    with transaction():
        lane = locked_lane(lane_id)
        if lane.status != LaneStatus.APPROVED:
            return
        if _too_late(lane):
            reason = "The deadline to run passed before it could start, so nothing was run."
            move(lane, EventType.EXPIRED, SYSTEM, reason=reason)
            return
        found = revalidate(lane)
        if isinstance(found, str):
            _invalidate(lane, found)
            return
        move(lane, EventType.REVALIDATION_PASSED, SYSTEM)
        leave(enqueue, "jobs.actions.execute", lane)


def expire_due(lane_id: int) -> bool:
    """Expire a pending lane whose deadline has passed; says whether it did. Safe to repeat.

    A lane that somebody is deciding just now is left to them: a decision after the deadline expires it too.
    """
    with transaction():
        lane = locked_if_free(lane_id)
        if lane is None or lane.status != LaneStatus.PENDING or lane.expires_at > now():
            return False
        expire(lane_id)
        return True


def start(lane_id: int) -> Run | None:
    """Begin an attempt, committed before the tool is called; None when there is nothing (more) to run.

    The caller holds the lane's lock, so an attempt that is still open was left by a worker that died inside it.
    """
    with transaction():
        lane = locked_lane(lane_id)
        if lane.status != LaneStatus.EXECUTION_PENDING or (lane.retry_at and now() < lane.retry_at):
            return None
        if lane.attempt_open and _may_not_repeat(lane):
            return None
        found = "The deadline to run has passed." if _too_late(lane) else revalidate(lane)
        if isinstance(found, str):
            _stop(lane, found)
            return None
        replayed = lane.attempt_open
        if not replayed:
            lane.attempt += 1
            lane.proposal.attempts += 1
        lane.starts += 1
        details = {"attempt": lane.attempt} | ({"replayed": True} if replayed else {})
        changes = {"attempt_open": True, "retry_at": None}
        move(lane, EventType.EXECUTION_STARTED, SYSTEM, details=details, changes=changes)
        return Run(
            lane.id,
            lane.attempt,
            lane.starts,
            found.tool,
            found.input,
            lane.proposal.actor_id,
            _context(lane, found.asker),
        )


def succeed(run: Run, result: object) -> None:
    """Record the outcome in the transaction in which the tool wrote, so that both are there or neither is."""
    with transaction():
        lane = locked_lane(run.lane_id)
        if not _is_current(lane, run):
            raise ToolError("Another worker finished this attempt first.")
        facts = storable(masked(storable(dict(result) if isinstance(result, Mapping) else {})))
        summary = str(facts.pop("summary", "") or f"{lane.proposal.title}: done.")
        proposal = lane.proposal
        proposal.status, proposal.result, proposal.result_summary = ProposalStatus.SUCCEEDED, facts, summary
        details, changes = {"attempt": run.attempt}, {"attempt_open": False}
        move(lane, EventType.EXECUTION_SUCCEEDED, SYSTEM, reason=summary, details=details, changes=changes)


def fail(run: Run, error: BaseException, *, returned: bool = False, enqueue: Enqueue | None = None) -> None:
    """Record that an attempt failed, and plan the next one unless it was the last or the error is final.

    `returned` says that the tool came back and only its outcome could not be recorded: what it did elsewhere is done.
    """
    with transaction():
        lane = locked_lane(run.lane_id)
        if not _is_current(lane, run):
            return
        reason, details = explain(error), {"attempt": run.attempt, "of": MAX_ATTEMPTS}
        last = isinstance(error, PermanentToolError) or lane.attempt >= MAX_ATTEMPTS
        if returned and (run.tool.effects == "unsafe" or (last and run.tool.effects == "idempotent")):
            _end_failed(
                lane, f"The tool finished, but its outcome was lost. {LOOK}", ProposalStatus.UNKNOWN, details
            )
            return
        if last:
            _end_failed(lane, reason, ProposalStatus.FAILED, details)
            return
        pauses = current_app.config["SETTINGS"].retry_backoff_seconds
        retry_at = now() + timedelta(seconds=pauses[min(lane.attempt, len(pauses)) - 1])
        changes = {"attempt_open": False, "retry_at": retry_at, "last_error": reason}
        event = EventType.EXECUTION_ATTEMPT_FAILED
        move(lane, event, SYSTEM, reason=reason, details=details, changes=changes)
        leave(enqueue, "jobs.actions.execute", lane, at=retry_at)


def explain(error: BaseException) -> str:
    """A tool's own sentence, or the bare name of what went wrong; never its text, which may carry anything."""
    if isinstance(error, ToolError) and str(error).strip():
        return str(storable(str(error)))[:2000]
    return f"The tool stopped with an error that it does not explain ({type(error).__name__})."


def _effects(lane: ToolApproval) -> str:
    """What another run would do; of a tool that is not there any more the worst is assumed."""
    tool = registry().get(lane.proposal.tool_ref)
    return tool.effects if tool else "unsafe"


def _may_not_repeat(lane: ToolApproval) -> bool:
    """End a lane whose worker died inside a run that must not, or should not, be started once more."""
    effects = _effects(lane)
    if effects == "unsafe" or (effects == "idempotent" and lane.starts >= MAX_STARTS):
        _end_unknown(lane)
    elif lane.starts >= MAX_STARTS:
        reason = (
            f"The worker stopped {lane.starts} times inside this run. Nothing was written; it is given up."
        )
        _end_failed(lane, reason, ProposalStatus.FAILED, {"attempt": lane.attempt})
    return lane.status == LaneStatus.EXECUTION_FAILED


def _stop(lane: ToolApproval, reason: str) -> None:
    """End a lane that must not start (again); one whose worker died inside a run elsewhere has an unknown outcome."""
    if lane.attempt_open and _effects(lane) != "transactional":
        _end_unknown(lane)
    else:
        _invalidate(lane, reason)


def _end_unknown(lane: ToolApproval) -> None:
    reason = f"The worker stopped while this was running. {LOOK}"
    _end_failed(lane, reason, ProposalStatus.UNKNOWN, {"attempt": lane.attempt})


def _end_failed(lane: ToolApproval, reason: str, outcome: ProposalStatus, details: dict[str, Any]) -> None:
    lane.proposal.status, lane.proposal.reason = outcome, reason
    changes = {"attempt_open": False, "retry_at": None, "last_error": reason}
    move(lane, EventType.EXECUTION_FAILED, SYSTEM, reason=reason, details=details, changes=changes)


def _invalidate(lane: ToolApproval, reason: str) -> None:
    reason = f"{reason} {'It was not tried again.' if lane.starts else 'Nothing was run.'}"
    changes = {"last_error": reason, "attempt_open": False, "retry_at": None}
    move(lane, EventType.REVALIDATION_FAILED, SYSTEM, reason=reason, changes=changes)


def _too_late(lane: ToolApproval) -> bool:
    return now() >= (lane.execute_by or lane.expires_at)


def _is_current(lane: ToolApproval, run: Run) -> bool:
    return lane.status == LaneStatus.EXECUTION_PENDING and lane.attempt_open and lane.starts == run.start


def _context(lane: ToolApproval, asker: Actor) -> RunContext:
    proposal = lane.proposal
    return RunContext(
        tool_params=proposal.input,
        scopes=asker.scopes,
        account_id=proposal.account_id,
        conversation_id=proposal.conversation_id,
        run_key=sha256(f"{proposal.idempotency_key}:{proposal.attempts}".encode()).hexdigest(),
        effect_key=sha256(f"{proposal.idempotency_key}:lane:{lane.id}".encode()).hexdigest(),
        attempt=lane.attempt,
        session=db.session(),
        actor_name=asker.name,
    )
