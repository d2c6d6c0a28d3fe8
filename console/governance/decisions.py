"""The ways in which a lane's waiting ends: approve, reject, defer, expire. Of N at once exactly one decides, and where
it takes several approvals, the last of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from console.db import now, transaction
from console.governance.actors import require_admin, require_decider
from console.governance.canonical import digest as digest_of
from console.governance.errors import AlreadyVoted, LaneExpired, NotPending, StaleView
from console.governance.lanes import Enqueue, leave, leave_no_expiry, locked_lane, rules_of
from console.governance.transitions import move
from console.governance.votes import Tally, tally
from console.governance.words import checked_reason, checked_wake_at, decided_sentence
from console.models import EventType, LaneStatus, ToolApproval


def approve(
    approval_id: int,
    actor_id: str,
    *,
    note: str | None = None,
    version: int | None = None,
    digest: str | None = None,
    enqueue: Enqueue | None = None,
) -> ToolApproval:
    """Approve exactly what was shown; with the last approval that it takes the resume job leaves after the commit.

    Until then the lane stays pending, with this approval on record. Never runs anything. `version` and `digest` bind
    the decision to the card it was made on. Raises NotFound, NotAllowed, FourEyesRequired, NotPending, LaneExpired,
    AlreadyVoted or StaleView.
    """

    def step(lane: ToolApproval) -> None:
        if digest_of(lane.proposal.input) != lane.digest:
            raise StaleView(
                "The input was changed after this was asked, so it cannot be approved. Ask again."
            )
        words = checked_reason(note, required=False)
        if _vote(lane, actor_id, words):
            leave(enqueue, "jobs.actions.resume", lane)

    return _decision(approval_id, actor_id, version, digest, step, once=True)


def reject(
    approval_id: int,
    actor_id: str,
    *,
    reason: str,
    version: int | None = None,
    digest: str | None = None,
    enqueue: Enqueue | None = None,
) -> ToolApproval:
    """Say no, with a reason that whoever asked will read. Raises as `approve`, and ReasonRequired."""
    return _decision(
        approval_id,
        actor_id,
        version,
        digest,
        lambda lane: _decide(lane, EventType.REJECTED, actor_id, checked_reason(reason)),
    )


def defer(
    approval_id: int,
    actor_id: str,
    *,
    reason: str,
    until: datetime | None = None,
    version: int | None = None,
    digest: str | None = None,
    enqueue: Enqueue | None = None,
) -> ToolApproval:
    """Not now, with a reason; a new lane may be opened later, and is by itself at `until` if that is given.

    Raises as `reject`, and DateNotUsable.
    """

    def step(lane: ToolApproval) -> None:
        why, wake_at = checked_reason(reason), checked_wake_at(until)
        details = {"until": wake_at.isoformat()} if wake_at else None
        _decide(lane, EventType.DEFERRED, actor_id, why, details, wake_at=wake_at)

    return _decision(approval_id, actor_id, version, digest, step)


def expire(
    approval_id: int,
    *,
    actor_id: str = "system",
    reason: str | None = None,
    enqueue: Enqueue | None = None,
) -> ToolApproval:
    """End the waiting of a pending lane: the system at its deadline, an admin at any time.

    `reason` is what the trail says instead of its usual sentence. Raises NotFound, NotAllowed or NotPending.
    """
    with transaction():
        lane = locked_lane(approval_id)
        if actor_id != "system":
            only = "Only an admin can end the waiting of an action before its deadline."
            require_admin(actor_id, only, conversation_id=lane.conversation_id)
        if lane.status != LaneStatus.PENDING:
            raise NotPending(decided_sentence(lane))
        _lapse(lane, actor_id, reason)
        return lane


def _vote(lane: ToolApproval, actor_id: str, note: str | None) -> bool:
    """Put an approval on record; says whether it was the last that the lane takes."""
    rules = rules_of(lane)
    votes = list(lane.votes)
    if not tally(lane, rules).has(actor_id):
        votes.append({"by": actor_id, "at": now().isoformat()})
    lane.votes = votes
    found = tally(lane, rules)
    details = {"votes": found.counted, "of": found.needed} if found.needed > 1 else None
    if found.missing:
        move(lane, EventType.VOTE_RECORDED, actor_id, reason=note, details=details)
        return False
    execute_by = max(lane.expires_at, now() + timedelta(seconds=rules.execute_seconds))
    _decide(lane, EventType.APPROVED, actor_id, note, details, execute_by=execute_by)
    return True


def _decide(
    lane: ToolApproval,
    event: EventType,
    actor_id: str,
    reason: str | None,
    details: dict[str, Any] | None = None,
    **changes: Any,
) -> None:
    leave_no_expiry(lane)
    move(
        lane,
        event,
        actor_id,
        reason=reason,
        details=details,
        changes={
            "decided_by": actor_id,
            "decided_at": now(),
            "last_decision": str(event),
            "reason": reason,
            **changes,
        },
    )


def _decision(
    approval_id: int,
    actor_id: str,
    version: int | None,
    digest: str | None,
    step: Callable[[ToolApproval], None],
    *,
    once: bool = False,
) -> ToolApproval:
    """Who, then state, then deadline, then view, then the step; of N at once exactly one gets to the step.

    `once` refuses whoever took this step with this lane before.

    Inside a caller's transaction the refusal of a late decision undoes the expiry too; the scheduled job and the sweep
    make up for it.
    """
    too_late = False
    with transaction():
        lane = locked_lane(approval_id)
        rules = rules_of(lane)
        require_decider(lane, actor_id, rules)
        if lane.status == LaneStatus.EXPIRED and lane.decided_by is None:
            raise LaneExpired()
        if lane.status != LaneStatus.PENDING:
            raise NotPending(decided_sentence(lane, actor_id))
        if lane.expires_at <= now():
            # Committed below and refused after it, so that the refusal does not undo the expiry.
            _lapse(lane, "system")
            too_late = True
        else:
            if once:
                _refuse_second_vote(tally(lane, rules), actor_id)
            if (version is not None and version != lane.version) or (digest and digest != lane.digest):
                raise StaleView()
            step(lane)
    if too_late:
        raise LaneExpired()
    return lane


def _refuse_second_vote(found: Tally, actor_id: str) -> None:
    # Where enough count already, since a voter came back, whoever voted may say so again and close it.
    if found.missing and found.has(actor_id):
        raise AlreadyVoted(f"You approved this already. It takes {found.missing} more from someone else.")


def _lapse(lane: ToolApproval, actor_id: str, reason: str | None = None) -> None:
    changes: dict[str, Any] = {"last_decision": "expired", "decided_at": now()}
    who = "Too few people approved" if lane.votes else "Nobody decided"
    usual = f"{who} before the deadline, so nothing will run."
    if actor_id != "system":
        changes["decided_by"] = actor_id
        usual = "An admin ended the waiting, so nothing will run."
    elif lane.expires_at > now():
        usual = "The console ended the waiting before the deadline, so nothing will run."
    move(lane, EventType.EXPIRED, actor_id, reason=reason or usual, changes=changes)
