"""What the database does for a page: its statements, the plan of each, how many rows it looks at, and where.

Each statement is explained twice, run both times with what the page asks: as the first time, planned for these values,
and as after a while, when the server has a prepared statement and may have settled on one plan for all values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from flask import Flask
from psycopg import ClientCursor
from sqlalchemy import event

from console.db import db

SETTLED = 6
"""Runs after which a prepared statement has the plan that it keeps."""
BIG_PAGES = 64
"""A table below this is read from end to end sooner than through an index, however large the others grow."""
_BIG = """
WITH big AS (SELECT oid, relname FROM pg_class WHERE relkind = 'r' AND relpages > %s)
SELECT relname FROM big
 UNION ALL SELECT i.relname FROM big, pg_index x, pg_class i WHERE x.indrelid = big.oid AND i.oid = x.indexrelid
"""
_NAME = re.compile(r"%\((\w+)\)")
_HOW = "ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON"


class Asked(NamedTuple):
    """A statement that was sent to the database, with its values."""

    statement: str
    values: Mapping[str, Any]


class Seen(NamedTuple):
    """What one run of a statement did."""

    rows: int
    """Rows of big tables, and entries of their indexes, that were looked at, the ones thrown away included."""
    given: int
    """Rows that it answered with; 0 of one that changes something."""
    pages: int
    """Pages of tables and indexes that it touched: entries of an index that it walks past are counted nowhere else."""
    through: frozenset[str]
    """Big tables that were read from end to end."""
    plan: str
    """As text."""


@contextmanager
def asked(app: Flask) -> Iterator[list[Asked]]:
    """Collect what is sent to the database within the block, which has the application's context."""
    found: list[Asked] = []

    def note(connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        found.append(Asked(statement, values if isinstance(values, dict) else {}))

    with app.app_context():
        engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield found
        finally:
            event.remove(engine, "before_cursor_execute", note)


class Explainer:
    """Says what statements do in one database; of one that many pages send, once. Nothing that is changed stays."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.known: dict[tuple[str, str], list[Seen]] = {}
        with psycopg.connect(url) as connection:
            # By name, and by the names of their indexes.
            rows = connection.execute(_BIG, [BIG_PAGES])
            self.big = frozenset(row[0] for row in rows)

    def __call__(self, one: Asked) -> list[Seen]:
        """What a statement does at first, and after a while."""
        lasting = {name: value for name, value in one.values.items() if name != "now"}
        key = one.statement, repr(lasting)
        if key not in self.known:
            self.known[key] = self._explained(one)
        return self.known[key]

    def _explained(self, one: Asked) -> list[Seen]:
        with psycopg.connect(self.url) as connection:
            connection.prepare_threshold = None
            found = [_seen(connection, one.statement, one.values, self.big)]
            connection.execute(one.statement.encode(), one.values, prepare=True)
            connection.rollback()
            row = connection.execute("SELECT name FROM pg_prepared_statements", prepare=False).fetchone()
            if row is None:
                return found
            names = dict.fromkeys(_NAME.findall(one.statement))
            literals = [ClientCursor(connection).mogrify("%s", [one.values[name]]) for name in names]
            execute = f'EXECUTE "{row[0]}"' + (f"({', '.join(literals)})" if literals else "")
            for _ in range(SETTLED - 1):
                connection.execute(f"EXPLAIN {execute}".encode(), prepare=False)
            return [*found, _seen(connection, execute, None, self.big)]


def looked_at(seen: Sequence[Sequence[Seen]]) -> int:
    """The rows that the statements of a page look at, each by its worse plan."""
    return sum(max(one.rows for one in plans) for plans in seen)


def touched(seen: Sequence[Sequence[Seen]]) -> int:
    """The pages of tables and indexes that the statements of a page touch, each by its worse plan."""
    return sum(max(one.pages for one in plans) for plans in seen)


def _seen(
    connection: psycopg.Connection, statement: str, values: Mapping[str, Any] | None, big: frozenset[str]
) -> Seen:
    found = connection.execute(f"EXPLAIN ({_HOW}) {statement}".encode(), values, prepare=False).fetchone()
    connection.rollback()
    assert found
    plan = found[0][0]["Plan"]
    nodes = list(_nodes(plan))
    rows = sum(_rows(node) for node in nodes if {node.get("Relation Name"), node.get("Index Name")} & big)
    through = {
        node["Relation Name"]
        for node in nodes
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in big and node["Actual Loops"]
    }
    given = 0 if plan["Node Type"] in ("ModifyTable", "Aggregate") else round(plan["Actual Rows"])
    return Seen(rows, given, _pages(plan), frozenset(through), "\n".join(_drawn(plan)))


def _rows(node: Mapping[str, Any]) -> int:
    kinds = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return round(node["Actual Loops"] * sum(node.get(kind, 0) for kind in kinds))


def _pages(node: Mapping[str, Any]) -> int:
    return int(node["Shared Hit Blocks"] + node["Shared Read Blocks"])


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _drawn(node: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """A line a node, with what it looked at and what it touched."""
    where = " ".join(filter(None, (node.get("Index Name"), "on" if "Relation Name" in node else "")))
    name = " ".join(filter(None, (node["Node Type"], where, node.get("Relation Name"))))
    conditions = (f"{key}: {node[key]}" for key in ("Index Cond", "Recheck Cond", "Filter") if key in node)
    removed = node.get("Rows Removed by Filter", 0)
    figures = f"{node['Actual Rows']:.0f} rows" + (f", {removed:.0f} left out" if removed else "")
    line = f"{name} ({figures}, {node['Actual Loops']:.0f} times, {_pages(node)} pages)"
    yield "  " * depth + "; ".join((line, *conditions))
    for child in node.get("Plans", ()):
        yield from _drawn(child, depth + 1)
