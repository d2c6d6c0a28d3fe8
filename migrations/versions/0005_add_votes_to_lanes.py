"""Add the approvals of a lane, for policies that ask for more than one, and their line in the trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Lanes that were approved before have no approvals written down, and took one; a console of the version before, which
# may still run during an upgrade, goes on writing such.
ENOUGH = "status NOT IN ('approved', 'execution_pending', 'executed', 'execution_failed') OR decided_by = 'policy' OR greatest(jsonb_array_length(votes), 1) >= coalesce((policy_snapshot ->> 'approvals')::int, 1)"
EVENTS = "event_type IN ('proposal_created', 'proposal_blocked', 'approval_requested', 'vote_recorded', 'approved', 'rejected', 'deferred', 'expired', 'revalidation_passed', 'revalidation_failed', 'execution_enqueued', 'execution_started', 'execution_succeeded', 'execution_attempt_failed', 'execution_failed')"


def upgrade() -> None:
    op.add_column(
        "tool_approvals",
        sa.Column("votes", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.create_check_constraint(op.f("ck_tool_approvals_enough_votes"), "tool_approvals", ENOUGH)
    op.drop_constraint(op.f("ck_tool_action_events_event_type"), "tool_action_events", type_="check")
    op.create_check_constraint(op.f("ck_tool_action_events_event_type"), "tool_action_events", EVENTS)
