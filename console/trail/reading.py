"""Both logs as one list, newest first: a walk along an index of each, of which only the page is ever read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from flask import current_app
from sqlalchemy import TextClause, text

from console.config import Settings
from console.conversations.cursors import Cursor
from console.db import db, is_id
from console.errors import Forbidden, NotFound
from console.models import Operator, Role
from console.trail.filters import Filters

READERS = frozenset(Role)
"""Who may read all of it. Operators too: whoever decides must be able to see what was decided, and by whom."""
MOST_COUNTED = 100
AT_ONCE = 500
"""Events of an export that are fetched and written before other requests of the process have their turn."""
TURNS = threading.BoundedSemaphore(2)
"""Exports of a process that read at the same moment, so that many of them leave connections to the pages."""


class Event(NamedTuple):
    """One event of either log, with the names of what it speaks of."""

    id: int
    at: datetime
    type: str
    actor_id: str
    conversation_id: int | None
    reason: str | None
    details: dict[str, Any]
    hash: str
    tool: str | None
    proposal_id: int | None
    lane_id: int | None
    from_status: str | None
    to_status: str | None
    sequence: int | None
    prev_hash: str | None
    envelope_id: UUID | None
    delivery_id: int | None
    template_id: int | None
    operator_id: int | None
    title: str | None
    """The action's."""
    template: str | None
    """The template's name today."""
    subject: str | None
    """The conversation's."""
    card_id: int | None
    """The lane on whose card this event stands: its own, or the latest one of its proposal."""


class Page(NamedTuple):
    """Events newest first; `older` is the cursor of the next page, `newest` that of the first event here."""

    events: list[Event]
    older: str | None
    newest: str | None


class Shape(NamedTuple):
    """What a statement depends on: which conditions, which of the logs, and along which index it walks."""

    names: tuple[str, ...]
    of_actions: bool = True
    of_others: bool = True
    walk: tuple[str, ...] = ()

    @property
    def led(self) -> tuple[str, ...]:
        """The column of the walk in which rows are compared: its last."""
        return self.walk[-1:]


class Known(NamedTuple):
    """Who has a name here: people by id, and agents."""

    people: dict[int, str]
    agents: list[str]


_ACTIONS = """
    SELECT id, created_at, event_type, actor_id, conversation_id, reason, details, hash,
           tool_ref, tool_proposal_id, tool_approval_id, from_status, to_status, sequence, prev_hash,
           NULL::uuid AS envelope_id, NULL::bigint AS delivery_id, NULL::bigint AS template_id,
           NULL::bigint AS operator_id
      FROM tool_action_events"""
_OTHERS = """
    SELECT id, created_at, event_type, actor_id, conversation_id, reason, details, hash,
           NULL::text AS tool_ref, NULL::bigint AS tool_proposal_id, NULL::bigint AS tool_approval_id,
           NULL::text AS from_status, NULL::text AS to_status, NULL::int AS sequence, NULL::text AS prev_hash,
           envelope_id, delivery_id, template_id, operator_id
      FROM audit_events"""
_NAMED = """
    SELECT e.*, p.title, t.name, c.subject, coalesce(e.tool_approval_id, (
               SELECT max(a.id) FROM tool_approvals a WHERE a.tool_proposal_id = e.tool_proposal_id))
      FROM ({events}) e
      LEFT JOIN tool_proposals p ON p.id = e.tool_proposal_id
      LEFT JOIN message_templates t ON t.id = e.template_id
      LEFT JOIN conversations c ON c.id = e.conversation_id
     ORDER BY e.created_at DESC, e.id DESC"""
_COUNTED = "SELECT count(*) FROM ({events}) e"
# The limit is written out: with a parameter there, a prepared statement would be planned for a tenth of the table.
_PART = "({select} WHERE {where} ORDER BY {order} LIMIT {size})"
_BOTH = "SELECT * FROM ({parts}) e ORDER BY created_at DESC, id DESC LIMIT {size}"
_CONDITIONS = {
    "actor": "actor_id = :actor",
    "event": "event_type = :event",
    "tool": "tool_ref = :tool",
    "conversation": "conversation_id = :conversation",
    "proposal": "tool_proposal_id = :proposal",
    "envelope": "envelope_id = :envelope",
    "id": "id = :id",
}
_COLUMNS = {
    "envelope": "envelope_id",
    "conversation": "conversation_id",
    "actor": "actor_id",
    "tool": "tool_ref",
    "event": "event_type",
}
# Walks along the index of one or two columns, the narrowest first, from and to a moment: rows are compared, with the
# last column in front, which is part of the order. With equalities alone, a prepared statement may as well go through
# all events, newest first, until the page is full, and would look at every one of them for somebody who did little.
_WALKS = (
    ("envelope",),
    ("conversation",),
    ("actor", "tool"),
    ("actor", "event"),
    ("event", "tool"),
    ("actor",),
    ("tool",),
    ("event",),
)
_BOUNDS = {
    "since": "({columns}created_at) >= ({values}:since)",
    "until": "({columns}created_at) < ({values}:until)",
    "before": "({columns}created_at, id) < ({values}:at, :last_id)",
    "after": "({columns}created_at, id) > ({values}:at, :last_id)",
}
_FROM_EVER, _TO_EVER = (
    "({columns}created_at) >= ({values}'-infinity')",
    "({columns}created_at) <= ({values}'infinity')",
)
_KNOWN = text("""
    SELECT (SELECT json_agg(json_build_array(id, name) ORDER BY name) FROM operators),
           (SELECT json_agg(name ORDER BY name) FROM api_tokens)
""")


def page(reader: Operator, filters: Filters, before: str = "") -> Page:
    """One page, `page_size` events, in one query. Raises Forbidden, and BadRequest for a cursor that is none."""
    _admit(reader)
    settings: Settings = current_app.config["SETTINGS"]
    size = settings.page_size
    values, place = _values(filters), ""
    if before:
        values["at"], values["last_id"] = at, _ = Cursor.parse(before)
        place = "before" if filters.until is None or at < filters.until else ""
    shape = _shape(filters, place)
    rows = db.session.execute(_statement(_NAMED, shape, size + 1), values)
    events = [Event._make(row) for row in rows]
    more, events = len(events) > size, events[:size]
    ends = [str(Cursor(event.at, event.id)) for event in (events[:1] + events[-1:])]
    return Page(events, ends[1] if more else None, ends[0] if ends else None)


def newer(reader: Operator, filters: Filters, newest: str) -> int:
    """How many events came after the cursor `newest`, at most MOST_COUNTED. One query. Raises Forbidden, BadRequest."""
    _admit(reader)
    at, last_id = Cursor.parse(newest)
    statement = _statement(_COUNTED, _shape(filters, "after"), MOST_COUNTED)
    return int(db.session.scalar(statement, _values(filters) | {"at": at, "last_id": last_id}) or 0)


def event(reader: Operator, event_id: int) -> Event:
    """One event by its number. Raises Forbidden, NotFound."""
    _admit(reader)
    found = None
    if is_id(event_id):
        found = db.session.execute(_statement(_NAMED, Shape(("id",)), 1), {"id": event_id}).first()
    if found is None:
        raise NotFound("There is no event of this number.")
    return Event._make(found)


def walk(reader: Operator, filters: Filters) -> Iterator[list[Event]]:
    """All of them, AT_ONCE at a time, for as long as somebody asks for more. Raises Forbidden, before the first.

    Each time takes up where the last one ended. A cursor of the database's would hold a transaction, and with it every
    dead row of the whole database, for as long as the slowest reader takes; the past does not change in between.
    Reads on connections of its own, so that it may go on when the request's session is gone.
    """
    _admit(reader)
    engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")

    def batches() -> Iterator[list[Event]]:
        values, last = _values(filters), ""
        while True:
            statement = _statement(_NAMED, _shape(filters, last), AT_ONCE)
            with TURNS, engine.connect() as connection:
                events = [Event._make(row) for row in connection.execute(statement, values)]
            if events:
                yield events
            if len(events) < AT_ONCE:
                return
            values["at"], values["last_id"], last = events[-1].at, events[-1].id, "before"

    return batches()


def known() -> Known:
    """The names of everyone who works or worked here, in one query."""
    people, agents = db.session.execute(_KNOWN).one()
    return Known(dict(people or ()), agents or [])


def _admit(reader: Operator) -> None:
    if not reader.active or reader.role not in READERS:
        raise Forbidden("Your account may not read the audit log. Ask an admin if you think it should.")


def _values(filters: Filters) -> dict[str, Any]:
    return {name: value for name, value in filters._asdict().items() if value not in ("", None)}


def _shape(filters: Filters, place: str) -> Shape:
    names = (*_values(filters), *([place] if place else []))
    walk = next((walk for walk in _WALKS if set(walk) <= set(names)), ())
    return Shape(names, filters.of_actions, filters.of_others, walk)


@lru_cache(maxsize=512)
def _statement(around: str, shape: Shape, size: int) -> TextClause:
    logs = [*([_ACTIONS] if shape.of_actions else []), *([_OTHERS] if shape.of_others else [])]
    where, order = _where(shape), "created_at DESC, id DESC"
    order = "".join(f"{_COLUMNS[name]} DESC, " for name in shape.led) + order
    if not logs:
        logs, where = [_ACTIONS], "false"
    parts = " UNION ALL ".join(_PART.format(select=log, where=where, order=order, size=size) for log in logs)
    return text(around.format(events=_BOTH.format(parts=parts, size=size)))


def _where(shape: Shape) -> str:
    columns = "".join(f"{_COLUMNS[name]}, " for name in shape.led)
    values = "".join(f":{name}, " for name in shape.led)
    # One bound on either side, the narrower: of two, the database may begin at the wider one and go all the way.
    ends = [
        name for name in shape.names if name in _BOUNDS and not (name == "until" and "before" in shape.names)
    ]
    bounds = [_BOUNDS[name] for name in ends]
    if shape.walk:
        bounds += [] if {"since", "after"} & set(ends) else [_FROM_EVER]
        bounds += [] if {"until", "before"} & set(ends) else [_TO_EVER]
    found = [bound.format(columns=columns, values=values) for bound in bounds]
    found += [_CONDITIONS[name] for name in shape.names if name in _CONDITIONS and name not in shape.led]
    # Their indexes hold no others, and a comparison of rows does not say so.
    found += [f"{_COLUMNS[name]} IS NOT NULL" for name in ("envelope", "conversation") if name in shape.walk]
    return " AND ".join(found) or "true"
