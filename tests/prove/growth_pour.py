"""Makes a database grow by SQL alone, from one size to the next, as years of work would have left it.

Triggers and foreign keys sleep meanwhile, and what they would have kept is computed by the same functions, for all rows
at once. Everything rare was there at the beginning and does not grow: a filter that finds little finds the same little
among ten thousand conversations and among a million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from flask import Flask

from console import governance
from console.conversations import fold_tallies
from console.db import db, transaction
from console.governance import ToolContext
from console.models import ApiToken
from tests.bench import conversation as one
from tests.prove.growth_rows import PEOPLE, TALK, TRAIL, WORK

EARLIER = 1_000
"""Ids below are of what people did before the growth began."""
TEAM = 60
SECONDS_EACH = 7
"""Between one conversation and the next."""
ASKED = (
    ("internal_note", {"body": "The customer called twice; the second parcel is at the neighbour's."}),
    ("cancel_pending_order", {"order_id": "#W20437", "reason": "ordered by mistake"}),
    ("transfer_to_human_agents", {"summary": "Asks for a person."}),
)
TALKED = ("customers", "conversations", "messages", "conversation_search")
WORKED = (
    "tool_proposals", "tool_approvals", "tool_action_events", "audit_events", "trail_heads", "deliveries",
    "bulk_envelopes", "sign_ins",
)  # fmt: skip
ROOM = {
    "max_wal_size": "'8GB'", "checkpoint_timeout": "'30min'", "autovacuum": "off", "fsync": "off",
    "full_page_writes": "off",
}  # fmt: skip
FAST = {
    "synchronous_commit": "off", "maintenance_work_mem": "'1GB'", "work_mem": "'256MB'", "timezone": "'UTC'",
    "session_replication_role": "replica", "max_parallel_maintenance_workers": "1", "jit": "off",
}  # fmt: skip
# In the order of growth: the largest of all ids is the same in both logs.
NUMBERED = {"customers": 1, "conversations": 1, "messages": 5, "tool_proposals": 2, "tool_approvals": 2}


class Crowd:
    """A database that grows: `grow` it as often as you like."""

    def __init__(self, app: Flask, url: str, most: int) -> None:
        """With a team, one long conversation with many actions, and one action of each kind that is asked often."""
        self.app, self.size, self.most = app, 0, most
        self.url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        with app.app_context():
            self.conversation, self.token = one.fill()
            self.asked = _asked(self.conversation)
        with psycopg.connect(self.url, autocommit=True) as connection:
            for name, value in ROOM.items():
                connection.execute(f"ALTER SYSTEM SET {name} = {value}")  # type: ignore[arg-type]
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(PEOPLE, {"team": TEAM})

    def grow(self, size: int) -> None:
        """Let there be `size` conversations, with all that goes with them."""
        amounts = {
            "low": self.size + 1, "high": size, "team": TEAM, "earlier": EARLIER, "asked": self.asked,
            "back": (self.most + 1) * SECONDS_EACH, "each": SECONDS_EACH,
        }  # fmt: skip
        with ThreadPoolExecutor(2) as threads:
            work = ((TALKED, TALK), (WORKED, (*WORK, *TRAIL)))
            list(threads.map(lambda part: self._pour(*part, amounts), work))
        self.size = size
        with self.app.app_context():
            fold_tallies()
            governance.fold_tallies()
        with psycopg.connect(self.url, autocommit=True) as connection:
            for table, each in NUMBERED.items():
                connection.execute(_next(f"{table}_id_seq", (size + EARLIER) * each + 1))
            connection.execute(_next("tool_action_events_id_seq", (size + EARLIER) * 20 + 20))
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")

    def _pour(self, tables: Sequence[str], statements: Sequence[str], amounts: Mapping[str, Any]) -> None:
        with psycopg.connect(self.url) as connection:
            for name, value in FAST.items():
                connection.execute(f"SET {name} = {value}")  # type: ignore[arg-type]
            # An index is built several times faster than it takes in rows one by one.
            indexes = (
                connection.execute(_INDEXES, [list(tables)]).fetchall() if self._worth_it(amounts) else []
            )
            for name, _ in indexes:
                connection.execute(f"DROP INDEX {name}")
            for statement in statements:
                connection.execute(statement, amounts)
            for _, definition in indexes:
                connection.execute(definition)

    def _worth_it(self, amounts: Mapping[str, Any]) -> bool:
        return bool(amounts["high"] > 2 * amounts["low"])


_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
  FROM pg_index i WHERE i.indrelid::regclass::text = ANY(%s) AND NOT i.indisprimary
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""


def _asked(conversation_id: int) -> list[int]:
    """One proposal of each kind, asked for by its verb; all others are copies of these."""
    agent = ApiToken(name="iris", scopes=["orders:refund"])
    with transaction():
        db.session.add_all([agent, ApiToken(name="rare", scopes=["orders:refund"])])
    found = []
    for tool_ref, parameters in ASKED:
        context = ToolContext(
            tool_params=parameters, scopes=frozenset(agent.scopes), conversation_id=conversation_id
        )
        lane = governance.submit(tool_ref, agent.actor_id, context, enqueue=lambda *_, **__: None).lane
        assert lane is not None, tool_ref
        found.append(lane.tool_proposal_id)
    return found


def _next(sequence: str, value: int) -> bytes:
    return f"SELECT setval('{sequence}', greatest({value}, nextval('{sequence}')))".encode()


# Of each count that a trigger keeps, what is counted in earnest beside it; and the words of some conversations.
_KEPT = {
    "conversations by status, assignee, channel and waiting": """
        SELECT count(*) FROM (
            SELECT status, assignee_id, channel, waiting, sum(difference) FROM conversation_tallies
             GROUP BY 1, 2, 3, 4
            EXCEPT
            SELECT status, assignee_id, channel, waiting_lanes > 0, count(*) FROM conversations
             GROUP BY 1, 2, 3, 4) d
    """,
    "waiting lanes": """
        SELECT sum(difference) - (SELECT count(*) FROM tool_approvals WHERE status = 'pending') FROM lane_tallies
    """,
    "deliveries by bulk send and state": """
        SELECT count(*) FROM (
            SELECT envelope_id, sum(pending), sum(sent), sum(failed), sum(uncertain) FROM envelope_counts GROUP BY 1
            EXCEPT
            SELECT envelope_id, count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'sent'),
                   count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'uncertain')
              FROM deliveries WHERE envelope_id IS NOT NULL GROUP BY 1) d
    """,
    "actions that wait in a conversation": """
        SELECT count(*) FROM conversations c WHERE id % 97 = 0 AND waiting_lanes <> (
            SELECT count(*) FROM tool_approvals a WHERE a.conversation_id = c.id AND a.status = 'pending')
    """,
}
_WORDS = """
WITH chosen AS MATERIALIZED (
         SELECT conversation_id AS id, document FROM conversation_search WHERE conversation_id % 997 = 3),
     again AS MATERIALIZED (SELECT console_search_rebuild(ARRAY(SELECT id FROM chosen)))
SELECT id, document FROM chosen, again
"""


def differences(crowd: Crowd) -> list[str]:
    """What differs from what the triggers would have kept; nothing stays changed."""
    with psycopg.connect(crowd.url) as connection:
        found = []
        for words, statement in _KEPT.items():
            row = connection.execute(statement.encode()).fetchone()
            if row is None or row[0] != 0:
                found.append(f"The counts of {words} differ: {row}")
        was = dict(connection.execute(_WORDS).fetchall())
        now = connection.execute(
            "SELECT conversation_id, document FROM conversation_search WHERE conversation_id = ANY(%s)",
            [list(was)],
        )
        found += [f"The words of conversation {id} differ" for id, document in now if was[id] != document]
        connection.rollback()
        return found
