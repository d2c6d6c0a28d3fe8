"""From the click to the outcome, as a worker walks it."""

from __future__ import annotations

from console import governance
from console.db import db
from console.governance import ToolContext
from console.models import EventType, LaneStatus, Message, MessageRole, ProposalStatus
from jobs import actions
from tests.conftest import Cast, Enqueued


def test_an_approved_note_is_written_once_and_leaves_a_full_trail(cast: Cast, enqueued: Enqueued) -> None:
    context = ToolContext(tool_params={"body": "Call her back."}, conversation_id=cast.conversation.id)
    submission = governance.submit("internal_note", cast.iris.actor_id, context, enqueue=enqueued)
    lane = submission.lane
    assert lane is not None and lane.status == LaneStatus.PENDING
    governance.approve(lane.id, cast.ben.actor_id, note="Yes.", version=lane.version, enqueue=enqueued)
    actions.resume(lane.id)
    actions.execute(lane.id)
    actions.execute(lane.id)
    lane = governance.get_latest_approval(lane.tool_proposal_id)
    assert lane is not None and lane.status == LaneStatus.EXECUTED, lane and lane.last_error
    assert lane.proposal.status == ProposalStatus.SUCCEEDED
    notes = db.session.query(Message).filter_by(role=MessageRole.INTERNAL_NOTE).all()
    assert [note.body for note in notes] == ["Call her back."]
    assert [event.event_type for event in governance.list_events(lane.tool_proposal_id)] == [
        EventType.PROPOSAL_CREATED,
        EventType.APPROVAL_REQUESTED,
        EventType.APPROVED,
        EventType.REVALIDATION_PASSED,
        EventType.EXECUTION_STARTED,
        EventType.EXECUTION_SUCCEEDED,
    ]
    assert enqueued.names == ["expire", "resume"]
