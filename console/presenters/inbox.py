"""The inbox in words: its tabs, its filters, and each row worked out once, so that the template only says it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from console.conversations import NOBODY, VIEWS, Counts, Filters, Page, Row
from console.db import now
from console.presenters.labels import channel, tier
from console.presenters.names import initials, tint
from console.presenters.times import exact, span

TABS = {
    "open": "Open",
    "needs_decision": "Needs decision",
    "mine": "Mine",
    "unassigned": "Unassigned",
    "resolved": "Resolved",
    "all": "All",
}
EMPTY = {
    "open": ("Nothing is open", "Every conversation is resolved. A new one appears here by itself."),
    "needs_decision": ("Everything is decided", "Actions that ask for a decision appear here by themselves."),
    "mine": ("Nothing is yours", "No open conversation is assigned to you. Take one from Unassigned."),
    "unassigned": ("Everything has an owner", "Every open conversation is assigned to someone."),
    "resolved": ("Nothing is resolved yet", "Conversations that you resolve are kept here."),
    "all": ("No conversations yet", "The first message of a customer appears here by itself."),
}
NOT_FOUND = "Each word must occur in the subject, the customer’s name or a message. Try fewer or other words."
NARROWED = "No conversation in this view fits these filters."


Lane = tuple[str, str, str, str, float, float]


class Choice(NamedTuple):
    """A tab, or one value of a filter: where it leads and whether it is in force."""

    word: str
    href: str
    current: bool
    number: int = 0


class Chip(NamedTuple):
    """What waits or failed in a row. `said` comes before it for a screen reader; `ends` is when it lapses.
    `rest` is what never gives way to a long title: the time left, or the state."""

    words: str
    tone: str
    icon: str
    said: str
    rest: str
    ends: str = ""


FOLLOWUPS = {
    "failed": Chip("Follow-up", "bad", "fail", "", "failed"),
    "uncertain": Chip("Follow-up", "unsure", "ask", "Find out whether it arrived:", "uncertain"),
}


class Line(NamedTuple):
    """One row."""

    id: int
    href: str
    customer: str
    subject: str
    last: str
    resolved: bool
    waits: bool
    """Whether the customer wrote last, so that an answer is due."""
    edge: str
    chip: Chip | None
    more: int
    owner: str
    initials: str
    tint: int
    at: str
    title: str
    ago: str


class InboxPage(NamedTuple):
    """Everything that templates/inbox shows."""

    tabs: list[Choice]
    assignees: list[Choice]
    channels: list[Choice]
    assignee: str
    channel: str
    pending: Choice
    searched: str
    without_search: str
    everywhere: str
    narrowed: bool
    without_filters: str
    lines: list[Line]
    range: str
    here: str
    older: str | None
    newest: str | None
    empty: tuple[str, str]
    title: str


def link(filters: Filters, **changes: Any) -> str:
    """The address of the inbox under `filters` with `changes`, from its newest row unless `before` is changed."""
    return _href(filters._replace(**{"before": "", **changes}))


@lru_cache(maxsize=2048)
def _href(wanted: Filters) -> str:
    usual = "all" if wanted.q else "open"
    parts = {
        "view": "" if wanted.view == usual else wanted.view,
        "q": wanted.q,
        "assignee": "" if wanted.assignee is None else str(wanted.assignee),
        "channel": wanted.channel,
        "pending": "1" if wanted.pending else "",
        "before": wanted.before,
    }
    query = urlencode({name: value for name, value in parts.items() if value})
    return f"/inbox?{query}" if query else "/inbox"


def present(page: Page, counts: Counts, filters: Filters, local: tzinfo) -> InboxPage:
    """The page as its templates need it, with moments in the time zone `local`."""
    numbers = counts._asdict()
    people = dict(counts.operators)
    narrowed = filters.assignee is not None or bool(filters.channel) or filters.pending
    return InboxPage(
        tabs=[Choice(TABS[v], link(filters, view=v), v == filters.view, numbers[v]) for v in VIEWS],
        assignees=list(_assignees(counts, filters)),
        channels=list(_channels(counts, filters)),
        assignee="Nobody" if filters.assignee == NOBODY else people.get(filters.assignee or -1, "Someone who left")
        if filters.assignee is not None else "",
        channel=channel(filters.channel) if filters.channel else "",
        pending=Choice("Pending action", link(filters, pending=not filters.pending), filters.pending),
        searched=filters.q,
        without_search=link(filters, q="", view="open" if filters.view == "all" else filters.view),
        everywhere=link(filters, view="all", assignee=None, channel="", pending=False),
        narrowed=narrowed,
        without_filters=link(filters, assignee=None, channel="", pending=False),
        lines=_lines(page.rows, local),
        range=_range(page, counts, filters),
        here=link(filters, before=filters.before),
        older=link(filters, before=page.older) if page.older else None,
        newest=link(filters) if filters.before else None,
        empty=_empty(filters, narrowed),
        title=f"{TABS[filters.view]} ({numbers[filters.view]:,})" if not filters.q else f"Search “{filters.q}”",
    )  # fmt: skip


def _assignees(counts: Counts, filters: Filters) -> Iterator[Choice]:
    yield Choice("Anyone", link(filters, assignee=None), filters.assignee is None)
    yield Choice("Nobody", link(filters, assignee=NOBODY), filters.assignee == NOBODY)
    for operator_id, name in counts.operators:
        yield Choice(name, link(filters, assignee=operator_id), filters.assignee == operator_id)


def _channels(counts: Counts, filters: Filters) -> Iterator[Choice]:
    yield Choice("Any channel", link(filters, channel=""), not filters.channel)
    for name in counts.channels:
        yield Choice(channel(name), link(filters, channel=name), filters.channel == name)


def _range(page: Page, counts: Counts, filters: Filters) -> str:
    shown = len(page.rows)
    if not shown:
        return ""
    if filters.q:
        return f"{shown} shown, more below" if page.older else f"{shown} found" if not filters.before else ""
    if filters.before:
        return f"{shown} of {counts.matching:,}, older"
    return f"1–{shown} of {counts.matching:,}, newest first"


def _empty(filters: Filters, narrowed: bool) -> tuple[str, str]:
    if filters.before:
        return "Nothing older", "This was the end of the list, or what stood here has moved up since."
    if filters.q:
        return f"Nothing matches “{filters.q}”", NOT_FOUND
    return ("Nothing fits", NARROWED) if narrowed else EMPTY[filters.view]


def _lines(rows: list[Row], local: tzinfo) -> list[Line]:
    moment = now()
    minute = int(moment.timestamp()) // 60
    return [
        _line(row, _ago((moment - row.last_message_at).total_seconds()), minute if row.lanes else 0, local)
        for row in rows
    ]


def _ago(seconds: float) -> str:
    return "now" if seconds < 60 else span(seconds)


# Rows that did not change are most of what every refresh of every open inbox asks for.
@lru_cache(maxsize=1024)
def _line(row: Row, ago: str, minute: int, local: tzinfo) -> Line:
    at = row.last_message_at
    lanes: list[Lane] = json.loads(row.lanes) if row.lanes else []
    followup = FOLLOWUPS.get(row.followup or "")
    waits = row.waiting > 0 and bool(lanes)
    face = _face(row.assignee) if row.assignee else ("", "", 0)
    return Line(
        row.id,
        f"/conversations/{row.id}",
        row.customer,
        row.subject,
        row.last_message_preview,
        row.status == "resolved",
        row.status == "open" and row.last_message_role == "customer",
        f"edge-{tier(lanes[0][3]).slug}" if waits else "",
        _chip(lanes[0], minute * 60)
        if waits
        else followup or (_chip(lanes[0], minute * 60) if lanes else None),
        max(len(lanes), row.waiting) + bool(followup) - 1,
        *face,
        at.isoformat(),
        exact(at, local),
        ago,
    )


def _chip(lane: Lane, today: float) -> Chip:
    lane_status, proposal_status, title, risk_tier, opened, expires = lane
    if lane_status == "pending":
        left = max(0.0, expires - today)
        warn = left * 10 < expires - opened
        known = tier(risk_tier)
        tone = ("warn" if warn else "wait") + (" chip--high" if known.slug == "high" else "")
        rest = span(left) if left >= 1 else "time is up"
        ends = datetime.fromtimestamp(expires, UTC).isoformat()
        return Chip(title, tone, known.icon, f"{known.word}, waiting for approval:", rest, ends)
    if proposal_status == "unknown":
        return Chip(title, "unsure", "ask", "Look before asking again:", "unknown")
    return Chip(title, "bad", "fail", "", "failed")


@lru_cache(maxsize=1024)
def _face(name: str) -> tuple[str, str, int]:
    return name.split()[0] if name.split() else name, initials(name), tint(name)
