"""Runs the migrations on the application's database: one process at a time, and never waiting long for a lock."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from console import models  # noqa: F401 - fills the metadata
from console.db import db

MIGRATION_LOCK = 0x636C_6D69_6772
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"


def run(connection: Connection) -> None:
    """Migrate under a lock, so that two consoles that start together do not both migrate."""
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        transaction_per_migration=True,
        compare_type=True,
        include_schemas=True,
        include_name=lambda name, kind, parents: kind != "schema" or name in (None, "shop"),
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        # Closing it lets go of the lock and of the time-outs, which the pool's other users must not inherit.
        connection.invalidate()


with current_app.extensions["console_session_engine"].connect() as opened:
    run(opened)
