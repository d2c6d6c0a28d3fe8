"""Index the lanes that wait and have an approval already: what needs somebody leaves out what they approved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_tool_approvals_voted",
        "tool_approvals",
        ["id"],
        postgresql_where=sa.text("status = 'pending' AND votes <> '[]'::jsonb"),
    )
