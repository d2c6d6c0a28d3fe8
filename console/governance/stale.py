"""Lanes that need an admin: overdue, near their deadline, old, or approved and not started."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import joinedload, load_only

from console.db import db, now, transaction
from console.governance import reads
from console.governance.actors import require_admin
from console.governance.decisions import expire
from console.governance.errors import GovernanceError, NotExecutionPending, NotStuck
from console.governance.execution import lock_key
from console.governance.lanes import Enqueue, execute_approved, leave, locked_lane
from console.governance.listing import Listed, as_listed, listed
from console.governance.transitions import move
from console.governance.waiting import PENDING
from console.locks import is_held
from console.models import EventType, LaneStatus, ToolApproval, ToolProposal

NEAR = timedelta(hours=1)
STUCK_AFTER = timedelta(minutes=1)
"""The sweep sends again what was lost within half of that."""
MOST_COUNTED = 100
"""Beyond that, a page says that there are more: nobody acts on the difference, and counting takes its time."""
BATCH = 500
SHOWN = (
    ToolApproval.tool_proposal_id, ToolApproval.conversation_id, ToolApproval.status, ToolApproval.risk_tier,
    ToolApproval.asked_by, ToolApproval.decided_by, ToolApproval.decided_at, ToolApproval.created_at,
    ToolApproval.updated_at, ToolApproval.expires_at,
)  # fmt: skip
"""What the list of stale lanes reads of one; of its proposal, the title."""
ADMINS_ONLY = "Only an admin can end the waiting of actions, or start one again."


class Stale(StrEnum):
    """Why a lane needs a look."""

    OVERDUE = "overdue"
    NEAR = "near"
    OLD = "old"
    STUCK = "stuck"


ORDER = {
    Stale.OVERDUE: ToolApproval.expires_at,
    Stale.NEAR: ToolApproval.expires_at,
    Stale.OLD: ToolApproval.created_at,
    Stale.STUCK: ToolApproval.updated_at,
}
"""Along which column the lanes of a kind are read, the worst first."""


class Old(NamedTuple):
    """A lane that has waited for long."""

    id: int
    title: str
    created_at: datetime


@dataclass(frozen=True)
class Ended:
    """What came of one lane whose waiting was to end: the lane as it is now, and why not, if it was refused."""

    lane_id: int
    lane: ToolApproval | None
    refusal: GovernanceError | None = None


def list_stale_lanes(
    limit: int = 100, *, older_than: timedelta | None = None, near: timedelta = NEAR
) -> Sequence[ToolApproval]:
    """Pending lanes that are overdue, due within `near`, or older than a chosen age; soonest deadline first."""
    stale: ColumnElement[bool] = ToolApproval.expires_at <= now() + near
    if older_than is not None:
        stale = or_(stale, ToolApproval.created_at <= now() - older_than)
    query = select(ToolApproval).where(PENDING, stale).execution_options(populate_existing=True)
    order = ToolApproval.expires_at, ToolApproval.id
    return db.session.scalars(query.order_by(*order).limit(min(limit, reads.MOST))).all()


def list_stale(
    kinds: Iterable[Stale],
    age: timedelta,
    *,
    limit: int,
    after: tuple[datetime, int] | None = None,
) -> dict[Stale, list[Listed]]:
    """At most `limit` lanes of each kind, the worst first; `after` is the order's moment and the id of the lane before.

    A lane is of the first kind that it fits; `age` is when one counts as old. One query.
    """
    asked = _moments(age)
    if after is not None:
        asked["at"], asked["last_id"] = after
    found: dict[Stale, list[Listed]] = {kind: [] for kind in kinds}
    for row in db.session.execute(_lists(tuple(found), limit, after is not None), asked):
        one = listed(row)
        found[_kind_of(one.lane, asked)].append(one)
    for kind, rows in found.items():
        rows.sort(key=lambda row: (getattr(row.lane, ORDER[kind].key), row.lane.id))
    return found


def count_stale(age: timedelta) -> dict[Stale, int]:
    """How many lanes of each kind there are, counted up to MOST_COUNTED. One query."""
    return dict(zip(Stale, db.session.execute(_counts(), _moments(age)).one(), strict=True))


def old_lanes(age: timedelta, *, tool_ref: str | None = None) -> Iterator[Old]:
    """All pending lanes that were opened at least that long ago, oldest first, read in batches."""
    oldest = ToolApproval.created_at, ToolApproval.id
    query = (
        select(ToolApproval.id, ToolProposal.title, ToolApproval.created_at)
        .join(ToolProposal, ToolProposal.id == ToolApproval.tool_proposal_id)
        .where(PENDING, ToolApproval.created_at <= now() - age)
        .order_by(*oldest)
        .limit(BATCH)
    )
    if tool_ref is not None:
        query = query.where(ToolApproval.tool_ref == tool_ref)
    page = query
    while rows := db.session.execute(page).all():
        # Nothing was changed; letting go of the snapshot here keeps a long list from holding back the vacuum.
        db.session.rollback()
        yield from (Old._make(row) for row in rows)
        page = query.where(tuple_(*oldest) > (rows[-1].created_at, rows[-1].id))


def expire_each(
    lane_ids: Iterable[int], *, actor_id: str = "system", reason: str | None = None
) -> list[Ended]:
    """End the waiting of each of these lanes by itself: one that was decided meanwhile keeps none of the others.

    Raises NotAllowed, before anything is changed, when the actor is no admin.
    """
    if actor_id != "system":
        require_admin(actor_id, ADMINS_ONLY)
    ended = []
    for lane_id in dict.fromkeys(lane_ids):
        try:
            ended.append(Ended(lane_id, expire(lane_id, actor_id=actor_id, reason=reason)))
        except GovernanceError as refusal:
            ended.append(Ended(lane_id, reads.get_approval(lane_id), refusal))
    return ended


def start_again(approval_id: int, actor_id: str, *, enqueue: Enqueue | None = None) -> ToolApproval:
    """Send an approved lane that does not move to the workers once more, under the admin's name in the trail.

    Raises NotFound, NotAllowed, NotExecutionPending, or NotStuck while a worker is at it or it tries again by itself.
    """
    with transaction():
        require_admin(actor_id, ADMINS_ONLY)
        lane = locked_lane(approval_id)
        if lane.status not in (LaneStatus.APPROVED, LaneStatus.EXECUTION_PENDING):
            raise NotExecutionPending()
        if db.session.scalar(select(is_held(literal(lock_key(lane.id), BigInteger)))):
            raise NotStuck()
        if lane.retry_at is not None and lane.retry_at > now():
            raise NotStuck("This tries again by itself in a moment, so there is nothing to start again.")
        if lane.status == LaneStatus.EXECUTION_PENDING:
            return execute_approved(approval_id, actor_id=actor_id, enqueue=enqueue)
        move(lane, EventType.EXECUTION_ENQUEUED, actor_id)
        leave(enqueue, "jobs.actions.resume", lane)
        return lane


def _moments(age: timedelta) -> dict[str, Any]:
    """Between which moments the kinds lie."""
    moment = now()
    return {
        "moment": moment,
        "soon": moment + NEAR,
        "long_ago": moment - age,
        "unmoved": moment - STUCK_AFTER,
    }


def _where(kind: Stale) -> ColumnElement[bool]:
    """What makes a lane one of this kind, and of no other."""
    lane = ToolApproval
    moment: BindParameter[Any] = bindparam("moment")
    soon: BindParameter[Any] = bindparam("soon")
    if kind == Stale.OVERDUE:
        return and_(PENDING, lane.expires_at <= moment)
    if kind == Stale.NEAR:
        return and_(PENDING, lane.expires_at > moment, lane.expires_at <= soon)
    if kind == Stale.OLD:
        return and_(PENDING, lane.created_at <= bindparam("long_ago"), lane.expires_at > soon)
    return and_(
        lane.status.in_([LaneStatus.APPROVED, LaneStatus.EXECUTION_PENDING]),
        lane.updated_at <= bindparam("unmoved"),
        or_(lane.retry_at.is_(None), lane.retry_at <= moment),
        ~is_held(lane.id + lock_key(0)),
    )


@cache
def _lists(kinds: tuple[Stale, ...], limit: int, after: bool) -> Select[Any]:
    """Built once: SQLAlchemy keeps what it works out about a statement with the statement."""
    ids = func.array(union_all(*(_walk(kind, limit, after) for kind in kinds)).scalar_subquery())
    lane, title = load_only(*SHOWN, raiseload=True), load_only(ToolProposal.title, raiseload=True)
    return as_listed(ids, lane, joinedload(ToolApproval.proposal, innerjoin=True).options(title))


@cache
def _counts() -> Select[Any]:
    # In order, though none is needed: else the planner collects all that wait before it counts the first.
    some = (_walk(kind, MOST_COUNTED, after=False).subquery() for kind in Stale)
    return select(*(select(func.count()).select_from(few).scalar_subquery() for few in some))


def _walk(kind: Stale, limit: int, after: bool) -> Select[int]:
    query, order = select(ToolApproval.id).where(_where(kind)), (ORDER[kind], ToolApproval.id)
    if after:
        query = query.where(tuple_(*order) > tuple_(bindparam("at"), bindparam("last_id")))
    return query.order_by(*order).limit(literal_column(str(limit), Integer))


def _kind_of(lane: ToolApproval, asked: Mapping[str, Any]) -> Stale:
    if lane.status != LaneStatus.PENDING:
        return Stale.STUCK
    if lane.expires_at <= asked["moment"]:
        return Stale.OVERDUE
    return Stale.NEAR if lane.expires_at <= asked["soon"] else Stale.OLD
