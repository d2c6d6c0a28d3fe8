"""The rows that a growing database gets: for each number n one conversation, and what some of them led to.

Ids follow from n, so that what belongs together is filled in at the same time, and needs no look at what is there.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.past import STEPS

PEOPLE = """
INSERT INTO operators (email, name, password_hash, role, scopes, active, created_at)
SELECT 'person' || n || '@team.example', (ARRAY['Cleo','Dario','Esther','Farid','Greta','Hugo'])[1 + mod(n, 6)]
           || ' ' || initcap(substr(md5('team' || n), 1, 7)), '-', 'operator', '{}', true, now()
  FROM generate_series(3, %(team)s) n
"""

# The moment of conversation n: the last one of the largest size is of just now.
_AT = "(now() - (%(back)s - n * %(each)s) * interval '1 second')"
_PENDING = "mod(n, 10) = 3"
# Message m of conversation n, but for what all messages say: which is read once, as a document is a set of words.
_WORDS = """(ARRAY['zip','hood','sleeve','button','lining'])[1 + mod(n * 7 + m, 5)]
           || ' word' || mod(n * 31 + m * 17, 5000) || ' ' || substr(md5((n * 5 + m)::text), 1, 8)"""
TALK = (
    """
INSERT INTO customers (id, ref, name, email, created_at)
SELECT %(earlier)s + n, 'grown-' || n,
       (ARRAY['Riya','Tomasz','Beatriz','Hanne','Lucas','Aoife','Emre','Ingrid'])[1 + mod(n, 8)]
           || ' ' || initcap(substr(md5('family' || mod(n, 3000)), 1, 7)), 'person' || n || '@example.com', now()
  FROM generate_series((%(low)s::bigint + 3) / 4, (%(high)s::bigint + 3) / 4) n
    ON CONFLICT DO NOTHING
""",
    f"""
INSERT INTO conversations (id, customer_id, subject, channel, status, assignee_id, waiting_lanes, last_message_at,
                           last_message_preview, last_message_role, created_at, resolved_at)
SELECT %(earlier)s + n, %(earlier)s + (n + 3) / 4, 'Question about order TT-' || (20000 + n),
       CASE WHEN n <= 1000 AND mod(n, 33) = 1 THEN 'fax'
            ELSE (ARRAY['email','chat','email','phone'])[1 + mod(n, 4)] END,
       CASE WHEN mod(n, 10) < 4 THEN 'open' ELSE 'resolved' END,
       CASE WHEN n <= 1000 AND mod(n, 31) = 1 THEN %(team)s WHEN mod(n, 5) > 0 THEN 1 + mod(n / 5, %(team)s - 1) END,
       ({_PENDING})::int, {_AT},
       'Is there any news about parcel ' || n || '? I have waited since Monday.',
       (ARRAY['customer','operator'])[1 + mod(n, 2)], {_AT} - interval '1 minute',
       CASE WHEN mod(n, 10) >= 4 THEN {_AT} + interval '1 hour' END
  FROM generate_series(%(low)s::bigint, %(high)s::bigint) n
""",
    f"""
INSERT INTO messages (id, conversation_id, role, body, author_name, details, created_at)
SELECT (%(earlier)s + n) * 5 + m - 4, %(earlier)s + n,
       CASE WHEN m = 5 AND mod(n, 10) = 0 THEN 'system_outbound' WHEN mod(m, 2) = 0 THEN 'operator' ELSE 'customer' END,
       'Hello, the order arrived and this is not what I expected: ' || {_WORDS}
           || '. Could you refund it or send another one please?',
       '', '{{}}', {_AT} + (m - 5) * interval '10 seconds'
  FROM generate_series(%(low)s::bigint, %(high)s::bigint) n, generate_series(1, 5) m
""",
    "ANALYZE customers",
    "ANALYZE conversations",
    f"""
INSERT INTO conversation_search (conversation_id, document)
SELECT c.id, said.by_all || console_words(concat_ws(' ', c.subject, u.name, u.email,
           (SELECT string_agg({_WORDS}, ' ') FROM generate_series(1, 5) m)))
  FROM (SELECT console_words('Hello the order arrived and this is not what I expected. '
           'Could you refund it or send another one please') AS by_all) said,
       generate_series(%(low)s::bigint, %(high)s::bigint) n
  JOIN conversations c ON c.id = %(earlier)s + n
  JOIN customers u ON u.id = c.customer_id
""",
    """
INSERT INTO conversation_tallies (status, assignee_id, channel, waiting, difference)
SELECT status, assignee_id, channel, waiting_lanes > 0, count(*) FROM conversations
 WHERE id BETWEEN %(earlier)s + %(low)s AND %(earlier)s + %(high)s GROUP BY 1, 2, 3, 4
""",
)

# One in four led to an action that is done, but for a few early ones that were approved and have not moved since;
# one in ten to one that waits.
_PROPOSALS = """
INSERT INTO tool_proposals (id, tool_ref, actor_id, conversation_id, input, idempotency_key, status, risk_tier,
    approval_mode, title, consequence, input_snapshot, scope_snapshot, policy_snapshot, attempts, created_at)
SELECT {id}, p.tool_ref, {actor}, %(earlier)s + n, p.input, lpad(({id})::text, 64, '0'), {status}, p.risk_tier,
       p.approval_mode, p.title, p.consequence, p.input_snapshot, p.scope_snapshot, p.policy_snapshot, {attempts}, {at}
  FROM generate_series(%(low)s::bigint, %(high)s::bigint) n
  JOIN tool_proposals p ON p.id = (%(asked)s::bigint[])[{kind}]
 WHERE {when}
"""
_LANES = """
INSERT INTO tool_approvals (id, tool_proposal_id, conversation_id, status, version, digest, policy_snapshot, votes,
    requested_by, tool_ref, risk_tier, asked_by, expires_at, attempt, attempt_open, starts, created_at, updated_at,
    decided_by, decided_at)
SELECT p.id, p.id, p.conversation_id, {status}, 1, a.digest, a.policy_snapshot, {votes},
       p.actor_id, p.tool_ref, p.risk_tier, p.actor_id, {until}, 0, false, 0, p.created_at, p.created_at,
       {decided_by}, {decided_at}
  FROM generate_series(%(low)s::bigint, %(high)s::bigint) n
  JOIN tool_proposals p ON p.id = {id}
  JOIN tool_approvals a ON a.tool_proposal_id = ANY(%(asked)s::bigint[]) AND a.tool_ref = p.tool_ref
 WHERE {when}
"""
_DONE = {"id": "(%(earlier)s + n) * 2", "when": "mod(n, 4) = 1"}
_WAITS = {"id": "(%(earlier)s + n) * 2 + 1", "when": _PENDING}
_LAST = "CASE WHEN n > 1000 OR mod(n, 100) NOT IN (1, 5) THEN 6 WHEN mod(n, 100) = 1 THEN 3 ELSE 4 END"
_OPENED = "now() - mod(n * 104729, 160000) * interval '1 second'"
_VOTES = """CASE WHEN n <= 1000 AND mod(n, 100) = 23
            THEN '[{"by": "operator:3", "at": "2026-01-05T10:00:00+00:00"}]'::jsonb ELSE '[]' END"""

# Of each line below that says who signed in: until the evening.
_SIGN_INS = f"""
INSERT INTO sign_ins (operator_id, token_hash, created_at, expires_at, ended_at)
SELECT 2 + mod(n, 20), md5('sign-in ' || n), {_AT}, {_AT} + interval '14 hours', {_AT} + interval '8 hours'
  FROM generate_series(%(low)s::bigint, %(high)s::bigint) n WHERE mod(n, 5) = 2
"""

# One in ten got a follow-up: in bulk sends of a few recipients, and in one that grows with the rest.
_ENVELOPE = "md5(CASE WHEN mod(n, 100) = 10 THEN 'largest' ELSE 'send' || n / 40 END)::uuid"
_STATE = """CASE WHEN n > 1000 THEN 'sent' WHEN mod(n, 300) = 110 THEN 'failed' WHEN mod(n, 300) = 210 THEN 'uncertain'
            WHEN mod(n, 300) = 10 THEN 'pending' ELSE 'sent' END"""
WORK = (
    _SIGN_INS,
    _PROPOSALS.format(
        **_DONE,
        actor="'agent:iris'",
        kind="1",
        attempts="1",
        at=_AT,
        status=f"CASE WHEN {_LAST} = 6 THEN 'succeeded' ELSE 'proposed' END",
    ),
    _PROPOSALS.format(
        **_WAITS,
        actor="CASE WHEN n <= 1000 AND mod(n, 100) = 13 THEN 'agent:rare' ELSE 'agent:iris' END",
        kind="CASE WHEN n <= 1000 AND mod(n, 100) = 3 THEN 3 ELSE 1 + mod(n / 10, 2) END",
        attempts="0",
        at=_OPENED,
        status="'proposed'",
    ),
    _LANES.format(
        **_DONE,
        status=f"(ARRAY['approved','execution_pending','','executed'])[{_LAST} - 2]",
        votes="'[]'",
        until="p.created_at + interval '2 days'",
        decided_by="'operator:2'",
        decided_at="p.created_at",
    ),
    _LANES.format(
        **_WAITS,
        status="'pending'",
        votes=_VOTES,
        decided_by="NULL",
        decided_at="NULL",
        until="now() + (7200 + mod(n * 7919, 160000)) * interval '1 second'",
    ),
    """
INSERT INTO lane_tallies (tool_ref, risk_tier, asked_by, requested_by, four_eyes, decide, difference)
SELECT tool_ref, risk_tier, asked_by, requested_by, coalesce((policy_snapshot->>'four_eyes')::boolean, false),
       coalesce(policy_snapshot->'decide', '[]'), count(*)
  FROM tool_approvals WHERE status = 'pending'
   AND id BETWEEN (%(earlier)s + %(low)s) * 2 AND (%(earlier)s + %(high)s) * 2 + 1 GROUP BY 1, 2, 3, 4, 5, 6
""",
    """
INSERT INTO message_templates (id, name, version, created_at) VALUES (1, 'Lost parcel', 1, now()) ON CONFLICT DO NOTHING
""",
    """
INSERT INTO template_versions (id, template_id, version, subject, body, created_by, created_at)
VALUES (1, 1, 1, 'Your parcel', 'It leaves today.', 'operator:2', now()) ON CONFLICT DO NOTHING
""",
    f"""
INSERT INTO deliveries (id, message_id, conversation_id, template_id, template_version, envelope_id, channel,
    recipient, address, subject, state, send_after, attempts, reason, created_by, created_at, updated_at)
SELECT n / 10, (%(earlier)s + n) * 5 + 1, %(earlier)s + n, 1, 1, {_ENVELOPE}, 'log', 'Customer ' || n,
       'person' || n || '@example.com', 'Your parcel', {_STATE},
       CASE {_STATE} WHEN 'pending' THEN now() + interval '1 day' ELSE {_AT} END, 1,
       CASE WHEN {_STATE} IN ('failed', 'uncertain') THEN 'The address does not exist.' END, 'operator:2', {_AT}, {_AT}
  FROM generate_series(%(low)s::bigint, %(high)s::bigint) n WHERE mod(n, 10) = 0
""",
    """
INSERT INTO bulk_envelopes (id, status, template_id, template_version, subject, body, conversation_ids, count, cap,
    left_out, created_by, created_at, send_after)
SELECT envelope_id, 'submitted', 1, 1, 'Your parcel', 'It leaves today.', array_agg(conversation_id), count(*), 100000,
       '[]', 'operator:2', min(created_at), min(created_at)
  FROM deliveries WHERE id BETWEEN %(low)s / 10 AND %(high)s / 10 GROUP BY envelope_id
    ON CONFLICT (id) DO UPDATE SET count = bulk_envelopes.count + excluded.count,
       conversation_ids = bulk_envelopes.conversation_ids || excluded.conversation_ids
""",
    """
INSERT INTO envelope_counts AS c (envelope_id, shard, pending, sending, sent, failed, uncertain, cancelled)
SELECT envelope_id, 0, count(*) FILTER (WHERE state = 'pending'), 0, count(*) FILTER (WHERE state = 'sent'),
       count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'uncertain'), 0
  FROM deliveries WHERE id BETWEEN (%(low)s + 9) / 10 AND %(high)s / 10 GROUP BY envelope_id
    ON CONFLICT (envelope_id, shard) DO UPDATE SET sent = c.sent + excluded.sent
""",
)

# A statement a step: each event is sealed with the hash of the one before it, as the trigger does it.
_STEP = """
INSERT INTO tool_action_events (id, tool_proposal_id, tool_approval_id, conversation_id, event_type, actor_id,
    from_status, to_status, details, created_at, tool_ref, sequence, prev_hash, hash)
SELECT r.*, console_seal(to_jsonb(r)) FROM (
    SELECT (%(earlier)s + n) * 20 + {place} AS id, p.id AS tool_proposal_id,
           CASE WHEN {number} > 1 THEN p.id END AS tool_approval_id, p.conversation_id, '{event}' AS event_type,
           {actor} AS actor_id, {before}::text AS from_status, {after}::text AS to_status,
           jsonb_build_object('attempt', 1) AS details, p.created_at + {number} * interval '3.7 s' AS created_at,
           p.tool_ref, {number} AS sequence, coalesce(s.hash, repeat('0', 64)) AS prev_hash
      FROM generate_series(%(low)s::bigint, %(high)s::bigint) n
      JOIN tool_proposals p ON p.id = {id}
      LEFT JOIN tool_action_events s ON {number} > 1 AND s.id = (%(earlier)s + n) * 20 + {place} - 1
     WHERE {when}) r
"""
_WHO = {"asker": "p.actor_id", "decider": "'operator:' || 2 + mod(n, 20)", "console": "'system'"}
_HEAD = """
INSERT INTO trail_heads (tool_proposal_id, events, event_id, hash)
SELECT s.tool_proposal_id, s.sequence, s.id, s.hash
  FROM generate_series(%(low)s::bigint, %(high)s::bigint) n
  JOIN tool_action_events s ON s.id = (%(earlier)s + n) * 20 + {last} WHERE {when}
"""
_LINE = """
INSERT INTO audit_events (id, event_type, actor_id, conversation_id, envelope_id, delivery_id, operator_id, details,
    created_at, hash)
SELECT r.*, console_seal(to_jsonb(r)) FROM (SELECT (%(earlier)s + n) * 20 + {place} AS id, {columns} AS created_at
  FROM generate_series(%(low)s::bigint, %(high)s::bigint) n WHERE {when}) r
"""


def _trail() -> Iterator[str]:
    for number, (event, who, before, after) in enumerate(STEPS, start=1):
        step = {"number": number, "event": event, "actor": _WHO[who], "before": before, "after": after}
        moved = {"id": _DONE["id"], "when": f"{_DONE['when']} AND {_LAST} >= {number}"}
        yield _STEP.format(place=number, **moved, **step)
        if number <= 2:
            yield _STEP.format(place=10 + number, **_WAITS, **step)
    yield _HEAD.format(last=_LAST, when=_DONE["when"])
    yield _HEAD.format(last=12, when=_WAITS["when"])
    yield _LINE.format(
        place=15,
        when="mod(n, 10) = 0",
        columns=f"""'delivery_sent' AS event_type, 'system' AS actor_id, %(earlier)s + n AS conversation_id,
            {_ENVELOPE} AS envelope_id, n / 10 AS delivery_id, NULL::bigint AS operator_id,
            jsonb_build_object('attempts', 1) AS details, {_AT}""",
    )
    yield _LINE.format(
        place=16,
        when="mod(n, 5) = 2",
        columns=f"""'signed_in' AS event_type, 'operator:' || 2 + mod(n, 20) AS actor_id, NULL::bigint
            AS conversation_id, NULL::uuid AS envelope_id, NULL::bigint AS delivery_id, 2 + mod(n, 20) AS operator_id,
            '{{}}'::jsonb AS details, {_AT}""",
    )


TRAIL = tuple(_trail())
