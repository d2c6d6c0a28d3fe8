"""Loads conversations in batches: each one transaction, each conversation once, however often it is imported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from console.conversations.texts import preview
from console.db import db, now, transaction
from console.imports.records import Incoming
from console.live import announce
from console.models import ConversationStatus

BATCH_CONVERSATIONS = 200
BATCH_MESSAGES = 5_000
IMPORT_LOCK = 0x636C_696D_706F
"""Two imports at once take turns, batch by batch, so that neither loads what the other just did."""

_COPIES = {
    "customers": ("id", "ref", "name", "email", "created_at"),
    "conversations": (
        "id", "external_id", "customer_id", "subject", "channel", "status", "waiting_lanes", "last_message_at",
        "last_message_preview", "last_message_role", "created_at", "resolved_at",
    ),
    "messages": ("conversation_id", "role", "body", "author_name", "details", "created_at"),
}  # fmt: skip


class Problem(NamedTuple):
    """A line that was not loaded, and why."""

    number: int
    reason: str


@dataclass
class Totals:
    new: int = 0
    unchanged: int = 0
    messages: int = 0
    bad: int = 0


class Loader:
    """Takes the conversations of one file. Needs a pinned connection: which ids the file has used is kept there, so
    that memory does not grow with the file."""

    def __init__(self, totals: Totals) -> None:
        self.totals = totals
        self._batch: list[tuple[int, Incoming]] = []
        self._messages = 0
        with transaction():
            db.session.execute(
                text(
                    "CREATE TEMP TABLE IF NOT EXISTS import_seen (external_id text PRIMARY KEY, line bigint)"
                )
            )
            db.session.execute(text("TRUNCATE import_seen"))

    def add(self, number: int, incoming: Incoming) -> list[Problem]:
        """Take one conversation in; returns the problems of the batch when that was full."""
        self._batch.append((number, incoming))
        self._messages += len(incoming.messages)
        if len(self._batch) < BATCH_CONVERSATIONS and self._messages < BATCH_MESSAGES:
            return []
        return self.flush()

    def flush(self) -> list[Problem]:
        """Load what is waiting; returns the lines that were not loaded."""
        batch, self._batch, self._messages = self._batch, [], 0
        if not batch:
            return []
        try:
            return self._load(batch)
        except DBAPIError as error:
            if error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError):
                raise
            if len(batch) == 1:
                return [Problem(batch[0][0], "the database refused it")]
        # One of them cannot be stored: the others still are.
        return [problem for one in batch for problem in self._load_alone(one)]

    def _load_alone(self, one: tuple[int, Incoming]) -> list[Problem]:
        self._batch = [one]
        return self.flush()

    def _load(self, batch: list[tuple[int, Incoming]]) -> list[Problem]:
        with transaction():
            db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": IMPORT_LOCK})
            repeated = _repeated(batch)
            fresh = [one for number, one in batch if number not in repeated]
            known = _known(fresh)
            new = [one for one in fresh if one.external_id not in known]
            if new:
                _store(new)
                announce("inbox")
        self.totals.new += len(new)
        self.totals.unchanged += len(fresh) - len(new)
        self.totals.messages += sum(len(one.messages) for one in new)
        return [
            Problem(n, f"its id was used before, in line {first:,}") for n, first in sorted(repeated.items())
        ]


def _repeated(batch: Sequence[tuple[int, Incoming]]) -> dict[int, int]:
    """Lines whose id the file has used before, with the line that used it first."""
    ids = {"ids": [one.external_id for _, one in batch], "lines": [number for number, _ in batch]}
    rows = db.session.execute(
        text("""
            WITH used AS (INSERT INTO import_seen SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:lines AS bigint[]))
                          ON CONFLICT DO NOTHING RETURNING external_id, line)
            SELECT external_id, line FROM used
             UNION ALL SELECT external_id, line FROM import_seen WHERE external_id = ANY(CAST(:ids AS text[]))
        """),
        ids,
    )
    first = {row.external_id: row.line for row in rows}
    return {number: first[one.external_id] for number, one in batch if first[one.external_id] != number}


def _known(batch: Sequence[Incoming]) -> set[str]:
    rows = db.session.scalars(
        text("SELECT external_id FROM conversations WHERE external_id = ANY(CAST(:ids AS text[]))"),
        {"ids": [one.external_id for one in batch]},
    )
    return set(rows)


def _store(batch: Sequence[Incoming]) -> None:
    customers = _customer_ids(batch)
    ids = list(_new_ids("conversations", len(batch)))
    _copy("conversations", _conversation_rows(batch, ids, customers))
    _copy("messages", _message_rows(batch, ids))


def _new_ids(table: str, count: int) -> Iterator[int]:
    yield from db.session.scalars(
        text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)"),
        {"table": table, "count": count},
    )


def _customer_ids(batch: Sequence[Incoming]) -> list[int]:
    """One id a conversation: who has a ref is one customer wherever it occurs, who has none is a new one each time."""
    by_ref = {one.customer_ref: one for one in batch if one.customer_ref is not None}
    db.session.execute(
        text("""
            INSERT INTO customers (ref, name, email, created_at)
            SELECT ref, name, email, :now FROM unnest(CAST(:refs AS text[]), CAST(:names AS text[]),
                CAST(:emails AS text[])) AS given (ref, name, email)
            ON CONFLICT (ref) DO NOTHING
        """),
        {
            "refs": list(by_ref),
            "names": [one.customer_name for one in by_ref.values()],
            "emails": [one.customer_email for one in by_ref.values()],
            "now": now(),
        },
    )
    found = db.session.execute(
        text("SELECT ref, id FROM customers WHERE ref = ANY(CAST(:refs AS text[]))"), {"refs": list(by_ref)}
    )
    known: dict[str | None, int] = {row.ref: row.id for row in found}
    nameless = [one for one in batch if one.customer_ref is None]
    fresh = dict(zip(map(id, nameless), _new_ids("customers", len(nameless)), strict=True))
    rows = [(fresh[id(one)], None, one.customer_name, one.customer_email, one.started_at) for one in nameless]
    _copy("customers", rows)
    return [fresh[id(one)] if one.customer_ref is None else known[one.customer_ref] for one in batch]


def _conversation_rows(
    batch: Sequence[Incoming], ids: Sequence[int], customers: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    for one, conversation_id, customer_id in zip(batch, ids, customers, strict=True):
        last = one.last
        resolved_at = last.at if one.status == ConversationStatus.RESOLVED else None
        yield (
            conversation_id, one.external_id, customer_id, one.subject, one.channel, one.status.value, 0, last.at,
            preview(last.body), last.role.value, one.started_at, resolved_at,
        )  # fmt: skip


def _message_rows(batch: Sequence[Incoming], ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for one, conversation_id in zip(batch, ids, strict=True):
        for message in one.messages:
            details = json.dumps(message.details) if message.details else "{}"
            yield conversation_id, message.role.value, message.body, message.author_name, details, message.at


def _copy(table: str, rows: Sequence[tuple[Any, ...]] | Iterator[tuple[Any, ...]]) -> None:
    columns = ", ".join(_COPIES[table])
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
