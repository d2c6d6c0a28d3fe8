"""The audit log: who did what besides deciding about actions, whose trail is `tool_action_events`."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, FetchedValue, Index, Sequence, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, now
from console.models.columns import Json, Moment, Words, one_of

EVENT_IDS = Sequence("tool_action_events_id_seq")
"""Both logs draw from one sequence, so that one number orders everything that happened."""


class AuditType(StrEnum):
    FOLLOWUP_REQUESTED = "followup_requested"
    FOLLOWUP_REPEATED = "followup_repeated"
    FOLLOWUP_CANCELLED = "followup_cancelled"
    BULK_SUBMITTED = "bulk_submitted"
    BULK_REFUSED = "bulk_refused"
    BULK_UNDONE = "bulk_undone"
    BULK_STOPPED = "bulk_stopped"
    BULK_RETRIED = "bulk_retried"
    DELIVERY_SENT = "delivery_sent"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERY_UNCERTAIN = "delivery_uncertain"
    DELIVERY_RETRIED = "delivery_retried"
    DELIVERY_MARKED_SENT = "delivery_marked_sent"
    TEMPLATE_CREATED = "template_created"
    TEMPLATE_CHANGED = "template_changed"
    TEMPLATE_ARCHIVED = "template_archived"
    TEMPLATE_RESTORED = "template_restored"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    SIGN_INS_ENDED = "sign_ins_ended"
    REFUSED = "refused"
    OPERATOR_CREATED = "operator_created"
    OPERATOR_INVITED = "operator_invited"
    OPERATOR_CHANGED = "operator_changed"
    OPERATOR_DEACTIVATED = "operator_deactivated"
    OPERATOR_ACTIVATED = "operator_activated"
    PASSWORD_LINK_MADE = "password_link_made"
    PASSWORD_SET = "password_set"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_RELEASED = "identity_released"
    AGENT_CREATED = "agent_created"
    AGENT_CHANGED = "agent_changed"
    AGENT_RENEWED = "agent_renewed"
    AGENT_DEACTIVATED = "agent_deactivated"
    AGENT_ACTIVATED = "agent_activated"


class AuditEvent(Base):
    """One line of the log. A trigger refuses every UPDATE, DELETE and TRUNCATE.

    Its lines are sealed one by one and make no chain, unlike those of a proposal: a bulk send is written by all workers
    at once, and each would wait with its line for the commit of the one before it.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        one_of("event_type", AuditType, "event_type"),
        Index(
            "ix_audit_events_conversation",
            "conversation_id",
            "created_at",
            "id",
            postgresql_where=text("conversation_id IS NOT NULL"),
        ),
        Index(
            "ix_audit_events_send",
            "envelope_id",
            "created_at",
            "id",
            postgresql_where=text("envelope_id IS NOT NULL"),
        ),
        Index("ix_audit_events_newest", "created_at", "id"),
        Index("ix_audit_events_actor", "actor_id", "created_at", "id"),
        Index("ix_audit_events_event", "event_type", "created_at", "id"),
        Index("ix_audit_events_actor_event", "actor_id", "event_type", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger,
        EVENT_IDS,
        primary_key=True,
        autoincrement=False,
        server_default=text("nextval('tool_action_events_id_seq')"),
    )
    event_type: Mapped[AuditType] = mapped_column(String(32))
    actor_id: Mapped[Words]
    # No foreign keys: the log outlives what it speaks of.
    conversation_id: Mapped[int | None] = mapped_column(BigInteger)
    envelope_id: Mapped[UUID | None] = mapped_column(Uuid)
    delivery_id: Mapped[int | None] = mapped_column(BigInteger)
    template_id: Mapped[int | None] = mapped_column(BigInteger)
    operator_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text)
    details: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[Moment] = mapped_column(default=now)
    hash: Mapped[str] = mapped_column(String(64), server_default=FetchedValue())
    """SHA-256 of every other column of this row that is not empty; a trigger fills it."""
