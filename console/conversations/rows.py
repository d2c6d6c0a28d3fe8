"""The inbox: one page of conversations, newest first, in one statement, with what waits or failed in each."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import TextClause, text

from console import governance
from console.conversations.cursors import Cursor
from console.conversations.filters import NOBODY, STATUS_OF_VIEW, Filters
from console.conversations.texts import settings
from console.conversations.walks import NEWEST, Shape, conditions, walk
from console.conversations.words import tsquery
from console.db import db

NEWEST_SEARCHED = 2_000
"""Conversations that a search looks at one by one, newest first, before it asks the index for all that match."""


class Row(NamedTuple):
    """One line of the inbox."""

    id: int
    subject: str
    status: str
    last_message_at: datetime
    last_message_preview: str
    last_message_role: str | None
    customer: str
    assignee: str | None
    waiting: int
    lanes: str | None
    """What waits, soonest to lapse first, then what failed or ended unknown and was not asked again, as a JSON list of
    lane status, proposal status, title, risk tier, when it was asked and when it lapses (Unix seconds). Text, so that
    a row that did not change is equal to itself, and hashable."""
    followup: str | None
    """`failed` or `uncertain` when a follow-up is and was not sent again; both: the latter."""


class Page(NamedTuple):
    """Rows newest first; `older` is the cursor of the next page, None when there is none."""

    rows: list[Row]
    older: str | None


_ROWS = """
    SELECT c.id, c.subject, c.status, c.last_message_at, c.last_message_preview, c.last_message_role,
           customers.name, operators.name, c.waiting_lanes, ({lanes}),
           (SELECT max(d.state) FROM deliveries d
             WHERE d.conversation_id = c.id AND d.state IN ('failed', 'uncertain')
               AND NOT EXISTS (SELECT FROM deliveries n WHERE n.repeats_id = d.id))
      FROM ({page}) c
      JOIN customers ON customers.id = c.customer_id
      LEFT JOIN operators ON operators.id = c.assignee_id
     ORDER BY c.last_message_at DESC, c.id DESC
"""
# Common words are found among the newest conversations at once, rare ones through the index; asking the index for a
# common word would fetch and sort most of the table, and walking the newest for a rare one would read all of it. The
# scalar subquery makes `near` a walk that stops when the page is full; the gate makes `far` cost nothing when `near`
# filled the page or saw everything there is; and what is found is looked up one by one, since the planner expects far
# more of a rare word than there is, and would read all conversations to join it.
_FOUND = """
    WITH near AS MATERIALIZED (
        SELECT n.id FROM ({newest_ones}) n
         WHERE (SELECT s.document @@ {query} FROM conversation_search s WHERE s.conversation_id = n.id)
         LIMIT {size}),
    far AS MATERIALIZED (
        SELECT s.conversation_id AS id FROM conversation_search s
         WHERE s.document @@ {query} AND (SELECT count(*) FROM near) < {size}
           AND (SELECT count(*) FROM ({newest_ones}) n) = {newest}),
    rest AS (
        SELECT c.id FROM far CROSS JOIN LATERAL (
            SELECT c.id, c.last_message_at FROM conversations c WHERE c.id = far.id AND {where} OFFSET 0) c
         ORDER BY {newest_first} LIMIT {size})
    SELECT c.* FROM conversations c
     WHERE c.id = ANY(ARRAY(SELECT id FROM near UNION SELECT id FROM rest)) ORDER BY {newest_first} LIMIT {size}
"""
# A word that PostgreSQL splits further would become a phrase, and the documents keep no positions.
_QUERY = "replace(to_tsquery('simple', :words)::text, '<->', '&')::tsquery"


def inbox(operator_id: int, filters: Filters) -> Page:
    """One page of the list, `page_size` rows, in one query. Raises BadRequest for a cursor that is none."""
    size = settings().page_size
    words = tsquery(filters.q)
    if filters.q.strip() and not words:
        return Page([], None)
    owner = {"mine": operator_id, "unassigned": NOBODY}.get(filters.view, filters.assignee)
    if filters.assignee not in (None, owner):
        return Page([], None)
    values: dict[str, Any] = {}
    if owner:
        values["assignee"] = owner
    if filters.channel:
        values["channel"] = filters.channel
    if filters.before:
        values["at"], values["last_id"] = Cursor.parse(filters.before)
    if words:
        values["words"] = words
    shape = Shape(
        status=STATUS_OF_VIEW.get(filters.view, ""),
        waiting=filters.pending or filters.view == "needs_decision",
        owner="" if owner is None else "nobody" if owner == NOBODY else "someone",
        channel=bool(filters.channel),
        before=bool(filters.before),
    )
    statement = _statement(shape, bool(words), size + 1)
    rows = [Row._make(row) for row in db.session.execute(statement, values)]
    more = len(rows) > size
    rows = rows[:size]
    return Page(rows, str(Cursor(rows[-1].last_message_at, rows[-1].id)) if more else None)


@lru_cache(maxsize=512)
def _statement(shape: Shape, search: bool, size: int) -> TextClause:
    page = walk(shape, "c.*", size)
    if search:
        page = _FOUND.format(
            newest_ones=walk(shape, "c.id, c.last_message_at", NEWEST_SEARCHED),
            where=conditions(shape),
            newest_first=NEWEST,
            query=_QUERY,
            newest=NEWEST_SEARCHED,
            size=size,
        )
    return text(_ROWS.format(page=page, lanes=governance.LANES_OF_ROW))
