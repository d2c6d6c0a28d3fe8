"""Index what the pages of people look up: somebody's latest and open sign-ins, and the lanes that they asked for again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_sign_ins_latest", "sign_ins", ["operator_id", "created_at"], None),
    ("ix_sign_ins_open", "sign_ins", ["operator_id", "expires_at"], "ended_at IS NULL"),
    ("ix_tool_approvals_due_requester", "tool_approvals", ["requested_by", "expires_at", "id"], "status = 'pending'"),
)  # fmt: skip
GONE = ("ix_sign_ins_operator_id", "sign_ins")
"""What the first of these does for the version before as well."""


def upgrade() -> None:
    """Beside the work that goes on: nobody who writes waits. One that was broken off begins again."""
    with op.get_context().autocommit_block():
        for name, table, columns, where in INDEXES:
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                table,
                columns,
                postgresql_where=sa.text(where) if where else None,
                postgresql_concurrently=True,
            )
        op.drop_index(*GONE, if_exists=True, postgresql_concurrently=True)
