"""Reading proposals, lanes and the trail. The only queries on these tables outside the pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from console.db import db, is_id
from console.governance.transitions import OPEN
from console.governance.waiting import PENDING
from console.models import LaneStatus, ToolActionEvent, ToolApproval, ToolProposal

MOST = 500
# Written out, not passed: the index of what is under way answers to these very words.
UNDERWAY: ColumnElement[bool] = literal_column(
    "tool_approvals.status IN ('approved', 'execution_pending')", Boolean
)
Found = TypeVar("Found")


def get_proposal(proposal_id: int) -> ToolProposal | None:
    """A proposal by id, or None."""
    return db.session.get(ToolProposal, proposal_id, populate_existing=True) if is_id(proposal_id) else None


def get_approval(approval_id: int) -> ToolApproval | None:
    """A lane by id, or None."""
    return db.session.get(ToolApproval, approval_id, populate_existing=True) if is_id(approval_id) else None


def get_active_approval(proposal_id: int) -> ToolApproval | None:
    """The one pending lane of a proposal, or None."""
    if not is_id(proposal_id):
        return None
    return db.session.scalar(
        _fresh(select(ToolApproval)).where(
            ToolApproval.tool_proposal_id == proposal_id, ToolApproval.status == LaneStatus.PENDING
        )
    )


def get_latest_approval(proposal_id: int) -> ToolApproval | None:
    """The newest lane of a proposal, in whatever state, or None."""
    if not is_id(proposal_id):
        return None
    return db.session.scalar(
        _fresh(select(ToolApproval))
        .where(ToolApproval.tool_proposal_id == proposal_id)
        .order_by(ToolApproval.id.desc())
        .limit(1)
    )


def list_events(proposal_id: int) -> Sequence[ToolActionEvent]:
    """The trail of one proposal, oldest first."""
    if not is_id(proposal_id):
        return []
    return db.session.scalars(
        select(ToolActionEvent)
        .where(ToolActionEvent.tool_proposal_id == proposal_id)
        .order_by(ToolActionEvent.id)
    ).all()


def list_action_events(
    limit: int = 100,
    before: int | None = None,
    *,
    actor_id: str | None = None,
    event_type: str | None = None,
    tool_ref: str | None = None,
    conversation_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[ToolActionEvent]:
    """The trail over all proposals, newest first, with their proposals; `before` is the last event id of a page."""
    query = select(ToolActionEvent).options(selectinload(ToolActionEvent.proposal))
    wanted = {
        ToolActionEvent.actor_id: actor_id,
        ToolActionEvent.event_type: event_type,
        ToolActionEvent.tool_ref: tool_ref,
        ToolActionEvent.conversation_id: conversation_id,
    }
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(ToolActionEvent.id < before)
    if since is not None:
        query = query.where(ToolActionEvent.created_at >= since)
    if until is not None:
        query = query.where(ToolActionEvent.created_at < until)
    return db.session.scalars(query.order_by(ToolActionEvent.id.desc()).limit(max(0, min(limit, MOST)))).all()


def list_proposals_for_conversation(
    conversation_id: int, limit: int | None = None, *, events: bool = True, open_too: bool = False
) -> Sequence[ToolProposal]:
    """The proposals of a conversation, newest first, with their lanes: one query; one more for the events.

    `open_too` also finds those that still wait or are under way, however many newer ones there are.
    """
    if not is_id(conversation_id):
        return []
    asked = {"conversation": conversation_id, "limit": limit}
    found = db.session.scalars(_of_conversation(open_too), asked).unique().all()
    if events:
        load_events(found)
    return found


def load_events(proposals: Sequence[ToolProposal]) -> None:
    """Read the trails of these proposals into their `events`. One query; none when there are no proposals."""
    trails: dict[int, list[ToolActionEvent]] = {proposal.id: [] for proposal in proposals}
    if trails:
        for event in db.session.scalars(_trails(), {"proposals": list(trails)}):
            trails[event.tool_proposal_id].append(event)
    for proposal in proposals:
        set_committed_value(proposal, "events", trails[proposal.id])


def askers(conversation_id: ColumnElement[int]) -> Select[str]:
    """The actors who asked for something in a conversation, as a part of a page's own statement."""
    return select(ToolProposal.actor_id).where(ToolProposal.conversation_id == conversation_id)


def lanes_of(conversation_id: ColumnElement[int]) -> Select[str]:
    """The ids of a conversation's lanes as text, as a part of a page's own statement."""
    return (
        select(cast(ToolApproval.id, Text))
        .join(ToolProposal, ToolProposal.id == ToolApproval.tool_proposal_id)
        .where(ToolProposal.conversation_id == conversation_id)
    )


def list_pending_approvals(
    limit: int = 50,
    after: tuple[datetime, int] | None = None,
    *,
    tool_ref: str | None = None,
    risk_tier: str | None = None,
    requested_by: str | None = None,
) -> Sequence[ToolApproval]:
    """Pending lanes, soonest to expire first; `after` is the (expires_at, id) of the last lane of a page."""
    query = _fresh(select(ToolApproval)).where(ToolApproval.status == LaneStatus.PENDING)
    if after is not None:
        query = query.where(tuple_(ToolApproval.expires_at, ToolApproval.id) > after)
    if tool_ref is not None:
        query = query.where(ToolApproval.tool_ref == tool_ref)
    if risk_tier is not None:
        query = query.where(ToolApproval.risk_tier == risk_tier)
    if requested_by is not None:
        query = query.where(ToolApproval.requested_by == requested_by)
    return db.session.scalars(
        query.order_by(ToolApproval.expires_at, ToolApproval.id).limit(min(limit, MOST))
    ).all()


def count_open() -> dict[str, int]:
    """How many lanes are in each state that is not an end. One query."""
    counts = select(ToolApproval.status, func.count()).group_by(ToolApproval.status)
    found = dict.fromkeys(OPEN, 0)
    for status, number in db.session.execute(counts.where(ToolApproval.status.in_(OPEN))):
        found[status] = number
    return {str(status): number for status, number in found.items()}


def list_unfinished(actor_id: str, limit: int = 50) -> Sequence[ToolApproval]:
    """Lanes that wait, or were approved and have not run, which this actor asked for or approved; oldest first.

    Of more than `limit`, those that wait are the ones that lapse soonest. None of them would run any more once the
    actor is deactivated.
    """
    lane = ToolApproval
    # Written out too: for a limit that is passed, a prepared statement would be planned for a tenth of the table.
    most: ColumnElement[int] = literal_column(str(min(limit, MOST)), Integer)
    waits = select(lane.id).where(PENDING).order_by(lane.expires_at, lane.id).limit(most)
    underway = select(lane.id).where(UNDERWAY).order_by(lane.id).limit(most)
    asked, asked_again, decided = (
        column == actor_id for column in (lane.asked_by, lane.requested_by, lane.decided_by)
    )
    # The ids first, as a list: those of each kind along the index that is made for it.
    theirs = union_all(
        waits.where(asked), waits.where(asked_again), underway.where(asked | asked_again | decided)
    )
    wanted = _fresh(select(lane)).where(lane.id == any_(func.array(theirs.scalar_subquery())))
    return db.session.scalars(wanted.order_by(lane.id).limit(most)).all()


def _fresh(query: Select[Found]) -> Select[Found]:
    return query.execution_options(populate_existing=True)


@cache
def _of_conversation(open_too: bool) -> Select[ToolProposal]:
    """Built once: SQLAlchemy keeps what it works out about a statement with the statement."""
    here: BindParameter[int] = bindparam("conversation")
    newest = (
        select(ToolProposal.id)
        .where(ToolProposal.conversation_id == here)
        .order_by(ToolProposal.id.desc())
        .limit(bindparam("limit"))
    )
    # Two, each along the index that is made for it.
    lanes = select(ToolApproval.tool_proposal_id).where(ToolApproval.conversation_id == here)
    waiting = lanes.where(ToolApproval.status == LaneStatus.PENDING)
    underway = lanes.where(ToolApproval.status.in_([LaneStatus.APPROVED, LaneStatus.EXECUTION_PENDING]))
    return _fresh(
        select(ToolProposal)
        .where(ToolProposal.id.in_(union_all(newest, waiting, underway) if open_too else newest))
        .options(joinedload(ToolProposal.approvals).lazyload(ToolApproval.proposal))
        .order_by(ToolProposal.id.desc())
    )


@cache
def _trails() -> Select[ToolActionEvent]:
    wanted = bindparam("proposals", type_=ARRAY(BigInteger))
    return (
        select(ToolActionEvent)
        .where(ToolActionEvent.tool_proposal_id == any_(wanted))
        .order_by(ToolActionEvent.id)
    )
