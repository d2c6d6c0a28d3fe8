"""Locks that a worker holds for as long as it lives: they end with its connection, whatever ends that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, column, func, select, text
from sqlalchemy.exc import DBAPIError

from console.db import db, pinned_connection

SPACE_BITS = 40


def lock_key(space: int, number: int) -> int:
    """The advisory lock's number: our space in the upper half, what is locked below."""
    return (space << SPACE_BITS) + number


@contextmanager
def worker_lock(key: int) -> Iterator[bool]:
    """Hold `key` for one worker, or say False at once when another worker holds it.

    The lock belongs to the connection that also does the work: if the connection is lost, the lock and every
    uncommitted write are lost together, and a worker that dies lets go at once.
    """
    with pinned_connection() as connection:
        # Also in the middle of a long statement the server is to notice that its worker is gone, and let go.
        watch = func.set_config("client_connection_check_interval", "1000", False)
        held = bool(connection.execute(select(func.pg_try_advisory_lock(key), watch)).scalar())
        connection.commit()
        try:
            yield held
        finally:
            if held:
                _let_go(connection, key)


def _let_go(connection: Connection, key: int) -> None:
    """Unlock, or close the connection: one that still holds a lock must not go back to the pool."""
    try:
        db.session.rollback()
        connection.execute(select(func.pg_advisory_unlock(key)))
        connection.commit()
    except DBAPIError as error:
        connection.invalidate(error)


def is_held(key: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether some worker holds the lock, as a part of a statement."""
    # pg_locks shows an advisory lock's bigint as two halves, with objsubid 1.
    held = text(
        "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return key.in_(held.columns(column("key")))
