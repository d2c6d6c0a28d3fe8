"""The transition table, and the one function that moves a lane: guard, row, event and announcement together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from console import metrics
from console.db import db, now
from console.governance.errors import GovernanceError, NotExecutionPending, NotPending
from console.live import announce
from console.models import Conversation, EventType, LaneStatus, ToolActionEvent, ToolApproval, ToolProposal

E, S = EventType, LaneStatus
TABLE: dict[tuple[LaneStatus | None, EventType], LaneStatus] = {
    (None, E.APPROVAL_REQUESTED): S.PENDING,
    (None, E.EXECUTION_ENQUEUED): S.EXECUTION_PENDING,
    (S.PENDING, E.VOTE_RECORDED): S.PENDING,
    (S.PENDING, E.APPROVED): S.APPROVED,
    (S.PENDING, E.REJECTED): S.REJECTED,
    (S.PENDING, E.DEFERRED): S.DEFERRED,
    (S.PENDING, E.EXPIRED): S.EXPIRED,
    (S.APPROVED, E.REVALIDATION_PASSED): S.EXECUTION_PENDING,
    (S.APPROVED, E.REVALIDATION_FAILED): S.INVALIDATED,
    (S.APPROVED, E.EXPIRED): S.EXPIRED,
    (S.APPROVED, E.EXECUTION_ENQUEUED): S.APPROVED,
    (S.DEFERRED, E.REVALIDATION_FAILED): S.DEFERRED,
    (S.EXECUTION_PENDING, E.EXECUTION_ENQUEUED): S.EXECUTION_PENDING,
    (S.EXECUTION_PENDING, E.EXECUTION_STARTED): S.EXECUTION_PENDING,
    (S.EXECUTION_PENDING, E.EXECUTION_SUCCEEDED): S.EXECUTED,
    (S.EXECUTION_PENDING, E.EXECUTION_ATTEMPT_FAILED): S.EXECUTION_PENDING,
    (S.EXECUTION_PENDING, E.EXECUTION_FAILED): S.EXECUTION_FAILED,
    (S.EXECUTION_PENDING, E.REVALIDATION_FAILED): S.INVALIDATED,
}
OPEN = (S.PENDING, S.APPROVED, S.EXECUTION_PENDING)
"""States in which a lane still may lead to a run."""


def open_lane(lane: ToolApproval, event: EventType, actor_id: str) -> ToolApproval:
    """Take a new lane into the state in which `event` opens it, with row, event and announcement together."""
    lane.status = TABLE[None, event]
    db.session.add(lane)
    db.session.flush()
    db.session.refresh(lane, ["proposal"])
    if lane.status == S.PENDING:
        count_waiting(lane.conversation_id, +1)
    record(lane.proposal, event, actor_id, lane=lane, after=lane.status)
    db.session.flush()
    tell(lane.conversation_id)
    metrics.lane_moved(str(event))
    return lane


def move(
    lane: ToolApproval,
    event: EventType,
    actor_id: str,
    *,
    reason: str | None = None,
    details: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    """Take one step of the table with a lane that the caller has locked in the open transaction.

    `reason` and `details` go into the event, `changes` are further columns of the lane.

    Raises NotPending or NotExecutionPending when the table knows no such step.
    """
    before = LaneStatus(lane.status)
    after = TABLE.get((before, event))
    if after is None:
        raise _wrong_state(lane, event)
    lane.status = after
    lane.version += 1
    lane.updated_at = now()
    for name, value in (changes or {}).items():
        setattr(lane, name, value)
    if before == S.PENDING != after:
        count_waiting(lane.conversation_id, -1)
    record(
        lane.proposal, event, actor_id, lane=lane, before=before, after=after, reason=reason, details=details
    )
    db.session.flush()
    tell(lane.conversation_id)
    metrics.lane_moved(str(event))


def record(
    proposal: ToolProposal,
    event: EventType,
    actor_id: str,
    *,
    lane: ToolApproval | None = None,
    before: LaneStatus | None = None,
    after: LaneStatus | None = None,
    reason: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Append one line to the trail, in the caller's transaction."""
    db.session.add(
        ToolActionEvent(
            tool_proposal_id=proposal.id,
            tool_approval_id=lane.id if lane else None,
            conversation_id=proposal.conversation_id,
            event_type=event,
            actor_id=actor_id,
            from_status=before,
            to_status=after,
            reason=reason,
            details=details or {},
        )
    )


def count_waiting(conversation_id: int | None, difference: int) -> None:
    """Keep the number of pending lanes on the conversation's row, which is what the inbox walks."""
    if conversation_id is not None:
        db.session.execute(
            update(Conversation)
            .where(Conversation.id == conversation_id)
            .values(waiting_lanes=Conversation.waiting_lanes + difference)
            .execution_options(synchronize_session=False)
        )


def tell(conversation_id: int | None) -> None:
    """Announce that lanes changed, to every page that shows them."""
    topics = ["inbox", "approvals", "lanes"]
    if conversation_id is not None:
        topics.append(f"conversation:{conversation_id}")
    announce(*topics)


def _wrong_state(lane: ToolApproval, event: EventType) -> GovernanceError:
    if event in (E.VOTE_RECORDED, E.APPROVED, E.REJECTED, E.DEFERRED, E.EXPIRED):
        return NotPending()
    return NotExecutionPending()
