"""One follow-up to one conversation: `trigger`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from console import metrics, queue
from console.audit import note
from console.conversations.access import held, tell
from console.conversations.texts import checked_message, settings
from console.db import db, now, transaction
from console.errors import Invalid
from console.models import AuditType, BulkEnvelope, Delivery, DeliveryState, EnvelopeStatus
from console.outbound.errors import NotEligible, NotFound
from console.outbound.letters import LeftOut, Letter, Writing, compose, recipients, writing
from console.outbound.placeholders import final, read
from console.outbound.reads import get_envelope
from console.outbound.senders import sender
from console.outbound.templates import offered, version_of
from console.outbound.transitions import LIVE, Order, write

Enqueue = Callable[..., None]
"""What leaves after the commit. `queue.push` by default; a test passes its own to watch."""


class Triggered(NamedTuple):
    """The delivery, and whether it was there already."""

    delivery: Delivery
    duplicate: bool


def trigger(
    conversation_id: int,
    *,
    template_id: int,
    content: str | None = None,
    schedule_in: timedelta | float | None = None,
    actor: str | None = None,
    bulk_envelope_id: UUID | None = None,
    again: bool = False,
    enqueue: Enqueue | None = None,
) -> Triggered:
    """Write one follow-up: message, delivery and log line together; its job leaves after the commit.

    `content` is the final text instead of the template's; `schedule_in` (seconds) is how far from now it is due. If
    this template was sent there already, in this envelope or singly, returns that delivery as a duplicate; `again`
    sends once more on purpose, unless the last one is still on its way. Raises NotFound, Forbidden, TemplateGone,
    NotEligible, NoChannel, Invalid.
    """
    wait = _wait(schedule_in)
    written = None if content is None else final(checked_message(content))
    with transaction():
        who = sender(actor)
        envelope = _open_envelope(bulk_envelope_id) if bulk_envelope_id is not None else None
        template = version_of(template_id)
        conversation = held(conversation_id)
        last = last_of(conversation_id, template_id, bulk_envelope_id)
        if last is not None and (not again or last.state in LIVE):
            metrics.outbound("duplicate")
            return Triggered(last, True)
        offered(template)
        due = max(now() + wait, envelope.send_after) if envelope else now() + wait
        style = writing(read(template.subject), written or read(template.body), who.name)
        again_of = last.id if last is not None else None
        order = Order(template_id, template.version, bulk_envelope_id, style.channel.name, due, who, again_of)
        delivery = write_one(order, letter_to(conversation_id, style), enqueue)
        _count_in(envelope, conversation_id)
        tell(conversation)
        return Triggered(delivery, False)


def write_one(order: Order, letter: Letter, enqueue: Enqueue | None) -> Delivery:
    """Write one delivery with its log line, and send its job once that is committed."""
    (delivery_id,) = write(order, [letter])
    delivery = db.session.get_one(Delivery, delivery_id)
    again = order.repeats_id is not None
    note(
        AuditType.FOLLOWUP_REPEATED if again else AuditType.FOLLOWUP_REQUESTED,
        order.sender.id,
        conversation_id=delivery.conversation_id,
        envelope_id=order.envelope_id,
        delivery_id=delivery.id,
        template_id=order.template_id,
        details={"repeats": order.repeats_id} if again else {},
    )
    metrics.outbound("repeated" if again else "triggered")
    leave(delivery, enqueue)
    return delivery


def leave(delivery: Delivery, enqueue: Enqueue | None = None) -> None:
    """Send the job of one delivery, for when it is due, once the transaction has committed."""
    due = delivery.send_after
    queue.later(
        "jobs.deliveries.deliver",
        delivery.id,
        job_id=f"deliver-{delivery.id}-{int(due.timestamp())}",
        queue=queue.DELIVERIES,
        at=due if due > now() else None,
        send=enqueue,
    )


def leave_again(delivery_id: int, envelope_id: UUID | None, moment: datetime) -> None:
    """Send for its time, after the commit, what is tried again: of a bulk send one job a second, not one a delivery."""
    verb, about = ("deliver", delivery_id) if envelope_id is None else ("wake", str(envelope_id))
    job_id = f"{verb}-{about}-{int(moment.timestamp())}"
    queue.later(f"jobs.deliveries.{verb}", about, job_id=job_id, queue=queue.DELIVERIES, at=moment)


def leave_all(envelope_id: UUID, enqueue: Enqueue | None = None, **options: Any) -> None:
    """Send the job of a bulk send once the transaction has committed; of each envelope one waits at most."""
    queue.later(
        "jobs.deliveries.drain",
        str(envelope_id),
        job_id=f"drain-{envelope_id}",
        queue=queue.DELIVERIES,
        send=enqueue,
        **options,
    )


def letter_to(conversation_id: int, style: Writing) -> Letter:
    """The letter to one conversation, which the caller has locked. Raises NotEligible with the reason."""
    composed = compose(next(recipients([conversation_id])), style)
    if isinstance(composed, LeftOut):
        raise NotEligible(f"{composed.reason} Nothing was sent.")
    return composed


def last_of(conversation_id: int, template_id: int, envelope_id: UUID | None) -> Delivery | None:
    """The newest delivery of the same, unless it was cancelled; one that repeats another is newer than that."""
    return db.session.scalar(
        select(Delivery)
        .where(
            Delivery.conversation_id == conversation_id,
            Delivery.template_id == template_id,
            Delivery.envelope_id == envelope_id if envelope_id else Delivery.envelope_id.is_(None),
            Delivery.state != DeliveryState.CANCELLED,
        )
        .order_by(Delivery.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _open_envelope(envelope_id: UUID) -> BulkEnvelope:
    envelope = get_envelope(envelope_id, lock=True)
    if envelope is None:
        raise NotFound("This bulk send does not exist, so nothing is added to it.")
    if envelope.status != EnvelopeStatus.SUBMITTED or envelope.undone_at is not None:
        raise NotEligible("This bulk send was refused or undone, so nothing is added to it.")
    return envelope


def _count_in(envelope: BulkEnvelope | None, conversation_id: int) -> None:
    if envelope is not None and conversation_id not in envelope.conversation_ids:
        envelope.conversation_ids = [*envelope.conversation_ids, conversation_id]
        envelope.count += 1


def _wait(schedule_in: timedelta | float | None) -> timedelta:
    most = settings().max_schedule_days
    seconds = schedule_in.total_seconds() if isinstance(schedule_in, timedelta) else schedule_in or 0
    if not 0 <= seconds <= most * 86_400:
        reason = f"A follow-up can be planned from now on and at most {most} days ahead."
        raise Invalid(reason, fields={"schedule_in": reason})
    return timedelta(seconds=seconds)
