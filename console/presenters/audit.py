"""The audit log in words: its filters, and each event worked out once, so that the template only says it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple
from urllib.parse import urlencode

from console.db import now
from console.models import AuditType, EventType
from console.presenters import events
from console.presenters.days import day
from console.presenters.faces import Face, Faces
from console.presenters.inbox import Choice
from console.trail import Event, Filters, Known, Page

SOFTWARE = {"system": "The console", "policy": "The policy"}
RECENT = {"Today": 0, "Last 7 days": 6, "Last 30 days": 29}
TOPICS = ["lanes", "envelopes", "templates", "people", "inbox"]
"""What may have written an event."""
NOTHING = ("Nothing fits", "No event fits these filters. Take one away to see more.")
EMPTY = ("Nothing has happened yet", "What people, agents and the console do is listed here by itself.")
OLDER = ("Nothing older", "This was the end of the list.")


class Line(NamedTuple):
    """One event."""

    id: int
    at: datetime
    clock: str
    face: Face
    deed: events.Deed
    what: str
    reason: str
    href: str
    place: str
    place_href: str


class Day(NamedTuple):
    """The events of one day."""

    words: str
    iso: str
    lines: list[Line]


class Menu(NamedTuple):
    """One filter: its word, what it is set to, and what it can be set to."""

    id: str
    word: str
    value: str
    choices: list[Choice]


class AuditPage(NamedTuple):
    """Everything that templates/audit shows."""

    days: list[Day]
    menus: list[Menu]
    set_by_link: list[Choice]
    """Filters that only a link sets, with where each is taken away."""
    hidden: dict[str, str]
    """What the form for a time of one's own carries along."""
    first: str
    last: str
    csv: str
    jsonl: str
    news: str | None
    older: str | None
    newest: str | None
    without_filters: str | None
    empty: tuple[str, str]
    title: str


def link(filters: Filters, *, path: str = "/audit", before: str = "", after: str = "", **changes: Any) -> str:
    """An address under `filters` with `changes`, from the newest event unless `before` says another one."""
    query = urlencode(_parts(filters._replace(**changes)) | _given(before=before, after=after))
    return f"{path}?{query}" if query else path


def present(
    page: Page,
    filters: Filters,
    known: Known,
    tools: Sequence[tuple[str, str]],
    viewer: str,
    local: tzinfo,
    before: str = "",
) -> AuditPage:
    """The page as its templates need it. `tools` are refs with their titles."""
    narrowed, parts = filters != Filters(), _parts(filters)
    faces = Faces(known.people, viewer)
    return AuditPage(
        days=days(page.events, faces, local),
        menus=[*_menus(filters, known, tools, faces), _time(filters, local)],
        set_by_link=list(_set_by_link(filters)),
        hidden={name: value for name, value in parts.items() if name not in ("from", "to")},
        first=parts.get("from", ""),
        last=parts.get("to", ""),
        csv=link(filters, path="/audit.csv"),
        jsonl=link(filters, path="/audit.jsonl"),
        # An empty list has no first event to count from; one that is long past does not want to.
        news=link(filters, path="/audit/news", after=page.newest) if page.newest and not before else None,
        older=link(filters, before=page.older) if page.older else None,
        newest=link(filters) if before else None,
        without_filters="/audit" if narrowed else None,
        empty=OLDER if before else NOTHING if narrowed else EMPTY,
        title="filtered" if narrowed else "everything",
    )


def days(found: Iterable[Event], faces: Faces, local: tzinfo) -> list[Day]:
    """Events by day, in the order in which they come."""
    listed: list[Day] = []
    for event in found:
        line = _line(event, faces, local)
        iso = line.at.date().isoformat()
        if not listed or listed[-1].iso != iso:
            listed.append(Day(day(line.at.date(), local), iso, []))
        listed[-1].lines.append(line)
    return listed


def news(number: int, most: int) -> str:
    """How many came meanwhile, in the words of the inbox."""
    return f"{most - 1}+ new — show" if number >= most else f"{number} new — show" if number else ""


def _line(event: Event, faces: Faces, local: tzinfo) -> Line:
    at = event.at.astimezone(local)
    return Line(
        event.id,
        at,
        f"{at:%H:%M:%S}",
        faces(event.actor_id),
        events.deed(event.type),
        events.what(event, faces),
        event.reason or "",
        events.card(event) or events.place(event) or f"/audit/events/{event.id}",
        event.subject or "",
        events.place(event),
    )


def _parts(filters: Filters) -> dict[str, str]:
    """The filters as an address carries them; days are named, and the last one is counted in."""
    return _given(
        actor=filters.actor,
        event=filters.event,
        tool=filters.tool,
        conversation=filters.conversation,
        proposal=filters.proposal,
        envelope=filters.envelope,
        **{
            "from": filters.since.date() if filters.since else "",
            "to": (filters.until - timedelta(days=1)).date() if filters.until else "",
        },
    )


def _given(**values: object) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value not in (None, "")}


def _menus(filters: Filters, known: Known, tools: Sequence[tuple[str, str]], faces: Faces) -> Iterator[Menu]:
    people = [(f"operator:{number}", name) for number, name in known.people.items()]
    agents = [(f"agent:{name}", faces(f"agent:{name}").name) for name in known.agents]
    actors = [*people, *agents, *SOFTWARE.items()]
    yield _menu("actor", "Who", "Anyone", actors, filters, faces(filters.actor).name)
    types = [(str(one), events.label(one)) for one in (*EventType, *AuditType)]
    yield _menu("event", "Event", "Any event", types, filters, events.label(filters.event))
    yield _menu("tool", "Tool", "Any tool", tools, filters, filters.tool)


def _menu(
    name: str,
    word: str,
    any_word: str,
    options: Iterable[tuple[str, str]],
    filters: Filters,
    otherwise: str,
) -> Menu:
    chosen = getattr(filters, name)
    choices = [Choice(any_word, link(filters, **{name: ""}), not chosen)]
    choices += [Choice(words, link(filters, **{name: key}), key == chosen) for key, words in options]
    value = next((choice.word for choice in choices if choice.current), otherwise) if chosen else ""
    return Menu(f"audit-{name}", word, value, choices)


def _time(filters: Filters, local: tzinfo) -> Menu:
    today = now().astimezone(local).replace(hour=0, minute=0, second=0, microsecond=0)
    choices = [
        Choice("Any time", link(filters, since=None, until=None), not (filters.since or filters.until))
    ]
    for word, before in RECENT.items():
        since = today - timedelta(days=before)
        current = filters.since == since and filters.until is None
        choices.append(Choice(word, link(filters, since=since, until=None), current))
    chosen = next((choice.word for choice in choices if choice.current), None) or _between(filters)
    return Menu("audit-time", "When", "" if choices[0].current else chosen, choices)


def _between(filters: Filters) -> str:
    parts = _parts(filters)
    first, last = parts.get("from"), parts.get("to")
    if first == last:
        return first or ""
    return f"{first} to {last}" if first and last else f"since {first}" if first else f"until {last}"


def _set_by_link(filters: Filters) -> Iterator[Choice]:
    if filters.conversation is not None:
        yield Choice(f"Conversation {filters.conversation}", link(filters, conversation=None), True)
    if filters.proposal is not None:
        yield Choice(f"Proposal {filters.proposal}", link(filters, proposal=None), True)
    if filters.envelope is not None:
        yield Choice("One bulk send", link(filters, envelope=None), True)
