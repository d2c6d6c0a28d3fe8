"""Governed actions: the proposal, its lanes (one request for approval each) and the trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from console.db import Base, now
from console.models.action_states import EventType, LaneStatus, ProposalStatus
from console.models.columns import Id, Json, Moment, Reference, Words, one_of

PENDING = text("status = 'pending'")


class ToolProposal(Base):
    """The durable intent to call one tool with one input, with what was true when it was asked."""

    __tablename__ = "tool_proposals"
    __table_args__ = (
        one_of("status", ProposalStatus, "status"),
        CheckConstraint("(status = 'blocked') = (blocked_outcome IS NOT NULL)", name="blocked_outcome"),
        Index(
            "uq_tool_proposals_key",
            "idempotency_key",
            unique=True,
            postgresql_where=text("status <> 'blocked'"),
        ),
        Index(
            "uq_tool_proposals_blocked_key",
            "idempotency_key",
            "blocked_outcome",
            unique=True,
            postgresql_where=text("status = 'blocked'"),
        ),
        Index("ix_tool_proposals_conversation", "conversation_id", text("id DESC")),
    )

    id: Mapped[Id]
    tool_ref: Mapped[Words]
    actor_id: Mapped[Words]
    account_id: Mapped[str | None] = mapped_column(Text)
    conversation_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("conversations.id", ondelete="RESTRICT")
    )
    input: Mapped[Json]
    """What the tool will be called with."""
    idempotency_key: Mapped[str] = mapped_column(String(64))
    status: Mapped[ProposalStatus] = mapped_column(String(16), default=ProposalStatus.PROPOSED)
    risk_tier: Mapped[str] = mapped_column(String(16))
    approval_mode: Mapped[str] = mapped_column(String(24))
    title: Mapped[Words]
    consequence: Mapped[Words]
    input_snapshot: Mapped[Json]
    """The same, as labelled rows for people."""
    scope_snapshot: Mapped[Json]
    policy_snapshot: Mapped[Json]
    blocked_outcome: Mapped[str | None] = mapped_column(String(24))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was blocked, or how it ended: a sentence."""
    errors: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    result_summary: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """Attempts over all of its lanes; the run key is made of the idempotency key and this."""
    created_at: Mapped[Moment] = mapped_column(default=now)

    events: Mapped[list[ToolActionEvent]] = relationship(
        order_by="ToolActionEvent.id", lazy="raise", viewonly=True, back_populates="proposal"
    )
    approvals: Mapped[list[ToolApproval]] = relationship(
        order_by="ToolApproval.id", lazy="raise", viewonly=True, back_populates="proposal"
    )


class ToolApproval(Base):
    """A lane: one request for approval of one proposal. Only the transition table changes its status."""

    __tablename__ = "tool_approvals"
    __table_args__ = (
        one_of("status", LaneStatus, "status"),
        CheckConstraint(
            r"status NOT IN ('rejected', 'deferred') OR (reason IS NOT NULL AND reason ~ '\S')",
            name="reason_given",
        ),
        CheckConstraint("reason IS NULL OR char_length(reason) <= 2000", name="reason_length"),
        CheckConstraint(
            "status NOT IN ('approved', 'rejected', 'deferred', 'execution_pending', 'executed', 'execution_failed')"
            " OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name="decided_by_someone",
        ),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
        CheckConstraint(
            "status NOT IN ('approved', 'execution_pending', 'executed', 'execution_failed') OR decided_by = 'policy'"
            " OR greatest(jsonb_array_length(votes), 1) >= coalesce((policy_snapshot ->> 'approvals')::int, 1)",
            name="enough_votes",
        ),
        Index(
            "uq_tool_approvals_one_pending",
            "tool_proposal_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_tool_approvals_proposal", "tool_proposal_id", "id"),
        # The queue, soonest to lapse first: all of it, by each filter, and what operators may decide.
        Index("ix_tool_approvals_due", "expires_at", "id", postgresql_where=PENDING),
        Index("ix_tool_approvals_due_tool", "tool_ref", "expires_at", "id", postgresql_where=PENDING),
        Index("ix_tool_approvals_due_tier", "risk_tier", "expires_at", "id", postgresql_where=PENDING),
        Index("ix_tool_approvals_due_asker", "asked_by", "expires_at", "id", postgresql_where=PENDING),
        Index(
            "ix_tool_approvals_due_requester", "requested_by", "expires_at", "id", postgresql_where=PENDING
        ),
        Index(
            "ix_tool_approvals_due_operators",
            "expires_at",
            "id",
            postgresql_where=text("""status = 'pending' AND policy_snapshot @> '{"decide": ["operator"]}'"""),
        ),
        Index("ix_tool_approvals_age", "created_at", "id", postgresql_where=PENDING),
        Index(
            "ix_tool_approvals_voted",
            "id",
            postgresql_where=text("status = 'pending' AND votes <> '[]'::jsonb"),
        ),
        Index(
            "ix_tool_approvals_wake",
            "wake_at",
            "id",
            postgresql_where=text("status = 'deferred' AND wake_at IS NOT NULL"),
        ),
        Index(
            "ix_tool_approvals_underway",
            "status",
            "updated_at",
            "id",
            postgresql_where=text("status IN ('approved', 'execution_pending')"),
        ),
        Index(
            "ix_tool_approvals_on_row",
            "conversation_id",
            "status",
            postgresql_where=text("status IN ('pending', 'execution_failed')"),
        ),
    )

    id: Mapped[Id]
    tool_proposal_id: Mapped[Reference] = mapped_column(ForeignKey("tool_proposals.id", ondelete="RESTRICT"))
    conversation_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("conversations.id", ondelete="RESTRICT")
    )
    status: Mapped[LaneStatus] = mapped_column(String(24), default=LaneStatus.PENDING)
    version: Mapped[int] = mapped_column(Integer, default=1)
    digest: Mapped[str] = mapped_column(String(64))
    policy_snapshot: Mapped[Json]
    """The rules in force when the lane opened: four eyes, who may decide, how many, execution window."""
    votes: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    """Approvals so far, `{"by": …, "at": …}`, the last one included; whether each counts is for the facade to say."""
    requested_by: Mapped[Words]
    expires_at: Mapped[Moment]
    """The deadline to decide."""
    execute_by: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The deadline to run, set by the approval."""
    tool_ref: Mapped[str] = mapped_column(Text, FetchedValue())
    risk_tier: Mapped[str] = mapped_column(String(16), FetchedValue())
    asked_by: Mapped[str] = mapped_column(Text, FetchedValue())
    """These three are the proposal's, copied by a trigger, so that an index can lead through the queue by each."""
    wake_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When a deferred lane comes back by itself; empty once it did, or could not."""
    returns_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("tool_approvals.id", ondelete="RESTRICT")
    )
    """The deferred lane that came back as this one."""
    decided_by: Mapped[str | None] = mapped_column(Text)
    last_decision: Mapped[str | None] = mapped_column(String(24))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    """Attempts of this lane so far, the running one included."""
    attempt_open: Mapped[bool] = mapped_column(default=False)
    """Whether the last attempt was started and has no outcome yet."""
    starts: Mapped[int] = mapped_column(Integer, default=0)
    """How often a run was started; more than `attempt` when workers died inside one."""
    retry_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Moment] = mapped_column(default=now)
    updated_at: Mapped[Moment] = mapped_column(default=now)

    proposal: Mapped[ToolProposal] = relationship(
        lazy="joined", innerjoin=True, viewonly=True, back_populates="approvals"
    )


class ToolActionEvent(Base):
    """One line of the trail. A trigger refuses every UPDATE, DELETE and TRUNCATE.

    The last four columns are for a trigger to fill, whoever writes the line; `TrailHead` closes the chain they make.
    """

    __tablename__ = "tool_action_events"
    __table_args__ = (
        one_of("event_type", EventType, "event_type"),
        Index("ix_tool_action_events_proposal", "tool_proposal_id", "id"),
        Index("ix_tool_action_events_newest", "created_at", "id"),
        Index("ix_tool_action_events_actor", "actor_id", "created_at", "id"),
        Index("ix_tool_action_events_event", "event_type", "created_at", "id"),
        Index("ix_tool_action_events_tool", "tool_ref", "created_at", "id"),
        Index("ix_tool_action_events_actor_event", "actor_id", "event_type", "created_at", "id"),
        Index("ix_tool_action_events_actor_tool", "actor_id", "tool_ref", "created_at", "id"),
        Index("ix_tool_action_events_event_tool", "event_type", "tool_ref", "created_at", "id"),
        Index(
            "ix_tool_action_events_conversation",
            "conversation_id",
            "created_at",
            "id",
            postgresql_where=text("conversation_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    tool_proposal_id: Mapped[Reference] = mapped_column(ForeignKey("tool_proposals.id", ondelete="RESTRICT"))
    tool_approval_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("tool_approvals.id", ondelete="RESTRICT")
    )
    conversation_id: Mapped[int | None] = mapped_column(BigInteger)
    event_type: Mapped[EventType] = mapped_column(String(32))
    actor_id: Mapped[Words]
    from_status: Mapped[str | None] = mapped_column(String(24))
    to_status: Mapped[str | None] = mapped_column(String(24))
    reason: Mapped[str | None] = mapped_column(Text)
    details: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[Moment] = mapped_column(default=now)
    tool_ref: Mapped[str] = mapped_column(Text, server_default=FetchedValue())
    """The proposal's, so that the trail of one tool is a walk along an index."""
    sequence: Mapped[int] = mapped_column(Integer, server_default=FetchedValue())
    """Its place among the events of its proposal, from 1."""
    prev_hash: Mapped[str] = mapped_column(String(64), server_default=FetchedValue())
    """The hash of the event before it; zeros for the first one."""
    hash: Mapped[str] = mapped_column(String(64), server_default=FetchedValue())
    """SHA-256 of every other column of this row that is not empty, `prev_hash` among them."""

    proposal: Mapped[ToolProposal] = relationship(lazy="raise", viewonly=True, back_populates="events")


class TrailHead(Base):
    """Where the trail of a proposal ends, so that also the newest event cannot be taken away unseen.

    A trigger moves it on with each event; others refuse whatever else would change it. No foreign key: it shall tell
    of a proposal that is gone.
    """

    __tablename__ = "trail_heads"

    tool_proposal_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    events: Mapped[int] = mapped_column(Integer)
    event_id: Mapped[Reference]
    hash: Mapped[str] = mapped_column(String(64))
