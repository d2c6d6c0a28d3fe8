"""One row of the queue of approvals in words: what it is, who may decide, and how long it still waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from console.db import now
from console.governance import Listed
from console.models import ConversationStatus
from console.presenters.faces import Face, Faces
from console.presenters.labels import count, tier
from console.presenters.times import exact, span

MOST_NAMED = 2


class Line(NamedTuple):
    """One row."""

    id: int
    title: str
    slug: str
    icon: str
    tier: str
    about: str
    about_tone: str
    who: str
    asker: Face
    ends: str
    exact: str
    whole: int
    left: int
    rest: str
    group: str

    @property
    def urgent(self) -> bool:
        """Whether less than a tenth of the time is left."""
        return self.left * 10 < self.whole


def line(row: Listed, alarm: str | None, deciders: Sequence[Face], faces: Faces, local: tzinfo) -> Line:
    """One row. Times are in whole minutes, so that equal rows are equal."""
    lane, moment = row.lane, now()
    whole = max(60, int((lane.expires_at - lane.created_at).total_seconds()))
    left = int((lane.expires_at - moment).total_seconds())
    known, about = tier(lane.risk_tier), _about(row, alarm, faces)
    return Line(
        lane.id,
        lane.proposal.title,
        known.slug,
        known.icon,
        known.word,
        *about,
        who_decides(deciders),
        faces(lane.asked_by),
        lane.expires_at.isoformat(),
        exact(lane.expires_at, local),
        whole,
        min(whole, max(0, left // 60 * 60)),
        span(left) if left >= 1 else "time is up",
        _group(lane.expires_at, moment, local),
    )


def who_decides(deciders: Sequence[Face]) -> str:
    """Who may decide, in one breath: `You or Ada can decide`, `Ada, Tom or 12 others can decide`."""
    if not deciders:
        return "Nobody here can decide it"
    if deciders[0].you and len(deciders) == 1:
        return "Only you can decide"
    names = [face.first for face in deciders]
    if len(names) > MOST_NAMED + 1:
        names = [*names[:MOST_NAMED], count(len(names) - MOST_NAMED, "other")]
    return (
        f"{', '.join(names[:-1])} or {names[-1]} can decide" if len(names) > 1 else f"{names[0]} can decide"
    )


def _about(row: Listed, alarm: str | None, faces: Faces) -> tuple[str, str]:
    """What a row says below its title, and in which tone."""
    if alarm:
        return f"Would fail now: {alarm}", "bad"
    where = row.conversation
    place = f"{row.customer}: {where.subject}" if where else "Asked outside of any conversation"
    if row.deferred_why:
        return f"Back from {faces(row.deferred_by).first}’s deferral: {row.deferred_why}", ""
    if faces(row.lane.asked_by).you:
        return f"You asked. {place}", "yours"
    resolved = where is not None and where.status == ConversationStatus.RESOLVED
    return (f"Resolved meanwhile. {place}" if resolved else place), ""


def _group(expires_at: datetime, moment: datetime, local: tzinfo) -> str:
    left = expires_at - moment
    if left <= timedelta(0):
        return "Time is up"
    if left <= timedelta(hours=1):
        return "Within the hour"
    same_day = expires_at.astimezone(local).date() == moment.astimezone(local).date()
    return "Later today" if same_day else "Tomorrow and after"
