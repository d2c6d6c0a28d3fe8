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


# Each list is walked along an index of its own (see Conversation). `IS NULL` does not make a column constant for the
# planner, so the unassigned are ordered by that column too: else it would sort all of them.
_VIEW = {
    "open": "c.status = 'open'",
    "needs_decision": "c.waiting_lanes > 0",
    "mine": "c.status = 'open' AND c.assignee_id = :me",
    "unassigned": "c.status = 'open' AND c.assignee_id IS NULL",
    "resolved": "c.status = 'resolved'",
    "all": "true",
}
_NEWEST = "c.last_message_at DESC, c.id DESC"

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
# The limit is written out: with a parameter there, a prepared statement would be planned for a tenth of the table.
_PAGE = "SELECT c.* FROM conversations c WHERE {where} ORDER BY {order} LIMIT {size}"

# Common words are found among the newest conversations at once, rare ones through the index; asking the index for a
# common word would fetch and sort most of the table, and walking the newest for a rare one would read all of it. The
# scalar subquery makes `near` a walk that stops when the page is full; the gate makes `far` cost nothing when `near`
# filled the page or saw everything there is.
_FOUND = """
    WITH near AS MATERIALIZED (
        SELECT n.id FROM (
            SELECT c.id, c.last_message_at, c.assignee_id FROM conversations c
             WHERE {where} ORDER BY {order} LIMIT {newest}) n
         WHERE (SELECT s.document @@ {query} FROM conversation_search s WHERE s.conversation_id = n.id)
         LIMIT {size}),
    far AS MATERIALIZED (
        SELECT s.conversation_id AS id FROM conversation_search s
         WHERE s.document @@ {query} AND (SELECT count(*) FROM near) < {size}
           AND (SELECT count(*) FROM (SELECT FROM conversations c WHERE {where} LIMIT {newest}) n) = {newest}),
    rest AS (
        SELECT c.id FROM far JOIN conversations c ON c.id = far.id WHERE {where} ORDER BY {newest_first} LIMIT {size})
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
    values: dict[str, Any] = {"me": operator_id}
    if filters.channel:
        values["channel"] = filters.channel
    if filters.assignee is not None and filters.assignee != NOBODY:
        values["assignee"] = filters.assignee
    if filters.before:
        values["at"], values["last_id"] = Cursor.parse(filters.before)
    if words:
        values["words"] = words
    statement = _statement(
        filters.view, filters.assignee is not None, filters.assignee == NOBODY, bool(filters.channel),
        filters.pending, bool(filters.before), bool(words), size + 1,
    )  # fmt: skip
    rows = [Row._make(row) for row in db.session.execute(statement, values)]
    more = len(rows) > size
    rows = rows[:size]
    return Page(rows, str(Cursor(rows[-1].last_message_at, rows[-1].id)) if more else None)


@lru_cache(maxsize=512)
def _statement(
    view: str,
    assigned: bool,
    nobody: bool,
    channel: bool,
    pending: bool,
    before: bool,
    search: bool,
    size: int,
) -> TextClause:
    where = [_VIEW[view]]
    if assigned:
        where.append("c.assignee_id IS NULL" if nobody else "c.assignee_id = :assignee")
    if channel:
        where.append("c.channel = :channel")
    if pending:
        where.append("c.waiting_lanes > 0")
    if before:
        where.append("(c.last_message_at, c.id) < (:at, :last_id)")
    unassigned = STATUS_OF_VIEW.get(view) == "open" and (nobody or view == "unassigned")
    page = (_FOUND if search else _PAGE).format(
        where=" AND ".join(where),
        order="c.assignee_id, " + _NEWEST if unassigned else _NEWEST,
        newest_first=_NEWEST,
        query=_QUERY,
        newest=NEWEST_SEARCHED,
        size=size,
    )
    return text(_ROWS.format(page=page, lanes=governance.LANES_OF_ROW))
