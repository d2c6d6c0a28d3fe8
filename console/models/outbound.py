"""Follow-ups that the team sends on its own initiative: templates, envelopes of bulk sends, deliveries."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from console.db import Base, now
from console.models.columns import Id, Json, Moment, Reference, Words, one_of


class EnvelopeStatus(StrEnum):
    SUBMITTED = "submitted"
    REFUSED_CAP_EXCEEDED = "refused_cap_exceeded"


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    """The worker died before the answer, on a channel that cannot tell a second try from the first."""
    CANCELLED = "cancelled"


class MessageTemplate(Base):
    """A named text for follow-ups. `version` is the one in use; earlier ones stay for what was sent with them."""

    __tablename__ = "message_templates"
    __table_args__ = (Index("uq_message_templates_name_lower", text("lower(name)"), unique=True),)

    id: Mapped[Id]
    name: Mapped[Words]
    version: Mapped[int] = mapped_column(Integer, default=1)
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[Moment] = mapped_column(default=now)


class TemplateVersion(Base):
    """What a template said at one time. Never changed: a change is another version."""

    __tablename__ = "template_versions"
    __table_args__ = (
        UniqueConstraint("template_id", "version", name="uq_template_versions_template_id_version"),
    )

    id: Mapped[Id]
    template_id: Mapped[Reference] = mapped_column(ForeignKey("message_templates.id", ondelete="RESTRICT"))
    version: Mapped[int] = mapped_column(Integer)
    subject: Mapped[Words]
    body: Mapped[Words]
    created_by: Mapped[Words]
    created_at: Mapped[Moment] = mapped_column(default=now)

    template: Mapped[MessageTemplate] = relationship(lazy="joined", innerjoin=True, viewonly=True)


class BulkPreview(Base):
    """What an operator was shown before a bulk send, kept until it is confirmed or too old to be."""

    __tablename__ = "bulk_previews"
    __table_args__ = (Index("ix_bulk_previews_expires_at", "expires_at"),)

    envelope_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    created_by: Mapped[Words]
    template_id: Mapped[Reference] = mapped_column(ForeignKey("message_templates.id", ondelete="RESTRICT"))
    template_version: Mapped[int] = mapped_column(Integer)
    subject: Mapped[Words]
    body: Mapped[Words]
    conversation_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    eligible_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    fingerprints: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Of each eligible one, in their order: a digest of the address, the subject and the body as they would arrive."""
    left_out: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    shown: Mapped[Json]
    """The first recipients and the rendered samples."""
    cap: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[Moment] = mapped_column(default=now)
    expires_at: Mapped[Moment]


class BulkEnvelope(Base):
    """The durable record of one attempt to write to many, refused ones included."""

    __tablename__ = "bulk_envelopes"
    __table_args__ = (
        one_of("status", EnvelopeStatus, "status"),
        CheckConstraint("(status = 'submitted') = (reason IS NULL)", name="reason_of_refusal"),
        Index("ix_bulk_envelopes_newest", text("created_at DESC"), text("id DESC")),
        Index("ix_bulk_envelopes_status", "status", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    status: Mapped[EnvelopeStatus] = mapped_column(String(24))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was refused, as a sentence."""
    template_id: Mapped[Reference] = mapped_column(ForeignKey("message_templates.id", ondelete="RESTRICT"))
    template_version: Mapped[int] = mapped_column(Integer)
    subject: Mapped[Words]
    body: Mapped[Words]
    """As confirmed. What each customer gets stands in their message; nothing is made of this again."""
    conversation_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), deferred=True)
    """As asked, once each."""
    count: Mapped[int] = mapped_column(Integer)
    """Recipients; of a refused one, how many were asked for."""
    cap: Mapped[int] = mapped_column(Integer)
    """The limit that was in force."""
    left_out: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, deferred=True)
    """Who was asked for and is not written to: `conversation_id`, `customer`, `reason`."""
    created_by: Mapped[Words]
    created_at: Mapped[Moment] = mapped_column(default=now)
    send_after: Mapped[Moment]
    """The end of the undo window."""
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_count: Mapped[int | None] = mapped_column(Integer)

    template: Mapped[MessageTemplate] = relationship(lazy="joined", innerjoin=True, viewonly=True)

    @property
    def topic(self) -> str:
        return f"envelope:{self.id}"


class Delivery(Base):
    """One message to one customer, and how far it got. Only the transition table changes its state."""

    __tablename__ = "deliveries"
    __table_args__ = (
        one_of("state", DeliveryState, "state"),
        CheckConstraint("(state = 'sending') <= (claim_id IS NOT NULL)", name="sending_is_claimed"),
        CheckConstraint(
            "state NOT IN ('failed', 'uncertain') OR reason IS NOT NULL", name="trouble_explained"
        ),
        Index(
            "uq_deliveries_once",
            "conversation_id",
            "template_id",
            "envelope_id",
            "repeats_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("state <> 'cancelled'"),
        ),
        Index(
            "uq_deliveries_live",
            "conversation_id",
            "template_id",
            "envelope_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("state IN ('pending', 'sending')"),
        ),
        Index(
            "ix_deliveries_waiting",
            "envelope_id",
            "send_after",
            "id",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_deliveries_sending", "claim_id", "id", postgresql_where=text("state = 'sending'")),
        Index("ix_deliveries_envelope", "envelope_id", "state", "id"),
        Index("ix_deliveries_conversation", "conversation_id", "id"),
        Index("ix_deliveries_repeats", "repeats_id", postgresql_where=text("repeats_id IS NOT NULL")),
    )

    id: Mapped[Id]
    message_id: Mapped[Reference] = mapped_column(ForeignKey("messages.id", ondelete="RESTRICT"), unique=True)
    conversation_id: Mapped[Reference] = mapped_column(ForeignKey("conversations.id", ondelete="RESTRICT"))
    template_id: Mapped[Reference] = mapped_column(ForeignKey("message_templates.id", ondelete="RESTRICT"))
    template_version: Mapped[int] = mapped_column(Integer)
    envelope_id: Mapped[UUID | None] = mapped_column(
        Uuid, ForeignKey("bulk_envelopes.id", ondelete="RESTRICT")
    )
    repeats_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("deliveries.id", ondelete="RESTRICT")
    )
    """The delivery that this one says again, on purpose."""
    channel: Mapped[str] = mapped_column(String(32))
    recipient: Mapped[Words]
    """The customer's name, and below their address, as they were when this was asked for."""
    address: Mapped[Words]
    subject: Mapped[Words]
    state: Mapped[DeliveryState] = mapped_column(String(16), default=DeliveryState.PENDING)
    send_after: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claim_id: Mapped[int | None] = mapped_column(BigInteger)
    """The worker's claim: it holds the advisory lock of this number for as long as it lives."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it failed, is uncertain, or waits for another try: a sentence."""
    reference: Mapped[str | None] = mapped_column(Text)
    """What the channel calls it, once accepted."""
    created_by: Mapped[Words]
    created_at: Mapped[Moment] = mapped_column(default=now)
    updated_at: Mapped[Moment] = mapped_column(default=now)

    @property
    def topic(self) -> str:
        return f"conversation:{self.conversation_id}"


class EnvelopeCount(Base):
    """How many deliveries of an envelope are in each state. A trigger keeps it, whoever writes.

    A row a shard, and a writer keeps to one by the number of its database session: two workers hardly ever wait for
    the same row, and a page adds up eight rows however many recipients there are.
    """

    __tablename__ = "envelope_counts"

    envelope_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("bulk_envelopes.id", ondelete="CASCADE"), primary_key=True
    )
    shard: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    pending: Mapped[int] = mapped_column(Integer)
    sending: Mapped[int] = mapped_column(Integer)
    sent: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    uncertain: Mapped[int] = mapped_column(Integer)
    cancelled: Mapped[int] = mapped_column(Integer)
