"""A database with a past: the migration chains what was written before there were chains."""

from __future__ import annotations

from alembic import command
from flask import Flask
from sqlalchemy import create_engine, text

from console import create_app
from console.cli.database import _alembic
from console.config import Settings
from console.db import db
from console.trail import Seen, findings

PAST = """
    INSERT INTO customers (name, created_at) VALUES ('Riya', now());
    INSERT INTO conversations (customer_id, subject, channel, status, waiting_lanes, last_message_at,
           last_message_preview, created_at) VALUES (1, 'Twice', 'email', 'open', 0, now(), '', now());
    INSERT INTO tool_proposals (tool_ref, actor_id, conversation_id, input, idempotency_key, status, risk_tier,
           approval_mode, title, consequence, input_snapshot, scope_snapshot, policy_snapshot, attempts, created_at)
    SELECT CASE n % 2 WHEN 0 THEN 'refund' ELSE 'adjust' END, 'agent:iris', 1, '{}', lpad(n::text, 64, '0'), 'proposed',
           'low_write', 'requires_approval', 'T', 'C', '{}', '{}', '{}', 0, now() FROM generate_series(1, 10500) n;
    INSERT INTO tool_action_events (tool_proposal_id, conversation_id, event_type, actor_id, details, created_at)
    SELECT n % 10500 + 1, 1, CASE WHEN n < 10500 THEN 'proposal_created' ELSE 'execution_enqueued' END, 'agent:iris',
           jsonb_build_object('n', n / 7.0), now() + n * interval '1.5 ms' FROM generate_series(0, 11999) n;
    INSERT INTO audit_events (event_type, actor_id, details, created_at)
    SELECT 'delivery_sent', 'system', '{}', now() FROM generate_series(1, 10500);
"""

MORE = """
    INSERT INTO tool_action_events (tool_proposal_id, event_type, actor_id, details, created_at)
    SELECT n, 'execution_enqueued', 'system', '{}', now() FROM generate_series(1, 10) n
"""


def test_what_was_written_before_is_chained_as_if_it_had_always_been(
    migrated: Flask, settings: Settings
) -> None:
    name = "with_a_past"
    url = settings.database_url.replace("/console?", f"/{name}?")
    assert url != settings.database_url
    with migrated.app_context(), db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(f"CREATE DATABASE {name}"))
    past = create_app(settings.model_copy(update={"database_url": url}))
    try:
        with past.app_context():
            command.upgrade(_alembic(), "0004")
            with db.engine.begin() as connection:
                connection.execute(text(PAST))
            command.upgrade(_alembic(), "head")
            seen = Seen()
            assert [str(finding) for finding in findings(seen)] == []
            assert (seen.proposals, seen.events, seen.lines) == (10_500, 12_000, 10_500)
            with db.engine.begin() as connection:
                refunds = "SELECT count(*) FROM tool_action_events WHERE tool_ref = 'refund'"
                assert connection.scalar(text(refunds)) == 6_000
                connection.execute(text(MORE))
            assert not list(findings(Seen()))
            db.engine.dispose()
            past.extensions["console_session_engine"].dispose()
    finally:
        admin = create_engine(settings.database_url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
