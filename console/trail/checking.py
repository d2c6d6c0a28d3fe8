"""Whether anything was changed, in the trail and in the audit log: one walk over everything, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, text

from console.db import db
from console.trail.chain import Finding, Head, Link, examine

FETCHED_AT_ONCE = 2_000
OF_THE_LOG = "of the audit log was changed after it was written, or put in afterwards"

# Spelled out and not asked of the database's own function: whoever changes rows can change that one too.
_SEAL = """encode(sha256(convert_to((
    SELECT jsonb_object_agg(key, value)::text FROM jsonb_each(to_jsonb(e) - 'hash')
     WHERE jsonb_typeof(value) <> 'null'), 'UTF8')), 'hex')"""
_EVENTS = text(f"""
    SELECT tool_proposal_id, id, sequence, prev_hash, hash, {_SEAL} FROM tool_action_events e
     ORDER BY tool_proposal_id, id
""")
_HEADS = text("""
    SELECT coalesce(p.id, h.tool_proposal_id) AS proposal, p.id, h.events, h.event_id, h.hash
      FROM tool_proposals p FULL JOIN trail_heads h ON h.tool_proposal_id = p.id ORDER BY 1
""")
_LINES = text(f"SELECT id, hash, {_SEAL} FROM audit_events e ORDER BY id")
# An event that somebody adds by hand is chained like any other; but it is no step that its lane took.
_DISAGREEING = text("""
    SELECT a.tool_proposal_id, a.id, a.status, e.to_status
      FROM tool_approvals a LEFT JOIN LATERAL (
           SELECT to_status FROM tool_action_events e
            WHERE e.tool_proposal_id = a.tool_proposal_id AND e.tool_approval_id = a.id AND e.to_status IS NOT NULL
            ORDER BY e.id DESC LIMIT 1) e ON true
     WHERE a.status IS DISTINCT FROM e.to_status ORDER BY a.id
""")


@dataclass
class Seen:
    """How much was looked at."""

    proposals: int = 0
    events: int = 0
    lines: int = 0


def findings(seen: Seen) -> Iterator[Finding]:
    """Everything that is not as it was written, counting into `seen`. Reads one snapshot; changes nothing."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with db.engine.connect().execution_options(**options) as connection:
        # Moments are sealed as they are in UTC.
        connection.execute(text("SET LOCAL timezone = 'UTC'"))
        connection.execution_options(yield_per=FETCHED_AT_ONCE)
        for proposal_id, links, head, there in _trails(connection):
            seen.proposals += 1
            seen.events += len(links)
            if not there:
                yield Finding(proposal_id, None, "is gone, and its trail speaks of nothing")
            yield from examine(proposal_id, links, head)
        for event_id, written, seal in connection.execute(_LINES):
            seen.lines += 1
            if written != seal:
                yield Finding(None, event_id, OF_THE_LOG)
        for proposal_id, lane_id, status, told in connection.execute(_DISAGREEING):
            words = f"has a lane {lane_id} that is {status}, while its events end with {told or 'nothing'}"
            yield Finding(proposal_id, None, words)


def _trails(connection: Connection) -> Iterator[tuple[int, list[Link], Head | None, bool]]:
    """Each proposal's events and head, and whether the proposal is there; two walks side by side, in one order."""
    heads, events = connection.execute(_HEADS), connection.execute(_EVENTS)
    # The second place keeps a head before the events, and rows from being compared.
    both = merge(_keyed(heads, 0), _keyed(events, 1), key=itemgetter(0, 1))
    for proposal_id, rows in groupby(both, key=itemgetter(0)):
        head, links, there = None, [], False
        for _, kind, row in rows:
            if kind == 1:
                links.append(Link._make(row[1:]))
                continue
            there = row[1] is not None
            head = Head._make(row[2:]) if row[2] is not None else None
        yield proposal_id, links, head, there


def _keyed(rows: Iterable[Row[Any]], kind: int) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
    return ((row[0], kind, tuple(row)) for row in rows)
