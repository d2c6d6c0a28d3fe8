"""Fills a database with a long past by SQL alone: actions with whole, chained trails, and lines of the audit log."""

from __future__ import annotations

import psycopg

EVENTS_EACH = 6
GUARDED = ("tool_action_events", "audit_events", "trail_heads")

# What tests/bench/crowd.py has poured in has no trail.
_ACTIONS = """
DELETE FROM tool_approvals;
DELETE FROM tool_proposals;
ALTER TABLE tool_proposals ALTER id RESTART;
INSERT INTO tool_proposals (tool_ref, actor_id, conversation_id, input, idempotency_key, status, risk_tier,
    approval_mode, title, consequence, input_snapshot, scope_snapshot, policy_snapshot, attempts, created_at)
SELECT 'tool_' || n % 12, 'agent:iris', 1 + n % (SELECT count(*) FROM conversations),
       '{}', lpad(n::text, 64, '0'), 'succeeded', 'high_write', 'requires_approval', 'Refund €' || n % 90 || '.00',
       'Refunds it.', '{}', '{}', '{}', 1, now() - (%(actions)s - n) * interval '1 minute'
  FROM generate_series(1, %(actions)s) n;
INSERT INTO tool_approvals (tool_proposal_id, conversation_id, status, version, digest, policy_snapshot, requested_by,
    expires_at, attempt, attempt_open, starts, created_at, updated_at, decided_by, decided_at)
SELECT id, conversation_id, 'executed', 5, repeat('0', 64), '{}', 'agent:iris', created_at + interval '2 days', 1,
       false, 1, created_at, created_at, 'operator:1', created_at FROM tool_proposals;
CREATE TEMP TABLE steps (LIKE tool_action_events);
"""
_STEP = """
INSERT INTO steps (id, tool_proposal_id, tool_approval_id, conversation_id, event_type, actor_id, from_status,
    to_status, reason, details, created_at, tool_ref, sequence, prev_hash, hash)
SELECT r.*, console_seal(to_jsonb(r)) FROM (
    SELECT (p.id - 1) * {each} + {number} AS id, p.id AS tool_proposal_id,
           CASE WHEN {number} > 1 THEN a.id END AS tool_approval_id, p.conversation_id, '{event}' AS event_type,
           {actor} AS actor_id,
           {before}::text AS from_status, {after}::text AS to_status,
           CASE WHEN {number} = 6 THEN 'Refunded to the card that was paid with.' END AS reason,
           jsonb_build_object('attempt', 1) AS details, p.created_at + {number} * interval '3.7 s' AS created_at,
           p.tool_ref, {number} AS sequence, coalesce(s.hash, repeat('0', 64)) AS prev_hash
      FROM tool_proposals p JOIN tool_approvals a ON a.tool_proposal_id = p.id
      LEFT JOIN steps s ON s.tool_proposal_id = p.id AND s.sequence = {number} - 1) r;
"""
STEPS = (
    ("proposal_created", "asker", "NULL", "NULL"),
    ("approval_requested", "asker", "NULL", "'pending'"),
    ("approved", "decider", "'pending'", "'approved'"),
    ("revalidation_passed", "console", "'approved'", "'execution_pending'"),
    ("execution_started", "console", "'execution_pending'", "'execution_pending'"),
    ("execution_succeeded", "console", "'execution_pending'", "'executed'"),
)
"""The trail of an action that was approved and went well: event, who, and the lane's state before and after, in SQL."""
_WHO = {"asker": "'agent:iris'", "decider": "'operator:' || 1 + p.id % 3", "console": "'system'"}
_TRAIL = """
INSERT INTO tool_action_events (id, tool_proposal_id, tool_approval_id, conversation_id, event_type, actor_id,
    from_status, to_status, reason, details, created_at, tool_ref, sequence, prev_hash, hash)
SELECT id, tool_proposal_id, tool_approval_id, conversation_id, event_type, actor_id, from_status, to_status, reason,
       details, created_at, tool_ref, sequence, prev_hash, hash FROM steps ORDER BY id;
INSERT INTO trail_heads SELECT tool_proposal_id, sequence, id, hash FROM steps WHERE sequence = {each};
SELECT setval('tool_action_events_id_seq', (SELECT max(id) FROM steps));
"""
_LINES = """
INSERT INTO audit_events (id, event_type, actor_id, conversation_id, delivery_id, details, created_at, hash)
SELECT r.*, console_seal(to_jsonb(r)) FROM (
    SELECT nextval('tool_action_events_id_seq') AS id, 'delivery_sent' AS event_type, 'system' AS actor_id,
           1 + n % (SELECT count(*) FROM conversations) AS conversation_id, n AS delivery_id,
           jsonb_build_object('attempts', 1) AS details, now() - (%(lines)s - n) * interval '2 minutes' AS created_at
      FROM generate_series(1, %(lines)s) n) r;
"""


def fill(database_url: str, events: int, lines: int) -> None:
    """Pour `events` events of finished actions and `lines` lines of the log into a database with conversations."""
    url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(url) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute("SET session_replication_role = replica")
        for table in GUARDED:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        amounts = {"actions": events // EVENTS_EACH, "lines": lines}
        _run(connection, _ACTIONS, amounts)
        for number, (event, who, before, after) in enumerate(STEPS, start=1):
            step = {"event": event, "actor": _WHO[who], "before": before, "after": after}
            _run(connection, _STEP.format(number=number, each=EVENTS_EACH, **step), {})
            connection.execute("ANALYZE steps")
        _run(connection, _TRAIL.format(each=EVENTS_EACH), {})
        _run(connection, _LINES, amounts)
        for table in GUARDED:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _run(connection: psycopg.Connection, statements: str, amounts: dict[str, int]) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            words = statement.replace("%", "%%").replace("%%(", "%(")
            connection.execute(words, amounts) if "%(" in words else connection.execute(statement)
