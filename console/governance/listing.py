"""Lanes as lists show them, each with where it belongs, and one lane with all of it beside what a page reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Select,
    any_,
    bindparam,
    literal,
    select,
)
from sqlalchemy.orm import defer, joinedload
from sqlalchemy.orm.interfaces import LoaderOption

from console.db import db
from console.models import Conversation, Customer, ToolApproval, ToolProposal

MOST_LANES_OF_ROW = 5
LANES_OF_ROW = f"""
    SELECT json_agg(json_build_array(lane_status, status, title, risk_tier, opened, expires))::text
      FROM (SELECT a.status AS lane_status, p.status, p.title, p.risk_tier,
                   extract(epoch FROM a.created_at) AS opened, extract(epoch FROM a.expires_at) AS expires
              FROM tool_approvals a JOIN tool_proposals p ON p.id = a.tool_proposal_id
             WHERE a.conversation_id = c.id AND a.status IN ('pending', 'execution_failed')
               AND (a.status = 'pending' OR NOT EXISTS (
                   SELECT FROM tool_proposals n
                    WHERE n.conversation_id = a.conversation_id AND n.tool_ref = p.tool_ref
                      AND n.status <> 'blocked' AND (n.id > p.id OR n.id = p.id AND n.status = 'succeeded'))
                   AND NOT EXISTS (SELECT FROM tool_approvals l
                    WHERE l.tool_proposal_id = p.id AND l.id > a.id))
             ORDER BY a.status = 'pending' DESC, a.expires_at LIMIT {MOST_LANES_OF_ROW}) lanes"""
"""What the inbox shows of the lanes of a conversation `c`: those that wait, and what failed and was not mended."""


class Place(NamedTuple):
    """The conversation of a lane, as far as a list tells of it."""

    subject: str
    customer: str
    status: str
    resolved_at: datetime | None


class Listed(NamedTuple):
    """A lane with where it belongs."""

    lane: ToolApproval
    place: Place | None


def list_lanes(lane_ids: Sequence[int]) -> list[Listed]:
    """These lanes, those that there are, in whatever state. One query."""
    query = as_listed(bindparam("ids", type_=ARRAY(BigInteger))).order_by(ToolApproval.id)
    return [listed(row) for row in db.session.execute(query, {"ids": list(lane_ids)})]


def listed(row: Any) -> Listed:
    """A row of `as_listed`."""
    lane, *place = row
    return Listed(lane, None if place[0] is None else Place._make(place))


def as_listed(ids: ColumnElement[Any], *options: LoaderOption) -> Select[Any]:
    """The lanes of an array of ids, each as `listed` reads it; `options` say what of each, without them all but the
    proposal's snapshots."""
    place = Conversation.subject, Customer.name, Conversation.status, Conversation.resolved_at
    columns: tuple[Any, ...] = ToolApproval, *place
    return (
        select(*columns)
        .outerjoin(Conversation, Conversation.id == ToolApproval.conversation_id)
        .outerjoin(Customer, Customer.id == Conversation.customer_id)
        .where(ToolApproval.id == any_(ids))
        .options(*(options or [_without_snapshots()]))
        .execution_options(populate_existing=True)
    )


def beside_lane(*parts: ScalarSelect[Any]) -> Select[Any]:
    """The lane `lane` with all that its card shows and its conversation, or none, beside parts of a page. One row."""
    always = select(literal(1).label("one")).subquery()
    return (
        select(ToolApproval, Conversation, *parts)
        .select_from(always)
        .outerjoin(ToolApproval, ToolApproval.id == bindparam("lane"))
        .outerjoin(Conversation, Conversation.id == ToolApproval.conversation_id)
        .options(joinedload(ToolApproval.proposal, innerjoin=False))
        .execution_options(populate_existing=True)
    )


def _without_snapshots() -> LoaderOption:
    """What a row does not show is not read: documents are most of what a page would parse."""
    unread = ToolProposal.input_snapshot, ToolProposal.scope_snapshot, ToolProposal.policy_snapshot
    proposal = joinedload(ToolApproval.proposal, innerjoin=True)
    return proposal.options(*(defer(column, raiseload=True) for column in unread))
