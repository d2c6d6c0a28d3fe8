"""The queue of what waits for a decision: a page of it in one statement, as fast at 50,000 lanes as at 50."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from console.db import db
from console.governance.policy import policy
from console.models import Conversation, Customer, Operator, Role, ToolApproval, ToolProposal
from console.tools.registry import registry

WHOSE = ("me", "asked", "all")
# Written out, not passed: each index of what waits answers to these very words.
PENDING: ColumnElement[bool] = literal_column("tool_approvals.status = 'pending'", Boolean)


class Wanted(NamedTuple):
    """What the queue is narrowed to. `whose`: what `me` may decide, what I `asked`, or `all`; empty words mean any."""

    whose: str = "me"
    tool: str = ""
    tier: str = ""
    asker: str = ""


class Waiting(NamedTuple):
    """A lane as a row of the queue: plain values, since a page has fifty and each costs what it holds."""

    id: int
    version: int
    digest: str
    status: str
    tool_ref: str
    risk_tier: str
    asked_by: str
    requested_by: str
    created_at: datetime
    expires_at: datetime
    rules: str
    votes: str
    title: str
    input: str
    """Rules, approvals and input as they are stored, unread: whether they are the same as before is all a row asks."""
    conversation_id: int | None
    subject: str | None
    customer: str | None
    resolved_at: datetime | None
    deferred_by: str | None
    deferred_why: str | None
    """What it was put off for, if it has come back."""


class Queue(NamedTuple):
    """A page of the queue, soonest to lapse first; `more` when another one follows."""

    rows: list[Waiting]
    more: bool
    focus: Waiting | None
    """The lane that was asked for by its id, on this page or not, waiting or not; None when there is none."""


class _Kind(NamedTuple):
    """What makes one statement differ from another."""

    whose: str
    role: Role
    tool: bool
    tier: bool
    asker: bool
    after: bool
    closed: bool
    limit: int


def list_queue(
    operator: Operator,
    wanted: Wanted,
    *,
    limit: int,
    after: tuple[datetime, int] | None = None,
    focus: int = 0,
) -> Queue:
    """One page of the queue as `operator` sees it, after the (expires_at, id) of the lane before it. One query.

    What someone may decide is taken from the rules under which each lane was opened and, tool by tool, from those in
    force now; `may_decide` has the last word on each.
    """
    role = Role(operator.role)
    asked: dict[str, Any] = {"me": operator.actor_id, "focus": focus, **wanted._asdict(), **standing(role)}
    if after is not None:
        asked["at"], asked["last_id"] = after
    narrowed = (bool(wanted.tool), bool(wanted.tier), bool(wanted.asker), after is not None)
    kind = _Kind(wanted.whose, role, *narrowed, bool(asked["closed"]), limit)
    found = [(Waiting._make(row), on_page) for *row, on_page in db.session.execute(_statement(kind), asked)]
    rows = [row for row, on_page in found if on_page]
    shown = next((row for row, _ in found if row.id == focus), None)
    return Queue(rows[:limit], len(rows) > limit, shown)


def standing(role: Role) -> dict[str, Sequence[str]]:
    """The tools that this role may not decide, and those that take two people, by the policy in force."""
    return policy().standing(role, registry())._asdict()


@cache
def _statement(kind: _Kind) -> Select[Any]:
    """Built once a kind of page: SQLAlchemy keeps what it works out about a statement with the statement."""
    page = _walk(kind).cte("page")
    ids = select(page.c.id).union_all(select(bindparam("focus", type_=BigInteger)))
    on_page = ToolApproval.id.in_(select(page.c.id))
    lane, proposal, before = ToolApproval, ToolProposal, aliased(ToolApproval)
    columns: tuple[Any, ...] = (
        lane.id, lane.version, lane.digest, lane.status, lane.tool_ref, lane.risk_tier, lane.asked_by,
        lane.requested_by, lane.created_at, lane.expires_at, cast(lane.policy_snapshot, Text), cast(lane.votes, Text),
        proposal.title, cast(proposal.input, Text), lane.conversation_id, Conversation.subject, Customer.name,
        Conversation.resolved_at, before.decided_by, before.reason, on_page,
    )  # fmt: skip
    return (
        select(*columns)
        .join(proposal, proposal.id == lane.tool_proposal_id)
        .outerjoin(Conversation, Conversation.id == lane.conversation_id)
        .outerjoin(Customer, Customer.id == Conversation.customer_id)
        .outerjoin(before, before.id == lane.returns_id)
        .where(lane.id == any_(func.array(ids.scalar_subquery())))
        .order_by(lane.expires_at, lane.id)
    )


def _walk(kind: _Kind) -> Select[int]:
    """The ids of a page and of one more, along the index that leads through what was asked for."""
    lane = ToolApproval
    where = [PENDING]
    if kind.whose == "me":
        # In a CASE, of which the planner knows nothing: it would plan anew for each person how to filter the few
        # lanes that it passes on its way, which takes as long as the walk itself.
        where.append(case((and_(*_open_to_me(kind.role, kind.closed)), true()), else_=false()))
    if kind.whose == "asked":
        where.append(lane.asked_by == bindparam("me"))
    for column, narrowed, name in (
        (lane.tool_ref, kind.tool, "tool"),
        (lane.risk_tier, kind.tier, "tier"),
        (lane.asked_by, kind.asker, "asker"),
    ):
        if narrowed:
            where.append(column == bindparam(name))
    if kind.after:
        where.append(tuple_(lane.expires_at, lane.id) > tuple_(bindparam("at"), bindparam("last_id")))
    # The limit too: for one that is passed, a prepared statement would be planned for a tenth of the table.
    size: ColumnElement[int] = literal_column(str(kind.limit + 1), Integer)
    return select(lane.id).where(*where).order_by(lane.expires_at, lane.id).limit(size)


def _open_to_me(role: Role, closed: bool) -> list[ColumnElement[bool]]:
    """What this role may decide and, where it takes two people, someone else asked for."""
    decides = f"""tool_approvals.policy_snapshot @> '{{"decide": ["{role}"]}}'"""
    mine = bindparam("me").in_([ToolApproval.asked_by, ToolApproval.requested_by])
    two_people = or_(
        ToolApproval.policy_snapshot.contains({"four_eyes": True}),
        ToolApproval.policy_snapshot["approvals"].as_integer() > 1,
        ToolApproval.tool_ref == any_(bindparam("four_eyed")),
    )
    voted = ToolApproval.votes.contains(
        func.jsonb_build_array(func.jsonb_build_object("by", bindparam("me")))
    )
    found = [literal_column(decides, Boolean), not_(mine & two_people), not_(voted)]
    return [*found, ToolApproval.tool_ref != func.all(bindparam("closed"))] if closed else found
