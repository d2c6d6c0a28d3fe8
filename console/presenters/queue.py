"""The queue of approvals in words: its heading, its filters, and each row worked out once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urlencode

from console.conversations.cursors import Cursor
from console.governance import Numbers, Queue, Waiting, Wanted
from console.models import ToolApproval
from console.presenters.faces import Faces
from console.presenters.inbox import Choice
from console.presenters.labels import count, tier
from console.presenters.queue_rows import Line
from console.presenters.values import label

WHOSE = {"me": "Needs me", "asked": "I asked", "all": "All"}
WAIT = {
    "me": ("decision waits for you", "decisions wait for you"),
    "asked": ("action of yours waits", "actions of yours wait"),
    "all": ("decision waits", "decisions wait"),
}
EMPTY = {
    "me": ("Nothing waits for you", "Whatever you may decide appears here by itself, soonest to lapse first."),
    "asked": ("Nothing that you asked for waits", "What you ask for shows here until someone decides."),
    "all": ("Everything is signed", "No action waits for a decision. A new one appears here by itself."),
}  # fmt: skip
NARROWED = ("Nothing fits", "No action that waits fits these filters.")
BEYOND = ("Nothing further", "This was the end of the list, or what stood here has been decided since.")


class Place(NamedTuple):
    """Where someone is in the queue: what it is narrowed to, the page (after a cursor), and the lane that is open.

    `past` is the cursor of a lane that was just decided: the next one after it is opened.
    """

    wanted: Wanted
    after: str = ""
    lane: int = 0
    past: str = ""


class Filter(NamedTuple):
    """One filter: its word, the value in force, and what it can be set to."""

    id: str
    word: str
    value: str
    choices: list[Choice]


class QueuePage(NamedTuple):
    """Everything that the list of templates/approvals shows."""

    place: Place
    heading: str
    first: datetime | None
    """When the first of all that wait lapses, where that is on this page."""
    tabs: list[Choice]
    filters: list[Filter]
    groups: list[tuple[str, str, tuple[Line, ...]]]
    here: str
    later: str | None
    soonest: str | None
    empty: tuple[str, str]
    everything: str
    without_filters: str | None
    title: str


class Focus(NamedTuple):
    """Where the open lane stands: in words, and what is before and after it."""

    words: str
    before: str | None
    next: str | None
    back: str
    here: str


def link(place: Place, path: str = "/approvals") -> str:
    """The address of a place."""
    wanted = place.wanted
    parts = {
        "whose": "" if wanted.whose == "me" else wanted.whose,
        "tool": wanted.tool,
        "risk": wanted.tier,
        "requester": wanted.asker,
        "after": place.after,
        "past": place.past,
        "lane": str(place.lane or ""),
    }
    query = urlencode({name: value for name, value in parts.items() if value}, safe=":")
    return f"{path}?{query}" if query else path


def cursor(lane: ToolApproval | Waiting) -> str:
    """Where a lane stands in the queue, waiting or not."""
    return str(Cursor(lane.expires_at, lane.id))


def present(
    place: Place, queue: Queue, numbers: Numbers, lines: list[Line], faces: Faces, tools: Mapping[str, str]
) -> QueuePage:
    """The list as its templates need it; `tools` are the titles of what is offered."""
    wanted = place.wanted
    plain = Place(wanted, place.after)
    narrowed = bool(wanted.tool or wanted.tier or wanted.asker)
    rows, more = queue.rows, queue.more
    return QueuePage(
        place=place,
        heading=count(numbers.matching, *WAIT[wanted.whose]) if numbers.matching else EMPTY[wanted.whose][0],
        first=rows[0].expires_at if rows and not place.after else None,
        tabs=[
            Choice(word, link(Place(wanted._replace(whose=whose))), whose == wanted.whose, getattr(numbers, whose))
            for whose, word in WHOSE.items()
        ],
        filters=list(_filters(wanted, numbers, faces, tools)),
        groups=_groups(lines, more),
        here=link(plain),
        later=link(Place(wanted, cursor(rows[-1]))) if more else None,
        soonest=link(Place(wanted)) if place.after else None,
        empty=BEYOND if place.after else NARROWED if narrowed else EMPTY[wanted.whose],
        everything=link(Place(Wanted("all"))),
        without_filters=link(Place(Wanted(wanted.whose))) if narrowed else None,
        title=f"Approvals ({numbers.all:,})",
    )  # fmt: skip


def focus(place: Place, queue: Queue, numbers: Numbers, lane: ToolApproval | Waiting) -> Focus:
    """Where the open lane stands in the list."""
    rows = queue.rows
    ids = [row.id for row in rows]
    at = ids.index(lane.id) if lane.id in ids else -1
    plain = Place(place.wanted, place.after)
    if at >= 0:
        before, after = rows[at - 1 : at] if at else [], rows[at + 1 : at + 2]
        words = (
            f"{at + 1} of {numbers.matching:,}, deciding brings the next"
            if not place.after
            else "Deciding brings the next"
        )
    else:
        spot = (lane.expires_at, lane.id)
        before = [row for row in rows if (row.expires_at, row.id) < spot][-1:]
        after = [row for row in rows if (row.expires_at, row.id) > spot][:1] or list(rows[:1])
        words = "Not in this list" if lane.status == "pending" else "No longer waiting"
    onward = plain._replace(lane=after[0].id) if after else None
    if onward is None and queue.more and at >= 0:
        onward = Place(place.wanted, cursor(lane))
    return Focus(
        words=words,
        before=link(plain._replace(lane=before[0].id)) if before else None,
        next=link(onward) if onward else None,
        back=link(plain),
        here=link(plain._replace(lane=lane.id), "/approvals/focus"),
    )  # fmt: skip


def _groups(lines: Iterable[Line], more: bool) -> list[tuple[str, str, tuple[Line, ...]]]:
    """The rows by when they lapse, each group with its number; of the last one, more may be on the next page."""
    found = [(name, tuple(members)) for name, members in groupby(lines, lambda line: line.group)]
    return [
        (name, f"{len(members)}{'+' if more and at == len(found) else ''}", members)
        for at, (name, members) in enumerate(found, 1)
    ]


def _filters(wanted: Wanted, numbers: Numbers, faces: Faces, tools: Mapping[str, str]) -> Iterator[Filter]:
    words = {ref: tools.get(ref) or label(ref) for ref in {*numbers.tools, wanted.tool} if ref}
    yield _filter(wanted, "tool", "Tool", "Any tool", words, numbers.tools)
    words = {name: tier(name).word for name in {*numbers.tiers, wanted.tier} if name}
    yield _filter(wanted, "tier", "Risk", "Any risk", words, numbers.tiers)
    words = {actor: faces(actor).name for actor in {*numbers.askers, wanted.asker} if actor}
    yield _filter(wanted, "asker", "Requester", "Anyone", words, numbers.askers)


def _filter(
    wanted: Wanted, name: str, word: str, anything: str, words: Mapping[str, str], numbers: Mapping[str, int]
) -> Filter:
    value = getattr(wanted, name)
    choices = [Choice(anything, link(Place(wanted._replace(**{name: ""}))), not value)]
    for key in sorted(words, key=lambda key: words[key].casefold()):
        to = link(Place(wanted._replace(**{name: key})))
        choices.append(Choice(words[key], to, key == value, numbers.get(key, 0)))
    return Filter(f"queue-{name}", word, words.get(value, ""), choices)
