"""Add what the queue of approvals walks and counts by, and when a deferred lane comes back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Copied by a trigger and not by the program: a proposal never changes in these, and whoever adds a lane, an older
# version of the program included, leaves them filled.
FACTS = """
CREATE FUNCTION console_lane_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT tool_ref, risk_tier, actor_id INTO NEW.tool_ref, NEW.risk_tier, NEW.asked_by
      FROM tool_proposals WHERE id = NEW.tool_proposal_id;
    RETURN NEW;
END $$;
CREATE TRIGGER tool_approvals_facts BEFORE INSERT ON tool_approvals
    FOR EACH ROW EXECUTE FUNCTION console_lane_facts();
UPDATE tool_approvals a SET tool_ref = p.tool_ref, risk_tier = p.risk_tier, asked_by = p.actor_id
  FROM tool_proposals p WHERE p.id = a.tool_proposal_id;
"""

# Differences are appended, as for conversations: two decisions at once do not wait for each other's counter.
TALLY = """
CREATE FUNCTION console_lane_tally() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one tool_approvals;
BEGIN
    IF TG_ARGV[0] = '1' THEN one := NEW; ELSE one := OLD; END IF;
    INSERT INTO lane_tallies (tool_ref, risk_tier, asked_by, requested_by, four_eyes, decide, difference)
    VALUES (one.tool_ref, one.risk_tier, one.asked_by, one.requested_by,
            coalesce((one.policy_snapshot->>'four_eyes')::boolean, false),
            coalesce(one.policy_snapshot->'decide', '[]'), TG_ARGV[0]::int);
    RETURN NULL;
END $$;

CREATE TRIGGER tool_approvals_tally_opened AFTER INSERT ON tool_approvals
    FOR EACH ROW WHEN (NEW.status = 'pending') EXECUTE FUNCTION console_lane_tally('1');
CREATE TRIGGER tool_approvals_tally_reopened AFTER UPDATE ON tool_approvals
    FOR EACH ROW WHEN (NEW.status = 'pending' AND OLD.status <> 'pending') EXECUTE FUNCTION console_lane_tally('1');
CREATE TRIGGER tool_approvals_tally_decided AFTER UPDATE ON tool_approvals
    FOR EACH ROW WHEN (OLD.status = 'pending' AND NEW.status <> 'pending') EXECUTE FUNCTION console_lane_tally('-1');
CREATE TRIGGER tool_approvals_tally_gone AFTER DELETE ON tool_approvals
    FOR EACH ROW WHEN (OLD.status = 'pending') EXECUTE FUNCTION console_lane_tally('-1');

INSERT INTO lane_tallies (tool_ref, risk_tier, asked_by, requested_by, four_eyes, decide, difference)
SELECT tool_ref, risk_tier, asked_by, requested_by, coalesce((policy_snapshot->>'four_eyes')::boolean, false),
       coalesce(policy_snapshot->'decide', '[]'), count(*)
  FROM tool_approvals WHERE status = 'pending' GROUP BY 1, 2, 3, 4, 5, 6;
"""

PENDING = "status = 'pending'"
WALKS = {
    "ix_tool_approvals_due_tool": (["tool_ref", "expires_at", "id"], PENDING),
    "ix_tool_approvals_due_tier": (["risk_tier", "expires_at", "id"], PENDING),
    "ix_tool_approvals_due_asker": (["asked_by", "expires_at", "id"], PENDING),
    "ix_tool_approvals_due_operators": (
        ["expires_at", "id"],
        """status = 'pending' AND policy_snapshot @> '{"decide": ["operator"]}'""",
    ),
    "ix_tool_approvals_age": (["created_at", "id"], PENDING),
    "ix_tool_approvals_wake": (["wake_at", "id"], "status = 'deferred' AND wake_at IS NOT NULL"),
}


def upgrade() -> None:
    op.create_table(
        "lane_tallies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tool_ref", sa.Text(), nullable=False),
        sa.Column("risk_tier", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("four_eyes", sa.Boolean(), nullable=False),
        sa.Column("decide", postgresql.JSONB(), nullable=False),
        sa.Column("difference", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lane_tallies"),
    )
    for column in (
        sa.Column("tool_ref", sa.Text(), nullable=True),
        sa.Column("risk_tier", sa.String(length=16), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returns_id", sa.BigInteger(), nullable=True),
    ):
        op.add_column("tool_approvals", column)
    op.create_foreign_key(
        "fk_tool_approvals_returns_id",
        "tool_approvals",
        "tool_approvals",
        ["returns_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.execute(FACTS)
    for name in ("tool_ref", "risk_tier", "asked_by"):
        op.alter_column("tool_approvals", name, nullable=False)
    op.execute(TALLY)
    for name, (columns, where) in WALKS.items():
        op.create_index(name, "tool_approvals", columns, postgresql_where=sa.text(where))
