"""Stopping what has not left yet: undo, stop the rest, cancel one."""

from __future__ import annotations

from uuid import UUID

from console.audit import note
from console.conversations.access import acting
from console.db import now, transaction
from console.models import AuditType, BulkEnvelope, Delivery, DeliveryState, EnvelopeStatus
from console.outbound.errors import NotFound, UndoTooLate, WrongState
from console.outbound.reads import get_delivery, get_envelope
from console.outbound.sending import take_back, take_back_all
from console.outbound.transitions import Step, move


def undo(envelope_id: UUID | str, actor: str) -> int:
    """Stop a whole bulk send within its undo window; exactly how many it stopped. A second press says the same.

    Raises NotFound, Forbidden, UndoTooLate.
    """
    with transaction():
        operator = acting(actor)
        envelope = held_envelope(envelope_id)
        if envelope.undone_at is not None:
            return envelope.undone_count or 0
        if envelope.send_after <= now():
            raise UndoTooLate
        count = _stop(envelope, operator.actor_id, AuditType.BULK_UNDONE, "Undone before it left.")
        envelope.undone_at, envelope.undone_count = now(), count
        take_back_all(envelope.id)
        return count


def cancel_rest(envelope_id: UUID | str, actor: str) -> int:
    """Stop what still waits of a bulk send that is under way; how many it stopped. Raises NotFound, Forbidden."""
    with transaction():
        operator = acting(actor)
        envelope = held_envelope(envelope_id)
        return _stop(envelope, operator.actor_id, AuditType.BULK_STOPPED, "Stopped before it left.")


def cancel(delivery_id: int, actor: str) -> Delivery:
    """Stop one delivery that still waits; a second press changes nothing. Raises NotFound, Forbidden, WrongState."""
    with transaction():
        operator = acting(actor)
        found_delivery(delivery_id)
        move(Step.CANCELLED, Delivery.id == delivery_id, actor_id=operator.actor_id)
        delivery = found_delivery(delivery_id)
        if delivery.state != DeliveryState.CANCELLED:
            raise WrongState("This is on its way or has left already, so it cannot be cancelled any more.")
        take_back(delivery)
        return delivery


def held_envelope(envelope_id: UUID | str) -> BulkEnvelope:
    """A submitted envelope, locked until the transaction ends. Raises NotFound."""
    found = get_envelope(envelope_id, lock=True)
    if found is None or found.status != EnvelopeStatus.SUBMITTED:
        raise NotFound("This bulk send does not exist, or was refused.")
    return found


def found_delivery(delivery_id: int) -> Delivery:
    """A delivery as it is now. Raises NotFound."""
    found = get_delivery(delivery_id)
    if found is None:
        raise NotFound
    return found


def _stop(envelope: BulkEnvelope, actor_id: str, event: AuditType, reason: str) -> int:
    """The envelope's lock makes two that stop it come one after the other; workers never wait for it."""
    moved = move(Step.CANCELLED, Delivery.envelope_id == envelope.id, actor_id=actor_id, written=False)
    if moved:
        note(event, actor_id, envelope_id=envelope.id, reason=reason, details={"stopped": len(moved)})
    return len(moved)
