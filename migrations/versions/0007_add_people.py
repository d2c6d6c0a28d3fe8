"""Add what people need: identities, links for passwords, recognisable sign-ins, versions, and the words of their log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Every row satisfied the shorter list. To validate the longer one would only read them all, under the table's lock.
WIDEN_THE_LOG = """
ALTER TABLE audit_events DROP CONSTRAINT ck_audit_events_event_type;
ALTER TABLE audit_events ADD CONSTRAINT ck_audit_events_event_type CHECK (event_type IN (
    'followup_requested', 'followup_repeated', 'followup_cancelled', 'bulk_submitted', 'bulk_refused', 'bulk_undone',
    'bulk_stopped', 'bulk_retried', 'delivery_sent', 'delivery_failed', 'delivery_uncertain', 'delivery_retried',
    'delivery_marked_sent', 'template_created', 'template_changed', 'template_archived', 'template_restored',
    'signed_in', 'sign_in_failed', 'signed_out', 'sign_ins_ended', 'refused', 'operator_created', 'operator_invited',
    'operator_changed', 'operator_deactivated', 'operator_activated', 'password_link_made', 'password_set',
    'identity_linked', 'identity_released', 'agent_created', 'agent_changed', 'agent_renewed', 'agent_deactivated',
    'agent_activated')) NOT VALID;
"""


def upgrade() -> None:
    op.execute(WIDEN_THE_LOG)
    op.alter_column("operators", "password_hash", existing_type=sa.Text(), nullable=True)
    op.add_column(
        "operators", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column("operators", sa.Column("oidc_issuer", sa.Text(), nullable=True))
    op.add_column("operators", sa.Column("oidc_subject", sa.Text(), nullable=True))
    op.create_unique_constraint("uq_operators_identity", "operators", ["oidc_issuer", "oidc_subject"])
    op.create_check_constraint(
        op.f("ck_operators_identity_whole"), "operators", "(oidc_issuer IS NULL) = (oidc_subject IS NULL)"
    )
    op.add_column(
        "api_tokens", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column(
        "sign_ins",
        sa.Column("method", sa.String(length=16), server_default=sa.text("'password'"), nullable=False),
    )
    op.create_check_constraint(op.f("ck_sign_ins_method"), "sign_ins", "method IN ('password', 'oidc')")
    op.add_column("sign_ins", sa.Column("address", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("sign_ins", sa.Column("browser", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.create_table(
        "password_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose IN ('invitation', 'reset')", name=op.f("ck_password_links_purpose")),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name="fk_password_links_operator_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_password_links"),
        sa.UniqueConstraint("token_hash", name="uq_password_links_token_hash"),
    )
    op.create_index(
        "uq_password_links_open",
        "password_links",
        ["operator_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
