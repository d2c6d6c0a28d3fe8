"""What customers and the team say to each other."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from console.db import Base, now
from console.models.columns import Id, Moment, Reference, Words, one_of
from console.models.people import Operator

PREVIEW_CHARS = 160
WAITING = text("waiting_lanes > 0")


class ConversationStatus(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


class MessageRole(StrEnum):
    CUSTOMER = "customer"
    OPERATOR = "operator"
    INTERNAL_NOTE = "internal_note"
    SYSTEM_OUTBOUND = "system_outbound"
    ACTION = "action"
    """What an agent did in another back office, as an import tells it."""
    SYSTEM = "system"
    """What the team did to the conversation itself: resolved, reopened, assigned."""


class Customer(Base):
    """A person the team writes with. `ref` is the host application's own id of them."""

    __tablename__ = "customers"

    id: Mapped[Id]
    ref: Mapped[str | None] = mapped_column(Text, unique=True)
    name: Mapped[Words]
    email: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Moment] = mapped_column(default=now)


class Conversation(Base):
    """A thread with one customer. The last message and the waiting lanes are kept on the row for the inbox."""

    __tablename__ = "conversations"
    __table_args__ = (
        one_of("status", ConversationStatus, "status"),
        CheckConstraint("waiting_lanes >= 0", name="waiting_lanes"),
        # One index a view of the inbox, each in the order in which the page walks it.
        Index("ix_conversations_all", text("last_message_at DESC"), text("id DESC")),
        # Two partial ones instead of one by status: the planner would walk the whole table for the commoner status.
        Index(
            "ix_conversations_open",
            text("last_message_at DESC"),
            text("id DESC"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_conversations_resolved",
            text("last_message_at DESC"),
            text("id DESC"),
            postgresql_where=text("status = 'resolved'"),
        ),
        Index(
            "ix_conversations_mine",
            "assignee_id",
            text("last_message_at DESC"),
            text("id DESC"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_conversations_waiting",
            text("last_message_at DESC"),
            text("id DESC"),
            postgresql_where=WAITING,
        ),
        # And one for each of its filters within a status, or both of them, and for those among what waits.
        Index("ix_conversations_owned", "status", "assignee_id", "last_message_at", "id"),
        Index("ix_conversations_came", "status", "channel", "last_message_at", "id"),
        Index("ix_conversations_owned_came", "status", "assignee_id", "channel", "last_message_at", "id"),
        Index("ix_conversations_waiting_status", "status", "last_message_at", "id", postgresql_where=WAITING),
        Index(
            "ix_conversations_waiting_owned",
            "status",
            "assignee_id",
            "last_message_at",
            "id",
            postgresql_where=WAITING,
        ),
        Index(
            "ix_conversations_waiting_came",
            "status",
            "channel",
            "last_message_at",
            "id",
            postgresql_where=WAITING,
        ),
        Index("ix_conversations_customer", "customer_id"),
    )

    id: Mapped[Id]
    external_id: Mapped[str | None] = mapped_column(Text, unique=True)
    customer_id: Mapped[Reference] = mapped_column(ForeignKey("customers.id", ondelete="RESTRICT"))
    subject: Mapped[Words]
    channel: Mapped[str] = mapped_column(String(32), default="email")
    status: Mapped[ConversationStatus] = mapped_column(String(16), default=ConversationStatus.OPEN)
    assignee_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("operators.id", ondelete="SET NULL")
    )
    waiting_lanes: Mapped[int] = mapped_column(Integer, default=0)
    last_message_at: Mapped[Moment] = mapped_column(default=now)
    last_message_preview: Mapped[Words] = mapped_column(default="")
    last_message_role: Mapped[MessageRole | None] = mapped_column(String(24))
    created_at: Mapped[Moment] = mapped_column(default=now)
    resolved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    customer: Mapped[Customer] = relationship(lazy="raise")
    assignee: Mapped[Operator | None] = relationship(lazy="raise")

    @property
    def topic(self) -> str:
        return f"conversation:{self.id}"


class Message(Base):
    """One entry of a conversation. `run_key` ties a note to its run, `form_token` a message to its form."""

    __tablename__ = "messages"
    __table_args__ = (
        one_of("role", MessageRole, "role"),
        Index("ix_messages_conversation", "conversation_id", "created_at", "id"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[Reference] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    role: Mapped[MessageRole] = mapped_column(String(24))
    body: Mapped[Words]
    author_id: Mapped[str | None] = mapped_column(Text)
    """The actor who wrote it (`operator:3`, `agent:iris`); empty for the customer."""
    author_name: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    run_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    form_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[Moment] = mapped_column(default=now)


class Draft(Base):
    """What an operator has typed and not sent, by the place where it was typed (`conversation:42:reply`)."""

    __tablename__ = "drafts"

    operator_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("operators.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    body: Mapped[Words]
    updated_at: Mapped[Moment] = mapped_column(default=now)


class ConversationTally(Base):
    """How many conversations there are, by all that the inbox counts by, as a sum of differences.

    A trigger appends the differences of a statement, so that writers never wait for one another; the sweep folds them.
    """

    __tablename__ = "conversation_tallies"

    id: Mapped[Id]
    status: Mapped[str] = mapped_column(String(16))
    assignee_id: Mapped[int | None] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(String(32))
    waiting: Mapped[bool]
    """Whether a lane waits for a decision."""
    difference: Mapped[int] = mapped_column(BigInteger)
