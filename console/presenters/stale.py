"""Stale lanes in words: what each list is of, and why its lanes need a look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple
from urllib.parse import urlencode

from console.conversations.cursors import Cursor
from console.db import now
from console.governance import Listed, Stale
from console.models import LaneStatus, ToolApproval
from console.presenters.days import at_time
from console.presenters.faces import Face, Faces
from console.presenters.inbox import Choice
from console.presenters.labels import Tier, count, tier
from console.presenters.times import ago, left, span

AGES = {
    "4h": "4 hours",
    "12h": "12 hours",
    "1d": "a day",
    "2d": "two days",
    "3d": "three days",
    "7d": "a week",
}
USUAL_AGE = "1d"
HEADINGS = {
    Stale.OVERDUE: "Past the deadline",
    Stale.NEAR: "Due within the hour",
    Stale.OLD: "Older than {age}",
    Stale.STUCK: "Approved, and not started",
}
SAYS = {
    Stale.OVERDUE: "The sweep ends these within seconds. If they stay, no worker or clock is running.",
    Stale.NEAR: "Nobody has decided yet. Each lapses by itself at its deadline.",
    Stale.OLD: "Nobody has decided for long. What is not wanted any more can be ended here.",
    Stale.STUCK: "These should have run by now. If they stay, look whether workers are running, or start one again.",
}


class Line(NamedTuple):
    """One lane. `at` is since when it waits, or does not move; `ends` is its deadline to decide, if it has one."""

    id: int
    title: str
    tier: Tier
    place: str
    asker: Face
    approved: str
    """Who let it run and when, for one that should be running."""
    at: datetime
    ago: str
    ends: datetime | None
    left: str

    @property
    def pending(self) -> bool:
        return self.ends is not None


class Section(NamedTuple):
    """The lanes of one kind."""

    kind: Stale
    heading: str
    says: str
    number: str
    lines: list[Line]
    all: str | None
    """Where all of them are, when this is not all."""


class StalePage(NamedTuple):
    """Everything that templates/lanes/stale.html shows."""

    heading: str
    sections: list[Section]
    ages: list[Choice]
    age: str
    here: str
    overview: str | None
    later: str | None
    every: str | None
    """Where all pending ones of this page are about to end."""


def link(age: str, kind: str = "", after: str = "") -> str:
    """The address of the list, or of one kind."""
    parts = {"age": "" if age == USUAL_AGE else age, "kind": kind, "after": after}
    query = urlencode({name: value for name, value in parts.items() if value})
    return f"/admin/lanes?{query}" if query else "/admin/lanes"


def expiry_link(lane_ids: Iterable[int]) -> str:
    """The address of the confirmation for these lanes."""
    return f"/admin/lanes/expiry?lane_ids={','.join(map(str, lane_ids))}"


def hours(age: str) -> timedelta:
    """An age of AGES as a duration."""
    number, unit = int(age[:-1]), age[-1]
    return timedelta(days=number) if unit == "d" else timedelta(hours=number)


def present(
    found: Mapping[Stale, Sequence[Listed]],
    counts: Mapping[Stale, int],
    most: int,
    faces: Faces,
    *,
    age: str,
    kind: Stale | None,
    after: str,
    limit: int,
    local: tzinfo,
) -> StalePage:
    """The page as its templates need it; `most` is how far was counted, `limit` how many rows a kind may have."""
    sections = []
    for each, rows in found.items():
        more = len(rows) > limit
        lines = [_line(row, faces, local) for row in rows[:limit]]
        number = f"{counts[each]:,}{'+' if counts[each] >= most else ''}"
        heading = HEADINGS[each].format(age=AGES[age])
        everything = link(age, each) if more and kind is None else None
        if lines or kind is not None:
            sections.append(Section(each, heading, SAYS[each], number, lines, everything))
    pending = [line.id for s in sections if s.kind != Stale.STUCK for line in s.lines]
    last = found[kind][limit - 1].lane if kind and len(found[kind]) > limit else None
    return StalePage(
        heading=_heading(counts),
        sections=sections,
        ages=[Choice(f"Older than {words}", link(key), key == age) for key, words in AGES.items()],
        age=AGES[age],
        here=link(age, kind or "", after),
        overview=link(age) if kind else None,
        later=link(age, kind, _cursor(last, kind)) if kind and last else None,
        every=expiry_link(pending) if len(pending) > 1 else None,
    )


def _line(row: Listed, faces: Faces, local: tzinfo) -> Line:
    lane, place, approved, ends = row.lane, row.place, "", None
    words = f"{place.customer}: {place.subject}" if place else "Asked outside of any conversation"
    if lane.status == LaneStatus.PENDING:
        at, ends = lane.created_at, lane.expires_at
    else:
        at = lane.updated_at
        who = faces(lane.decided_by).first
        approved = f"{who} approved it {at_time(lane.decided_at or at, local)}"
    return Line(
        lane.id, lane.proposal.title, tier(lane.risk_tier), words, faces(lane.asked_by), approved, at, ago(at), ends,
        left(ends) if ends else "",
    )  # fmt: skip


def _heading(counts: Mapping[Stale, int]) -> str:
    number = sum(counts.values())
    return f"{count(number, 'action needs', 'actions need')} a look" if number else "Nothing is stale"


def _cursor(lane: ToolApproval, kind: Stale) -> str:
    moments = {Stale.OLD: lane.created_at, Stale.STUCK: lane.updated_at}
    return str(Cursor(moments.get(kind, lane.expires_at), lane.id))


def waited(lane: ToolApproval) -> str:
    """For how long a lane has waited."""
    return span((now() - lane.created_at).total_seconds())
