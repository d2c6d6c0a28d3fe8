"""Fills a database with many conversations by SQL alone: five messages each, words common and rare, some lanes."""

from __future__ import annotations

import psycopg

MESSAGES_EACH = 5

# Triggers are switched off while rows pour in; what they would have kept is computed at the end by the same functions.
_TABLES = ("customers", "conversations", "messages")

_CUSTOMERS = """
INSERT INTO customers (ref, name, email, created_at)
SELECT 'bench-' || n, (ARRAY['Riya','Tomasz','Beatriz','Hanne','Lucas','Aoife','Emre','Ingrid'])[1 + n % 8]
           || ' ' || initcap(substr(md5('family' || n % 3000), 1, 7)), 'person' || n || '@example.com', now()
  FROM generate_series(1, %(customers)s) n
"""
_CONVERSATIONS = """
INSERT INTO conversations (customer_id, subject, channel, status, assignee_id, waiting_lanes, last_message_at,
                           last_message_preview, last_message_role, created_at)
SELECT (SELECT min(id) FROM customers WHERE ref = 'bench-1') + n %% %(customers)s,
       'Question about order TT-' || (20000 + n), (ARRAY['email','chat','email','phone'])[1 + n %% 4],
       CASE WHEN n %% 10 < 4 THEN 'open' ELSE 'resolved' END,
       CASE WHEN n %% 3 = 0 THEN NULL ELSE (ARRAY(SELECT id FROM operators ORDER BY id))[1 + n %% 3] END, 0,
       now() - n * interval '7 seconds', 'Is there any news about parcel ' || n || '? I have waited since Monday.',
       (ARRAY['customer','operator'])[1 + n %% 2], now() - n * interval '9 seconds'
  FROM generate_series(1, %(conversations)s) n
"""
_MESSAGES = """
INSERT INTO messages (conversation_id, role, body, author_name, details, created_at)
SELECT c.id, CASE WHEN m % 2 = 0 THEN 'operator' ELSE 'customer' END,
       'Hello, the order arrived and the ' || (ARRAY['zip','hood','sleeve','button','lining'])[1 + (c.id * 7 + m) % 5]
           || ' is not what I expected, word' || (c.id * 31 + m * 17) % 5000 || ' and code '
           || substr(md5((c.id * 5 + m)::text), 1, 8) || '. Could you refund it or send another one please?',
       '', '{}', c.created_at + m * interval '1 second'
  FROM conversations c, generate_series(1, 5) m
"""
_LANES = """
WITH chosen AS (SELECT id FROM conversations ORDER BY last_message_at DESC LIMIT 40000),
proposals AS (
    INSERT INTO tool_proposals (tool_ref, actor_id, conversation_id, input, idempotency_key, status, risk_tier,
        approval_mode, title, consequence, input_snapshot, scope_snapshot, policy_snapshot, attempts, created_at)
    SELECT 'refund_order', 'agent:iris', id, '{}', md5(id::text),
           CASE WHEN id % 40 = 0 THEN 'proposed' ELSE 'failed' END, 'high_write',
           'requires_approval', 'Refund €48.00', 'Refunds €48.00.', '{}', '{}', '{}', 0, now()
      FROM chosen WHERE id % 20 = 0 RETURNING id, conversation_id, status)
INSERT INTO tool_approvals (tool_proposal_id, conversation_id, status, version, digest, policy_snapshot, requested_by,
    expires_at, attempt, attempt_open, starts, created_at, updated_at, decided_by, decided_at)
SELECT id, conversation_id, CASE WHEN status = 'proposed' THEN 'pending' ELSE 'execution_failed' END, 1,
       repeat('0', 64), '{}', 'agent:iris', now() + interval '2 days', 0, false, 0, now(), now(), 'operator:1', now()
  FROM proposals
"""
_KEPT = """
UPDATE conversations SET waiting_lanes = 1 WHERE id IN
    (SELECT conversation_id FROM tool_approvals WHERE status = 'pending');
INSERT INTO conversation_tallies (status, assignee_id, channel, waiting, difference)
SELECT status, assignee_id, channel, waiting_lanes > 0, count(*) FROM conversations
 GROUP BY status, assignee_id, channel, waiting_lanes > 0;
INSERT INTO conversation_search (conversation_id, document)
SELECT c.id, console_words(concat_ws(' ', c.subject, u.name, u.email)) || console_words(m.words)
  FROM conversations c JOIN customers u ON u.id = c.customer_id
  JOIN (SELECT conversation_id, string_agg(body, ' ') AS words FROM messages GROUP BY 1) m ON m.conversation_id = c.id;
"""


def fill(database_url: str, conversations: int) -> None:
    """Pour `conversations` into an empty, migrated database that has at least three operators."""
    url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(url) as connection:
        # One build of the index over all words is several times faster than a million insertions.
        connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        index = connection.execute(
            "SELECT pg_get_indexdef('ix_conversation_search_document'::regclass)"
        ).fetchone()
        assert index
        connection.execute("DROP INDEX ix_conversation_search_document")
        for table in _TABLES:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        amounts = {"customers": max(1, conversations // 4), "conversations": conversations}
        connection.execute(_CUSTOMERS.replace(" % ", " %% "), amounts)
        connection.execute(_CONVERSATIONS, amounts)
        connection.execute(_MESSAGES)
        connection.execute(_LANES)
        connection.execute(_KEPT)
        connection.execute(index[0])
        for table in _TABLES:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
