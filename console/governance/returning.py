"""Deferred lanes that come back: what was put off until a day is asked again on that day, if it still may be."""

from __future__ import annotations

from sqlalchemy import exists, select

from console.db import db, now, transaction
from console.governance import reads
from console.governance.actors import find_actor
from console.governance.errors import GovernanceError
from console.governance.lanes import Enqueue, locked_if_free, request_approval
from console.governance.revalidation import still_as_asked
from console.governance.transitions import OPEN, move
from console.models import EventType, LaneStatus, ToolApproval, ToolProposal

SYSTEM = "system"


def bring_back(lane_id: int, *, enqueue: Enqueue | None = None) -> bool:
    """Open a new lane for a deferred one whose moment has come; says whether it did. Safe to repeat.

    The permissions of whoever asked are looked at again, as they are now. When it cannot be opened, the trail says why
    and the deferral stays as it is. A lane that somebody is at just now is left for the next time.
    """
    with transaction():
        lane = locked_if_free(lane_id)
        if lane is None or lane.status != LaneStatus.DEFERRED or not lane.wake_at or lane.wake_at > now():
            return False
        latest = reads.get_latest_approval(lane.tool_proposal_id)
        if latest is None or latest.id != lane.id:
            # Somebody asked for a decision before the day came, and that lane is the one that counts.
            lane.wake_at = None
            return False
        refused = _why_not(lane) or _reopen(lane, enqueue)
        if refused is not None:
            reason = f"This was to come back now, and could not. {refused}"
            changes = {"wake_at": None, "last_error": reason}
            move(lane, EventType.REVALIDATION_FAILED, SYSTEM, reason=reason, changes=changes)
        return refused is None


def _why_not(lane: ToolApproval) -> str | None:
    outcome = still_as_asked(lane, find_actor(lane.proposal.actor_id))
    if isinstance(outcome, str):
        return outcome
    return "Somebody asked for the same again meanwhile." if _asked_again(lane) else None


def _reopen(lane: ToolApproval, enqueue: Enqueue | None) -> str | None:
    """Open the new lane, or the sentence that says why it cannot be."""
    try:
        again = request_approval(lane.proposal, actor_id=SYSTEM, enqueue=enqueue)
    except GovernanceError as error:
        return error.sentence
    again.returns_id, lane.wake_at = lane.id, None
    return None


def _asked_again(lane: ToolApproval) -> bool:
    """Whether the same action was asked for anew in this conversation, and may still run or has run."""
    same = exists().where(
        ToolProposal.conversation_id == lane.conversation_id,
        ToolProposal.tool_ref == lane.tool_ref,
        ToolProposal.id > lane.tool_proposal_id,
        ToolApproval.tool_proposal_id == ToolProposal.id,
        ToolApproval.digest == lane.digest,
        ToolApproval.status.in_([*OPEN, LaneStatus.EXECUTED]),
    )
    return bool(db.session.scalar(select(same)))
