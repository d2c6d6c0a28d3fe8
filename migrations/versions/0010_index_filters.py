"""Index what filters find in the inbox, the bulk sends and the audit log: one that finds little looks at little."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NEWEST = ["last_message_at", "id"]
WAITING = "waiting_lanes > 0"
INDEXES = (
    ("ix_conversations_owned", "conversations", ["status", "assignee_id", *NEWEST], None),
    ("ix_conversations_came", "conversations", ["status", "channel", *NEWEST], None),
    ("ix_conversations_owned_came", "conversations", ["status", "assignee_id", "channel", *NEWEST], None),
    ("ix_conversations_waiting_status", "conversations", ["status", *NEWEST], WAITING),
    ("ix_conversations_waiting_owned", "conversations", ["status", "assignee_id", *NEWEST], WAITING),
    ("ix_conversations_waiting_came", "conversations", ["status", "channel", *NEWEST], WAITING),
    ("ix_bulk_envelopes_status", "bulk_envelopes", ["status", "created_at", "id"], None),
    ("ix_audit_events_send", "audit_events", ["envelope_id", "created_at", "id"], "envelope_id IS NOT NULL"),
)
GONE = ("ix_audit_events_envelope", "audit_events")
"""The one of its lines by envelope does for the version before as well."""


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
