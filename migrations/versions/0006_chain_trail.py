"""Chain the events of each proposal by their hashes, seal the lines of the audit log, and index both for reading."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BATCH = 10_000
"""Proposals, or lines of the log, that one statement goes through."""

# jsonb has one spelling for one value: keys sorted, numbers plain. Columns that are empty do not count, so that one
# added later changes no older seal. console/trail/checking.py works it out again, without these functions.
SEAL = """
CREATE FUNCTION console_seal(line jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to(jsonb_object_agg(key, value)::text, 'UTF8')), 'hex')
      FROM jsonb_each(line - 'hash') WHERE jsonb_typeof(value) <> 'null'
$$;
"""

# By a trigger, so that every writer chains, the version of before included, and without a round trip more. The head is
# locked until the commit: two writers of one proposal come one after the other, whatever else they hold.
CHAIN = """
CREATE FUNCTION console_event_chained() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    head trail_heads;
BEGIN
    SELECT * INTO head FROM trail_heads WHERE tool_proposal_id = NEW.tool_proposal_id FOR UPDATE;
    -- Whoever waited here took its id before the one that it comes after.
    IF NEW.id <= head.event_id THEN
        NEW.id := nextval('tool_action_events_id_seq');
    END IF;
    NEW.tool_ref := (SELECT tool_ref FROM tool_proposals WHERE id = NEW.tool_proposal_id);
    NEW.sequence := coalesce(head.events, 0) + 1;
    NEW.prev_hash := coalesce(head.hash, repeat('0', 64));
    NEW.hash := console_seal(to_jsonb(NEW));
    INSERT INTO trail_heads (tool_proposal_id, events, event_id, hash)
    VALUES (NEW.tool_proposal_id, NEW.sequence, NEW.id, NEW.hash)
    ON CONFLICT (tool_proposal_id) DO UPDATE
       SET events = excluded.events, event_id = excluded.event_id, hash = excluded.hash;
    RETURN NEW;
END $$;

CREATE FUNCTION console_line_sealed() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
BEGIN
    NEW.hash := console_seal(to_jsonb(NEW));
    RETURN NEW;
END $$;
"""

# What is there already, in the order of its ids. Gone with the session.
CHAIN_OLD = """
CREATE FUNCTION pg_temp.chain(lowest bigint, highest bigint) RETURNS void LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    event tool_action_events;
    head trail_heads;
BEGIN
    FOR event IN SELECT * FROM tool_action_events
                  WHERE tool_proposal_id BETWEEN lowest AND highest ORDER BY tool_proposal_id, id
    LOOP
        IF head.tool_proposal_id IS DISTINCT FROM event.tool_proposal_id THEN
            INSERT INTO trail_heads SELECT head.* WHERE head.tool_proposal_id IS NOT NULL;
            head := (event.tool_proposal_id, 0, 0, repeat('0', 64));
        END IF;
        event.tool_ref := (SELECT tool_ref FROM tool_proposals WHERE id = event.tool_proposal_id);
        event.sequence := head.events + 1;
        event.prev_hash := head.hash;
        event.hash := console_seal(to_jsonb(event));
        head := (event.tool_proposal_id, event.sequence, event.id, event.hash);
        UPDATE tool_action_events
           SET tool_ref = event.tool_ref, sequence = event.sequence, prev_hash = event.prev_hash, hash = event.hash
         WHERE id = event.id;
    END LOOP;
    INSERT INTO trail_heads SELECT head.* WHERE head.tool_proposal_id IS NOT NULL;
END $$;

CREATE FUNCTION pg_temp.seal(lowest bigint, highest bigint) RETURNS void LANGUAGE sql SET timezone = 'UTC' AS $$
    UPDATE audit_events line SET hash = console_seal(to_jsonb(line)) WHERE id BETWEEN lowest AND highest
$$;
"""

TRIGGERS = """
ALTER TABLE trail_heads SET (fillfactor = 70);
CREATE TRIGGER chained BEFORE INSERT ON tool_action_events FOR EACH ROW EXECUTE FUNCTION console_event_chained();
CREATE TRIGGER sealed BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION console_line_sealed();
CREATE TRIGGER append_only BEFORE DELETE ON trail_heads
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_trail();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON trail_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_trail();
CREATE TRIGGER one_by_one BEFORE UPDATE ON trail_heads
    FOR EACH ROW WHEN (NEW.tool_proposal_id <> OLD.tool_proposal_id OR NEW.events <> OLD.events + 1)
    EXECUTE FUNCTION refuse_change_of_trail();
ALTER TABLE trail_heads ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE trail_heads ENABLE ALWAYS TRIGGER never_emptied;
ALTER TABLE trail_heads ENABLE ALWAYS TRIGGER one_by_one;
"""

FILLED = {"tool_action_events": ("tool_ref", "sequence", "prev_hash", "hash"), "audit_events": ("hash",)}
INDEXES = {
    "tool_action_events": {
        "newest": ["created_at", "id"],
        "actor": ["actor_id", "created_at", "id"],
        "event": ["event_type", "created_at", "id"],
        "tool": ["tool_ref", "created_at", "id"],
        "actor_event": ["actor_id", "event_type", "created_at", "id"],
        "actor_tool": ["actor_id", "tool_ref", "created_at", "id"],
        "event_tool": ["event_type", "tool_ref", "created_at", "id"],
        "conversation": ["conversation_id", "created_at", "id"],
    },
    "audit_events": {
        "newest": ["created_at", "id"],
        "actor": ["actor_id", "created_at", "id"],
        "event": ["event_type", "created_at", "id"],
        "actor_event": ["actor_id", "event_type", "created_at", "id"],
        "conversation": ["conversation_id", "created_at", "id"],
    },
}


def upgrade() -> None:
    op.create_table(
        "trail_heads",
        sa.Column("tool_proposal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tool_proposal_id", name="pk_trail_heads"),
    )
    op.add_column("tool_action_events", sa.Column("tool_ref", sa.Text(), nullable=True))
    op.add_column("tool_action_events", sa.Column("sequence", sa.Integer(), nullable=True))
    for table in FILLED:
        if table == "tool_action_events":
            op.add_column(table, sa.Column("prev_hash", sa.String(length=64), nullable=True))
        op.add_column(table, sa.Column("hash", sa.String(length=64), nullable=True))
    for statement in (SEAL, CHAIN, CHAIN_OLD):
        op.execute(statement)
    _fill("tool_action_events", "tool_proposal_id", "pg_temp.chain")
    _fill("audit_events", "id", "pg_temp.seal")
    for table, columns in FILLED.items():
        for column in columns:
            op.alter_column(table, column, nullable=False)
    op.execute(TRIGGERS)
    op.drop_index("ix_audit_events_conversation", "audit_events")
    for table, indexes in INDEXES.items():
        for name, names in indexes.items():
            where = sa.text("conversation_id IS NOT NULL") if name == "conversation" else None
            op.create_index(f"ix_{table}_{name}", table, names, unique=False, postgresql_where=where)


def _fill(table: str, key: str, function: str) -> None:
    """Go through a table by its key, with the trigger asleep that refuses changes; nobody else writes meanwhile."""
    connection = op.get_bind()
    op.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    lowest, highest = connection.execute(sa.text(f"SELECT min({key}), max({key}) FROM {table}")).one()
    for first in range(lowest or 1, (highest or 0) + 1, BATCH):
        connection.execute(sa.text(f"SELECT {function}({first}, {first + BATCH - 1})"))
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")
