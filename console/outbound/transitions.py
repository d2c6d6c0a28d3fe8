"""The states of a delivery, and the one function that moves deliveries: state, log and announcement together."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, text, update

from console import metrics
from console.audit import note_each
from console.db import db, now
from console.live import announce
from console.models import AuditType, Delivery, DeliveryState, MessageRole
from console.outbound.letters import Letter
from console.outbound.senders import Sender

S = DeliveryState
MOST_TOPICS = 100
"""Conversations announced one by one; the pages of more learn it when their delivery leaves."""


class Step(StrEnum):
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    POSTPONED = "postponed"
    REFUSED = "refused"
    LOST = "lost"
    RELEASED = "released"
    CANCELLED = "cancelled"
    RETRIED = "retried"
    MARKED_SENT = "marked_sent"


# A worker that was taken for dead may have the answer after all; it is believed as long as nobody else took over.
TABLE: dict[Step, tuple[tuple[DeliveryState, ...], DeliveryState]] = {
    Step.CLAIMED: ((S.PENDING,), S.SENDING),
    Step.ACCEPTED: ((S.SENDING, S.UNCERTAIN), S.SENT),
    Step.POSTPONED: ((S.SENDING,), S.PENDING),
    Step.REFUSED: ((S.SENDING, S.UNCERTAIN), S.FAILED),
    Step.LOST: ((S.SENDING,), S.UNCERTAIN),
    Step.RELEASED: ((S.SENDING,), S.PENDING),
    Step.CANCELLED: ((S.PENDING,), S.CANCELLED),
    Step.RETRIED: ((S.FAILED,), S.PENDING),
    Step.MARKED_SENT: ((S.UNCERTAIN,), S.SENT),
}
LIVE = (S.PENDING, S.SENDING)
"""States in which a delivery is still on its way."""
WRITTEN = {
    Step.ACCEPTED: AuditType.DELIVERY_SENT,
    Step.REFUSED: AuditType.DELIVERY_FAILED,
    Step.LOST: AuditType.DELIVERY_UNCERTAIN,
    Step.CANCELLED: AuditType.FOLLOWUP_CANCELLED,
    Step.RETRIED: AuditType.DELIVERY_RETRIED,
    Step.MARKED_SENT: AuditType.DELIVERY_MARKED_SENT,
}
"""What the log says of a step; the others are between the console and its workers."""

_WRITE = text("""
    WITH letters AS (
        SELECT * FROM unnest(CAST(:conversations AS bigint[]), CAST(:recipients AS text[]), CAST(:addresses AS text[]),
                             CAST(:subjects AS text[]), CAST(:bodies AS text[]))
            AS l (conversation_id, recipient, address, subject, body)),
    said AS (
        INSERT INTO messages (conversation_id, role, body, author_id, author_name, details, created_at)
        SELECT conversation_id, :role, body, :author, :author_name, jsonb_build_object('subject', subject), :moment
          FROM letters
        RETURNING id, conversation_id)
    INSERT INTO deliveries (message_id, conversation_id, template_id, template_version, envelope_id, repeats_id,
                            channel, recipient, address, subject, state, send_after, attempts, created_by, created_at,
                            updated_at)
    SELECT said.id, conversation_id, :template, :version, :envelope, :repeats, :channel, recipient, address, subject,
           :state, :send_after, 0, :author, :moment, :moment
      FROM said JOIN letters USING (conversation_id)
    RETURNING id
""")


class Order(NamedTuple):
    """What deliveries that are written together have in common."""

    template_id: int
    template_version: int
    envelope_id: UUID | None
    channel: str
    send_after: Any
    sender: Sender
    repeats_id: int | None = None


def write(order: Order, letters: Sequence[Letter]) -> list[int]:
    """Write a message and a pending delivery for each letter, in one statement; returns the deliveries' ids.

    One letter a conversation. Says nothing to anybody: that is for the verb, which knows whether they are one or many.
    """
    if not letters:
        return []
    made = db.session.execute(
        _WRITE,
        {
            "conversations": [letter.conversation_id for letter in letters],
            "recipients": [letter.recipient for letter in letters],
            "addresses": [letter.address for letter in letters],
            "subjects": [letter.subject for letter in letters],
            "bodies": [letter.body for letter in letters],
            "role": str(MessageRole.SYSTEM_OUTBOUND),
            "author": order.sender.id,
            "author_name": order.sender.name,
            "moment": now(),
            "template": order.template_id,
            "version": order.template_version,
            "envelope": order.envelope_id,
            "repeats": order.repeats_id,
            "channel": order.channel,
            "state": str(S.PENDING),
            "send_after": order.send_after,
        },
    )
    return list(made.scalars())


class Moved(NamedTuple):
    """A delivery that took a step."""

    id: int
    message_id: int
    conversation_id: int
    envelope_id: UUID | None
    template_id: int
    attempts: int
    reason: str | None


def move(
    step: Step,
    *which: ColumnElement[bool],
    actor_id: str,
    written: bool = True,
    said: str | None = None,
    **values: Any,
) -> list[Moved]:
    """Take one step of the table with every delivery that `which` finds and whose state allows it; returns those.

    The guard is part of the statement, so of two that come at once one moves a delivery and the other finds it moved.
    `values` are further columns, constants or SQL. `written=False` leaves the log to a verb that writes one line for
    all of them; `said` is what the line of each says, unless that is the delivery's reason.
    """
    before, after = TABLE[step]
    returned = [getattr(Delivery, name) for name in Moved._fields]
    moved = [
        Moved._make(row)
        for row in db.session.execute(
            update(Delivery)
            .where(Delivery.state.in_(before), *which)
            .values(state=after, updated_at=now(), **values)
            .returning(*returned)
            .execution_options(synchronize_session=False)
        )
    ]
    if not moved:
        return moved
    if written and step in WRITTEN:
        note_each(WRITTEN[step], actor_id, [_about(one, said) for one in moved])
    tell(moved, inbox=step != Step.CLAIMED)
    metrics.deliveries_moved(str(step), len(moved))
    return moved


def _about(one: Moved, said: str | None) -> dict[str, Any]:
    return {
        "conversation_id": one.conversation_id,
        "envelope_id": one.envelope_id,
        "delivery_id": one.id,
        "template_id": one.template_id,
        "reason": said or one.reason,
        "details": {"attempts": one.attempts},
    }


def tell(moved: Sequence[Moved], *, inbox: bool = True) -> None:
    """Announce that deliveries changed, to every page that shows them."""
    topics = {f"envelope:{one.envelope_id}" for one in moved if one.envelope_id}
    topics |= {"envelopes"} if topics else set()
    if len(moved) <= MOST_TOPICS:
        topics |= {f"conversation:{one.conversation_id}" for one in moved}
    announce(*sorted(topics), *(["inbox"] if inbox else []))
