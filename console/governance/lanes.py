"""Lanes: opening one, by request or by policy, and what every step of one needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol

from console import queue
from console.db import db, is_id, now, transaction
from console.governance import reads
from console.governance.canonical import digest as digest_of
from console.governance.errors import LaneAlreadyOpen, NotExecutionPending, NotFound, NotRequiresApproval
from console.governance.policy import Rules, policy, stricter
from console.governance.transitions import OPEN, move, open_lane
from console.models import EventType, LaneStatus, ProposalStatus, ToolApproval, ToolProposal
from console.tools import ApprovalMode
from console.tools.registry import registry

OPENED = 1
"""The version of a lane that was just opened."""


class Enqueue(Protocol):
    """What leaves after the commit. `queue.push` by default; a test passes its own to watch."""

    def __call__(self, job: str, lane_id: int, **options: Any) -> None: ...


def request_approval(
    proposal: ToolProposal,
    *,
    ttl_seconds: int | None = None,
    actor_id: str | None = None,
    enqueue: Enqueue | None = None,
) -> ToolApproval:
    """Open a lane for a proposal that requires approval; its expiry is scheduled after the commit.

    `ttl_seconds` is how long it may wait, at least 1 (default: the policy's). Raises NotFound, NotRequiresApproval, or
    LaneAlreadyOpen while an earlier lane may still run or has run.
    """
    if ttl_seconds is not None and ttl_seconds < 1:
        raise ValueError("ttl_seconds must be at least 1: a lane cannot be over before it is open")
    with transaction():
        proposal = locked_proposal(proposal.id)
        rules = _rules_now(proposal)
        asks = proposal.approval_mode == ApprovalMode.REQUIRES_APPROVAL and not proposal.blocked_outcome
        if not asks or rules is None or rules.mode == ApprovalMode.ALWAYS_BLOCK:
            raise NotRequiresApproval()
        latest = reads.get_latest_approval(proposal.id)
        if latest is not None and latest.status in (*OPEN, LaneStatus.EXECUTED):
            raise LaneAlreadyOpen()
        lane = _new_lane(proposal, rules, actor_id or proposal.actor_id, ttl_seconds)
        proposal.status, proposal.reason = ProposalStatus.PROPOSED, None
        open_lane(lane, EventType.APPROVAL_REQUESTED, lane.requested_by)
        leave(enqueue, "jobs.actions.expire", lane, at=lane.expires_at)
        return lane


def open_automatic_lane(proposal: ToolProposal, *, enqueue: Enqueue | None = None) -> ToolApproval:
    """A lane that the policy decided: it waits to run from its first moment, and leaves the same trail.

    Raises NotFound, or NotRequiresApproval when the tool is not offered any more.
    """
    with transaction():
        proposal = locked_proposal(proposal.id)
        rules = _rules_now(proposal)
        if rules is None:
            raise NotRequiresApproval("This action is not offered any more.")
        lane = _new_lane(proposal, rules, proposal.actor_id, None)
        lane.decided_by, lane.last_decision, lane.decided_at = "policy", "approved", now()
        lane.execute_by = lane.expires_at
        open_lane(lane, EventType.EXECUTION_ENQUEUED, "policy")
        leave(enqueue, "jobs.actions.execute", lane)
        return lane


def execute_approved(
    approval_id: int, *, actor_id: str = "system", enqueue: Enqueue | None = None
) -> ToolApproval:
    """Record that a lane that waits to run was enqueued, then enqueue it. Raises NotFound, NotExecutionPending."""
    with transaction():
        lane = locked_lane(approval_id)
        if lane.status != LaneStatus.EXECUTION_PENDING:
            raise NotExecutionPending()
        move(lane, EventType.EXECUTION_ENQUEUED, actor_id)
        leave(enqueue, "jobs.actions.execute", lane)
        return lane


def locked_lane(approval_id: int) -> ToolApproval:
    """The lane and its proposal as they are now, both locked. Raises NotFound."""
    lane = locked_if_free(approval_id, wait=True)
    if lane is None:
        raise NotFound()
    return lane


def locked_if_free(approval_id: int, *, wait: bool = False) -> ToolApproval | None:
    """As `locked_lane`, or None when there is no such lane or somebody else is at it.

    The proposal is locked too: after waiting for a lock PostgreSQL reads again only the rows that it locks, and the
    other one would be as old as the wait.
    """
    if not is_id(approval_id):
        return None
    lock = {"key_share": True, "skip_locked": not wait}
    return db.session.get(ToolApproval, approval_id, with_for_update=lock, populate_existing=True)


def locked_proposal(proposal_id: int) -> ToolProposal:
    """The proposal as it is now, locked, so that one lane at most is opened for it. Raises NotFound."""
    if not is_id(proposal_id):
        raise NotFound()
    lock = {"key_share": True}
    proposal = db.session.get(ToolProposal, proposal_id, with_for_update=lock, populate_existing=True)
    if proposal is None:
        raise NotFound()
    return proposal


def rules_of(lane: ToolApproval) -> Rules:
    """The rules of a lane: the stricter of those it was opened under and those in force now for its input."""
    opened = Rules.model_validate(lane.policy_snapshot)
    current = _rules_now(lane.proposal)
    return opened if current is None else stricter(opened, current)


def leave(enqueue: Enqueue | None, job: str, lane: ToolApproval, **options: Any) -> None:
    """Send a job for this lane once the transaction has committed; its id names the state it was meant for."""
    queue.later(job, lane.id, job_id=job_id(job, lane.id, lane.version), send=enqueue, **options)


def leave_no_expiry(lane: ToolApproval) -> None:
    """The job that was to end the waiting is not needed: the waiting is over."""
    queue.not_needed(job_id=job_id("jobs.actions.expire", lane.id, OPENED))


def job_id(job: str, lane_id: int, version: int) -> str:
    """The id of a job for a lane: one purpose in one state has one, whoever sends it."""
    return f"{job.rpartition('.')[2]}-{lane_id}-{version}"


def _rules_now(proposal: ToolProposal) -> Rules | None:
    tool = registry().get(proposal.tool_ref)
    return policy().rules_for(tool, proposal.input) if tool else None


def _new_lane(proposal: ToolProposal, rules: Rules, actor_id: str, ttl_seconds: int | None) -> ToolApproval:
    seconds = rules.lane_seconds if ttl_seconds is None else ttl_seconds
    return ToolApproval(
        tool_proposal_id=proposal.id,
        conversation_id=proposal.conversation_id,
        digest=digest_of(proposal.input),
        policy_snapshot=rules.model_dump(mode="json"),
        requested_by=actor_id,
        expires_at=now() + timedelta(seconds=seconds),
    )
