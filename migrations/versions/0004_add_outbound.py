"""Add outbound: templates, previews, envelopes, deliveries with their counts, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

AUDIT_IS_APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_trail();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_trail();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER never_emptied;
"""

# One row a statement, envelope and session: whoever changes deliveries of one envelope waits for one row at most, and
# of several envelopes in the order of their ids.
COUNTS = """
ALTER TABLE envelope_counts SET (fillfactor = 50);

CREATE TYPE console_counted AS (envelope_id uuid, state text, change int);

CREATE FUNCTION console_add_to_counts(changes console_counted[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO envelope_counts AS c (envelope_id, shard, pending, sending, sent, failed, uncertain, cancelled)
    SELECT envelope_id, pg_backend_pid() % 8,
           coalesce(sum(change) FILTER (WHERE state = 'pending'), 0),
           coalesce(sum(change) FILTER (WHERE state = 'sending'), 0),
           coalesce(sum(change) FILTER (WHERE state = 'sent'), 0),
           coalesce(sum(change) FILTER (WHERE state = 'failed'), 0),
           coalesce(sum(change) FILTER (WHERE state = 'uncertain'), 0),
           coalesce(sum(change) FILTER (WHERE state = 'cancelled'), 0)
      FROM unnest(changes) WHERE envelope_id IS NOT NULL GROUP BY envelope_id ORDER BY envelope_id
    ON CONFLICT (envelope_id, shard) DO UPDATE
       SET pending = c.pending + excluded.pending, sending = c.sending + excluded.sending,
           sent = c.sent + excluded.sent, failed = c.failed + excluded.failed,
           uncertain = c.uncertain + excluded.uncertain, cancelled = c.cancelled + excluded.cancelled
$$;

CREATE FUNCTION console_deliveries_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM console_add_to_counts(ARRAY(
        SELECT (envelope_id, state, count(*))::console_counted FROM added GROUP BY envelope_id, state));
    RETURN NULL;
END $$;

CREATE FUNCTION console_deliveries_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM console_add_to_counts(ARRAY(
        SELECT (envelope_id, state, -count(*))::console_counted FROM gone GROUP BY envelope_id, state));
    RETURN NULL;
END $$;

CREATE FUNCTION console_deliveries_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM console_add_to_counts(ARRAY(
        SELECT (envelope_id, state, sum(change))::console_counted
          FROM (SELECT envelope_id, state, 1 AS change FROM added
                 UNION ALL
                SELECT envelope_id, state, -1 FROM gone) both_sides
         GROUP BY envelope_id, state HAVING sum(change) <> 0));
    RETURN NULL;
END $$;

CREATE TRIGGER deliveries_counted_added AFTER INSERT ON deliveries
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION console_deliveries_added();
CREATE TRIGGER deliveries_counted_gone AFTER DELETE ON deliveries
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION console_deliveries_gone();
CREATE TRIGGER deliveries_counted_moved AFTER UPDATE ON deliveries
    REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION console_deliveries_moved();
"""


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column(
            "id",
            sa.BigInteger(),
            server_default=sa.text("nextval('tool_action_events_id_seq')"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("event_type", sa.String(length=32), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("envelope_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("template_id", sa.BigInteger(), nullable=True),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "event_type IN ('followup_requested', 'followup_repeated', 'followup_cancelled', 'bulk_submitted', 'bulk_refused', 'bulk_undone', 'bulk_stopped', 'bulk_retried', 'delivery_sent', 'delivery_failed', 'delivery_uncertain', 'delivery_retried', 'delivery_marked_sent', 'template_created', 'template_changed', 'template_archived', 'template_restored')",
            name=op.f("ck_audit_events_event_type"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index(
        "ix_audit_events_conversation",
        "audit_events",
        ["conversation_id", "id"],
        unique=False,
        postgresql_where=sa.text("conversation_id IS NOT NULL"),
    )
    op.create_index(
        "ix_audit_events_envelope",
        "audit_events",
        ["envelope_id", "id"],
        unique=False,
        postgresql_where=sa.text("envelope_id IS NOT NULL"),
    )
    op.create_table(
        "message_templates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message_templates"),
    )
    op.create_index(
        "uq_message_templates_name_lower",
        "message_templates",
        [sa.literal_column("lower(name)")],
        unique=True,
    )
    op.create_table(
        "bulk_envelopes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("conversation_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("left_out", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("send_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_count", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(status = 'submitted') = (reason IS NULL)", name=op.f("ck_bulk_envelopes_reason_of_refusal")
        ),
        sa.CheckConstraint(
            "status IN ('submitted', 'refused_cap_exceeded')", name=op.f("ck_bulk_envelopes_status")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["message_templates.id"],
            name="fk_bulk_envelopes_template_id",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_envelopes"),
    )
    op.create_index(
        "ix_bulk_envelopes_newest",
        "bulk_envelopes",
        [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "bulk_previews",
        sa.Column("envelope_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("conversation_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("eligible_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("fingerprints", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("left_out", postgresql.JSONB(), nullable=False),
        sa.Column("shown", postgresql.JSONB(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["message_templates.id"],
            name="fk_bulk_previews_template_id",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("envelope_id", name="pk_bulk_previews"),
    )
    op.create_index("ix_bulk_previews_expires_at", "bulk_previews", ["expires_at"], unique=False)
    op.create_table(
        "template_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["message_templates.id"],
            name="fk_template_versions_template_id",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_template_versions"),
        sa.UniqueConstraint("template_id", "version", name="uq_template_versions_template_id_version"),
    )
    op.create_table(
        "envelope_counts",
        sa.Column("envelope_id", sa.Uuid(), nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("sending", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["envelope_id"], ["bulk_envelopes.id"], name="fk_envelope_counts_envelope_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("envelope_id", "shard", name="pk_envelope_counts"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("envelope_id", sa.Uuid(), nullable=True),
        sa.Column("repeats_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("send_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'sending') <= (claim_id IS NOT NULL)", name=op.f("ck_deliveries_sending_is_claimed")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'failed', 'uncertain', 'cancelled')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('failed', 'uncertain') OR reason IS NOT NULL",
            name=op.f("ck_deliveries_trouble_explained"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_deliveries_conversation_id",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["envelope_id"], ["bulk_envelopes.id"], name="fk_deliveries_envelope_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name="fk_deliveries_message_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["repeats_id"], ["deliveries.id"], name="fk_deliveries_repeats_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["message_templates.id"], name="fk_deliveries_template_id", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("message_id", name="uq_deliveries_message_id"),
    )
    op.create_index("ix_deliveries_conversation", "deliveries", ["conversation_id", "id"], unique=False)
    op.create_index("ix_deliveries_envelope", "deliveries", ["envelope_id", "state", "id"], unique=False)
    op.create_index(
        "ix_deliveries_repeats",
        "deliveries",
        ["repeats_id"],
        unique=False,
        postgresql_where=sa.text("repeats_id IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_sending",
        "deliveries",
        ["claim_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["envelope_id", "send_after", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "uq_deliveries_live",
        "deliveries",
        ["conversation_id", "template_id", "envelope_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("state IN ('pending', 'sending')"),
    )
    op.create_index(
        "uq_deliveries_once",
        "deliveries",
        ["conversation_id", "template_id", "envelope_id", "repeats_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.execute(AUDIT_IS_APPEND_ONLY)
    op.execute(COUNTS)
