"""Lanes that need an admin: overdue, near their deadline, old, or approved and not started."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, and_, func, literal, or_, select, tuple_, union_all

from console.db import db, now, transaction
from console.governance import reads
from console.governance.actors import require_admin
from console.governance.decisions import expire
from console.governance.errors import GovernanceError, NotExecutionPending, NotStuck
from console.governance.execution import lock_key
from console.governance.lanes import Enqueue, execute_approved, leave, locked_lane
from console.governance.transitions import move
from console.governance.waiting import PENDING, Listed, as_listed
from console.locks import is_held
from console.models import EventType, LaneStatus, ToolApproval, ToolProposal

NEAR = timedelta(hours=1)
STUCK_AFTER = timedelta(minutes=1)
"""The sweep sends again what was lost within half of that."""
MOST_COUNTED = 1000
BATCH = 500
ADMINS_ONLY = "Only an admin can end the waiting of actions, or start one again."


class Stale(StrEnum):
    """Why a lane needs a look."""

    OVERDUE = "overdue"
    NEAR = "near"
    OLD = "old"
    STUCK = "stuck"


class Kind(NamedTuple):
    """How the lanes of one kind are found: by which conditions, and along which column, the worst first."""

    conditions: ColumnElement[bool]
    order: Any


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
    known, moment = _kinds(age), now()
    ids = union_all(*(_walk(known[kind], limit, after) for kind in kinds)).scalar_subquery()
    found: dict[Stale, list[Listed]] = {kind: [] for kind in kinds}
    for row in db.session.execute(as_listed(func.array(ids))):
        listed = Listed(*row)
        kind = _kind_of(listed.lane, moment)
        found.setdefault(kind, []).append(listed)
    for kind, rows in found.items():
        rows.sort(key=lambda row: (getattr(row.lane, known[kind].order.key), row.lane.id))
    return found


def count_stale(age: timedelta) -> dict[Stale, int]:
    """How many lanes of each kind there are, counted up to MOST_COUNTED. One query."""
    some = [
        select(func.count())
        .select_from(select(ToolApproval.id).where(kind.conditions).limit(MOST_COUNTED).subquery())
        .scalar_subquery()
        for kind in _kinds(age).values()
    ]
    return dict(zip(_kinds(age), db.session.execute(select(*some)).one(), strict=True))


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


def _kinds(age: timedelta) -> dict[Stale, Kind]:
    lane, moment = ToolApproval, now()
    soon = moment + NEAR
    underway = lane.status.in_([LaneStatus.APPROVED, LaneStatus.EXECUTION_PENDING])
    stuck = and_(
        underway,
        lane.updated_at <= moment - STUCK_AFTER,
        or_(lane.retry_at.is_(None), lane.retry_at <= moment),
        ~is_held(lane.id + lock_key(0)),
    )
    return {
        Stale.OVERDUE: Kind(and_(PENDING, lane.expires_at <= moment), lane.expires_at),
        Stale.NEAR: Kind(and_(PENDING, lane.expires_at > moment, lane.expires_at <= soon), lane.expires_at),
        Stale.OLD: Kind(
            and_(PENDING, lane.created_at <= moment - age, lane.expires_at > soon), lane.created_at
        ),
        Stale.STUCK: Kind(stuck, lane.updated_at),
    }


def _walk(kind: Kind, limit: int, after: tuple[datetime, int] | None) -> Select[int]:
    query = select(ToolApproval.id).where(kind.conditions)
    if after is not None:
        query = query.where(tuple_(kind.order, ToolApproval.id) > after)
    return query.order_by(kind.order, ToolApproval.id).limit(limit)


def _kind_of(lane: ToolApproval, moment: datetime) -> Stale:
    if lane.status != LaneStatus.PENDING:
        return Stale.STUCK
    if lane.expires_at <= moment:
        return Stale.OVERDUE
    return Stale.NEAR if lane.expires_at <= moment + NEAR else Stale.OLD
