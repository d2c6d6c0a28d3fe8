"""Create the console: people, conversations, governed actions and their trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EVENTS_ARE_APPEND_ONLY = """
CREATE FUNCTION refuse_change_of_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The trail is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tool_action_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_trail();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON tool_action_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_trail();
ALTER TABLE tool_action_events ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE tool_action_events ENABLE ALWAYS TRIGGER never_emptied;
"""


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("name", name="uq_api_tokens_name"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )
    op.create_table(
        "conversation_tallies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("difference", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversation_tallies"),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.UniqueConstraint("ref", name="uq_customers_ref"),
    )
    op.create_table(
        "operators",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('operator', 'admin')", name=op.f("ck_operators_role")),
        sa.PrimaryKeyConstraint("id", name="pk_operators"),
    )
    op.create_index("uq_operators_email_lower", "operators", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "conversations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.Column("waiting_lanes", sa.Integer(), nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_message_preview", sa.Text(), nullable=False),
        sa.Column("last_message_role", sa.String(length=24), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('open', 'resolved')", name=op.f("ck_conversations_status")),
        sa.CheckConstraint("waiting_lanes >= 0", name=op.f("ck_conversations_waiting_lanes")),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["operators.id"], name="fk_conversations_assignee_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_conversations_customer_id", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint("external_id", name="uq_conversations_external_id"),
    )
    op.create_index(
        "ix_conversations_all",
        "conversations",
        [sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_conversations_customer", "conversations", ["customer_id"], unique=False)
    op.create_index(
        "ix_conversations_mine",
        "conversations",
        ["assignee_id", sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_conversations_open",
        "conversations",
        [sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_conversations_resolved",
        "conversations",
        [sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("status = 'resolved'"),
    )
    op.create_index(
        "ix_conversations_waiting",
        "conversations",
        [sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("waiting_lanes > 0"),
    )
    op.create_table(
        "drafts",
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name="fk_drafts_operator_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("operator_id", "key", name="pk_drafts"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name="fk_sign_ins_operator_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
        sa.UniqueConstraint("token_hash", name="uq_sign_ins_token_hash"),
    )
    op.create_index("ix_sign_ins_operator_id", "sign_ins", ["operator_id"], unique=False)
    op.create_table(
        "conversation_search",
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("document", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_conversation_search_conversation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_conversation_search"),
    )
    op.create_index(
        "ix_conversation_search_document",
        "conversation_search",
        ["document"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("run_key", sa.String(length=64), nullable=True),
        sa.Column("form_token", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('customer', 'operator', 'internal_note', 'system_outbound', 'action', 'system')",
            name=op.f("ck_messages_role"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_messages_conversation_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("form_token", name="uq_messages_form_token"),
        sa.UniqueConstraint("run_key", name="uq_messages_run_key"),
    )
    op.create_index(
        "ix_messages_conversation", "messages", ["conversation_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "tool_proposals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tool_ref", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("input", postgresql.JSONB(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("risk_tier", sa.String(length=16), nullable=False),
        sa.Column("approval_mode", sa.String(length=24), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("consequence", sa.Text(), nullable=False),
        sa.Column("input_snapshot", postgresql.JSONB(), nullable=False),
        sa.Column("scope_snapshot", postgresql.JSONB(), nullable=False),
        sa.Column("policy_snapshot", postgresql.JSONB(), nullable=False),
        sa.Column("blocked_outcome", sa.String(length=24), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("errors", postgresql.JSONB(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("result_summary", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'blocked') = (blocked_outcome IS NOT NULL)",
            name=op.f("ck_tool_proposals_blocked_outcome"),
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'blocked', 'succeeded', 'failed', 'unknown')",
            name=op.f("ck_tool_proposals_status"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_tool_proposals_conversation_id",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tool_proposals"),
    )
    op.create_index(
        "ix_tool_proposals_conversation",
        "tool_proposals",
        ["conversation_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_tool_proposals_blocked_key",
        "tool_proposals",
        ["idempotency_key", "blocked_outcome"],
        unique=True,
        postgresql_where=sa.text("status = 'blocked'"),
    )
    op.create_index(
        "uq_tool_proposals_key",
        "tool_proposals",
        ["idempotency_key"],
        unique=True,
        postgresql_where=sa.text("status <> 'blocked'"),
    )
    op.create_table(
        "tool_approvals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tool_proposal_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("policy_snapshot", postgresql.JSONB(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("execute_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("last_decision", sa.String(length=24), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempt_open", sa.Boolean(), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_tool_approvals_digest")),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'deferred', 'expired', 'invalidated', 'execution_pending', 'executed', 'execution_failed')",
            name=op.f("ck_tool_approvals_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'rejected', 'deferred', 'execution_pending', 'executed', 'execution_failed') OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_tool_approvals_decided_by_someone"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('rejected', 'deferred') OR (reason IS NOT NULL AND reason ~ '\\S')",
            name=op.f("ck_tool_approvals_reason_given"),
        ),
        sa.CheckConstraint(
            "reason IS NULL OR char_length(reason) <= 2000", name=op.f("ck_tool_approvals_reason_length")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_tool_approvals_conversation_id",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tool_proposal_id"],
            ["tool_proposals.id"],
            name="fk_tool_approvals_tool_proposal_id",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tool_approvals"),
    )
    op.create_index(
        "ix_tool_approvals_due",
        "tool_approvals",
        ["expires_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_tool_approvals_on_row",
        "tool_approvals",
        ["conversation_id", "status"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'execution_failed')"),
    )
    op.create_index("ix_tool_approvals_proposal", "tool_approvals", ["tool_proposal_id", "id"], unique=False)
    op.create_index(
        "ix_tool_approvals_underway",
        "tool_approvals",
        ["status", "updated_at", "id"],
        unique=False,
        postgresql_where=sa.text("status IN ('approved', 'execution_pending')"),
    )
    op.create_index(
        "uq_tool_approvals_one_pending",
        "tool_approvals",
        ["tool_proposal_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "tool_action_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tool_proposal_id", sa.BigInteger(), nullable=False),
        sa.Column("tool_approval_id", sa.BigInteger(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("event_type", sa.String(length=32), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("from_status", sa.String(length=24), nullable=True),
        sa.Column("to_status", sa.String(length=24), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "event_type IN ('proposal_created', 'proposal_blocked', 'approval_requested', 'approved', 'rejected', 'deferred', 'expired', 'revalidation_passed', 'revalidation_failed', 'execution_enqueued', 'execution_started', 'execution_succeeded', 'execution_attempt_failed', 'execution_failed')",
            name=op.f("ck_tool_action_events_event_type"),
        ),
        sa.ForeignKeyConstraint(
            ["tool_approval_id"],
            ["tool_approvals.id"],
            name="fk_tool_action_events_tool_approval_id",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tool_proposal_id"],
            ["tool_proposals.id"],
            name="fk_tool_action_events_tool_proposal_id",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tool_action_events"),
    )
    op.create_index(
        "ix_tool_action_events_proposal", "tool_action_events", ["tool_proposal_id", "id"], unique=False
    )
    op.execute(EVENTS_ARE_APPEND_ONLY)
