"""What a person does about a delivery that failed, or whose outcome nobody knows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from console.audit import note
from console.channels import channel
from console.conversations.access import acting, held, tell
from console.db import db, locked, now, transaction
from console.errors import NotFound as NoSuchRow
from console.models import AuditType, ConversationStatus, Delivery, DeliveryState, Message
from console.outbound.errors import NotEligible, NotFound, WrongState
from console.outbound.letters import NOT_RESOLVED, Letter
from console.outbound.senders import sender
from console.outbound.sending import Enqueue, Triggered, last_of, leave, leave_all, write_one
from console.outbound.stopping import found_delivery, held_envelope
from console.outbound.transitions import LIVE, Moved, Order, Step, move


def retry(envelope_id: UUID | str, actor: str, *, enqueue: Enqueue | None = None) -> int:
    """Let every failed delivery of a bulk send try again, its attempts counted anew; how many those are.

    Raises NotFound, Forbidden, NoChannel.
    """
    with transaction():
        operator = acting(actor)
        envelope = held_envelope(envelope_id)
        moved = _again(Delivery.envelope_id == envelope.id, actor_id=operator.actor_id, written=False)
        if moved:
            details = {"retried": len(moved)}
            note(AuditType.BULK_RETRIED, operator.actor_id, envelope_id=envelope.id, details=details)
            leave_all(envelope.id, enqueue)
        return len(moved)


def retry_delivery(delivery_id: int, actor: str, *, enqueue: Enqueue | None = None) -> Delivery:
    """Let one failed delivery try again; a second press changes nothing. Raises NotFound, Forbidden, NoChannel,
    WrongState.
    """
    with transaction():
        operator = acting(actor)
        found_delivery(delivery_id)
        moved = _again(Delivery.id == delivery_id, actor_id=operator.actor_id)
        delivery = found_delivery(delivery_id)
        if moved:
            leave(delivery, enqueue)
        elif delivery.state not in LIVE:
            raise WrongState("Only what failed can be tried again; this has not, or no longer.")
        return delivery


def mark_sent(delivery_id: int, actor: str) -> Delivery:
    """Say of a delivery whose outcome nobody knew that it did arrive. Raises NotFound, Forbidden, WrongState."""
    with transaction():
        operator = acting(actor)
        found_delivery(delivery_id)
        said = f"{operator.name} found out that it was sent."
        moved = move(
            Step.MARKED_SENT, Delivery.id == delivery_id, actor_id=operator.actor_id, said=said, reason=said
        )
        delivery = found_delivery(delivery_id)
        if not moved and delivery.state != DeliveryState.SENT:
            raise WrongState("Only what is uncertain can be marked as sent; this is not, or no longer.")
        return delivery


def send_again(delivery_id: int, actor: str, *, enqueue: Enqueue | None = None) -> Triggered:
    """Send once more, word for word, what is uncertain or was sent; the new delivery names the one it repeats.

    A second press returns the repetition as a duplicate. Raises NotFound, Forbidden, NotEligible, WrongState,
    NoChannel.
    """
    with transaction():
        who = sender(acting(actor).actor_id)
        conversation = held(found_delivery(delivery_id).conversation_id)
        first = _held(delivery_id)
        last = last_of(first.conversation_id, first.template_id, first.envelope_id)
        if last is not None and last.id != first.id and last.repeats_id is not None:
            return Triggered(last, True)
        if first.state not in (DeliveryState.UNCERTAIN, DeliveryState.SENT):
            raise WrongState(
                "Only what is uncertain or was sent can be sent again; this is neither, or no longer."
            )
        if conversation.status != ConversationStatus.RESOLVED:
            raise NotEligible(f"{NOT_RESOLVED} Nothing was sent.")
        body = db.session.get_one(Message, first.message_id).body
        letter = Letter(first.conversation_id, first.recipient, first.address, first.subject, body)
        order = Order(
            template_id=first.template_id,
            template_version=first.template_version,
            envelope_id=first.envelope_id,
            channel=channel().name,
            send_after=now(),
            sender=who,
            repeats_id=first.id,
        )
        delivery = write_one(order, letter, enqueue)
        tell(conversation)
        return Triggered(delivery, False)


def _again(which: ColumnElement[bool], **options: Any) -> list[Moved]:
    return move(
        Step.RETRIED, which, attempts=0, claim_id=None, send_after=now(), channel=channel().name, **options
    )


def _held(delivery_id: int) -> Delivery:
    try:
        return locked(Delivery, delivery_id)
    except NoSuchRow as error:
        raise NotFound from error
