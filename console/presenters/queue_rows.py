"""One row of the queue of approvals in words: what it is, who may decide, and how long it still waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from console.db import now
from console.governance import Prospect, Waiting
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


def line(row: Waiting, prospect: Prospect, who: str, faces: Faces, local: tzinfo) -> Line:
    """One row. Times are in whole minutes, so that equal rows are equal."""
    minute = int(now().timestamp()) // 60
    about, tone = _about(row, prospect, faces)
    asker = faces(row.asked_by)
    return _line(
        row.id, row.title, row.risk_tier, about, tone, who, asker, row.created_at, row.expires_at, minute, local
    )  # fmt: skip


# Rows that did not change are most of what every refresh of every open queue asks for.
@lru_cache(maxsize=1024)
def _line(
    lane_id: int,
    title: str,
    risk_tier: str,
    about: str,
    tone: str,
    who: str,
    asker: Face,
    opened: datetime,
    ends: datetime,
    minute: int,
    local: tzinfo,
) -> Line:
    moment, known = now(), tier(risk_tier)
    whole, left = max(60, int((ends - opened).total_seconds())), int((ends - moment).total_seconds())
    return Line(
        lane_id,
        title,
        *known,
        about,
        tone,
        who,
        asker,
        ends.isoformat(),
        exact(ends, local),
        whole,
        min(whole, max(0, left // 60 * 60)),
        span(left) if left >= 1 else "time is up",
        _group(ends, moment, local),
    )


def who_decides(deciders: Sequence[Face], counted: int = 0, needed: int = 1) -> str:
    """Who may decide, in one breath: `You or Ada can decide`, `1 of 2 approved, Ada, Tom or 12 others can decide`."""
    told = f"{counted} of {needed} approved, " if needed > 1 else ""
    return told + _who(deciders)


def _who(deciders: Sequence[Face]) -> str:
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


def _about(row: Waiting, prospect: Prospect, faces: Faces) -> tuple[str, str]:
    """What a row says below its title, and in which tone."""
    if prospect.alarm:
        return f"Would fail now: {prospect.alarm}", "bad"
    words = f"{row.customer}: {row.subject}" if row.conversation_id else "Asked outside of any conversation"
    if row.deferred_why:
        who = faces(row.deferred_by)
        whose = "your" if who.you else f"{who.first}’s"
        return f"Back from {whose} deferral: {row.deferred_why}", ""
    if faces.viewer in prospect.voters:
        return f"You approved. {words}", "yours"
    if faces(row.asked_by).you:
        return f"You asked. {words}", "yours"
    return (f"Resolved meanwhile. {words}" if row.resolved_at else words), ""


def _group(expires_at: datetime, moment: datetime, local: tzinfo) -> str:
    left = expires_at - moment
    if left <= timedelta(0):
        return "Time is up"
    if left <= timedelta(hours=1):
        return "Within the hour"
    same_day = expires_at.astimezone(local).date() == moment.astimezone(local).date()
    return "Later today" if same_day else "Tomorrow and after"
