"""What the sweep looks for among the deliveries, by state alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from flask import current_app
from sqlalchemy import delete, select, text, tuple_
from sqlalchemy.exc import DBAPIError

from console.channels import Channel
from console.conversations.texts import settings
from console.db import db, now, transaction
from console.locks import is_held
from console.models import BulkPreview, Delivery, DeliveryState
from console.outbound.claims import is_last, lock_key
from console.outbound.letters import any_of
from console.outbound.senders import SYSTEM
from console.outbound.sending import leave, leave_all
from console.outbound.stopping import found_delivery
from console.outbound.transitions import Step, move

log = structlog.get_logger(__name__)

PREVIEW_KEPT = timedelta(days=1)
LOST = (
    "The worker stopped before it had an answer. The message may or may not have arrived: "
    "look on the other side or ask the customer, then say here what is true."
)

# From one envelope to the next along the index, however many deliveries of each are waiting.
_DUE_ENVELOPES = text("""
    WITH RECURSIVE waiting (id) AS (
        (SELECT envelope_id FROM deliveries WHERE state = 'pending' AND envelope_id IS NOT NULL
          ORDER BY envelope_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.envelope_id FROM deliveries d WHERE d.state = 'pending' AND d.envelope_id > waiting.id
                 ORDER BY d.envelope_id LIMIT 1)
          FROM waiting WHERE waiting.id IS NOT NULL)
    SELECT id FROM waiting WHERE EXISTS (
        SELECT FROM deliveries d WHERE d.state = 'pending' AND d.envelope_id = waiting.id AND d.send_after <= :due)
""")


class Lost(NamedTuple):
    """A delivery whose worker is gone."""

    id: int
    claim_id: int
    channel: str
    attempts: int


def recover_lost() -> int:
    """Settle deliveries whose worker died while it sent them; how many.

    On a channel that knows a repetition they are sent again with the same key; on another they are uncertain, and a
    person decides. Each worker's claim is a number of its own, so one that nobody holds is never held again.
    """
    count = 0
    for page in _pages():
        again = [one for one in page if _repeatable(one)]
        count += _settle(Step.RELEASED, again, reason=None, send_after=now())
        count += _settle(Step.LOST, [one for one in page if one not in again], reason=LOST)
    return count


def send_due() -> int:
    """Send again the jobs of deliveries that should have left and wait still; how many jobs that were."""
    due = now() - timedelta(seconds=settings().sweep_grace_seconds)
    envelopes: Sequence[UUID] = db.session.scalars(_DUE_ENVELOPES, {"due": due}).all()
    db.session.rollback()
    for envelope_id in envelopes:
        with transaction():
            leave_all(envelope_id)
    count = len(envelopes)
    for page in _alone(due):
        with transaction():
            for delivery in page:
                leave(delivery)
        count += len(page)
    return count


def prune_previews() -> int:
    """Forget previews that could not be confirmed for a day; how many."""
    with transaction():
        old = delete(BulkPreview).where(BulkPreview.expires_at < now() - PREVIEW_KEPT)
        return int(getattr(db.session.execute(old), "rowcount", 0))


def _repeatable(one: Lost) -> bool:
    found: Channel | None = current_app.extensions["console_channel"]
    knows = found is not None and found.name == one.channel and found.deduplicates
    return knows and not is_last(one.attempts)


def _settle(step: Step, lost: Sequence[Lost], **values: Any) -> int:
    if not lost:
        return 0
    try:
        with transaction():
            moved = move(
                step,
                Delivery.id == any_of([one.id for one in lost]),
                Delivery.claim_id == any_of([one.claim_id for one in lost]),
                actor_id=SYSTEM,
                **values,
            )
            if step == Step.RELEASED:
                for envelope_id in {one.envelope_id for one in moved if one.envelope_id}:
                    leave_all(envelope_id)
                for one in moved:
                    if one.envelope_id is None:
                        leave(found_delivery(one.id))
            return len(moved)
    except DBAPIError:
        log.exception("deliveries_not_recovered", count=len(lost))
        return 0


def _pages() -> Iterator[list[Lost]]:
    """Deliveries that are being sent by nobody, in bounded batches."""
    limit = settings().sweep_batch
    wanted = (
        select(Delivery.id, Delivery.claim_id, Delivery.channel, Delivery.attempts)
        .where(Delivery.state == DeliveryState.SENDING, ~is_held(lock_key(Delivery.claim_id)))
        .order_by(Delivery.claim_id, Delivery.id)
        .limit(limit)
    )
    page = [Lost._make(row) for row in db.session.execute(wanted)]
    db.session.rollback()
    while page:
        yield page
        last = page[-1].claim_id, page[-1].id
        beyond = wanted.where(tuple_(Delivery.claim_id, Delivery.id) > last)
        page = [Lost._make(row) for row in db.session.execute(beyond)]
        db.session.rollback()


def _alone(due: datetime) -> Iterator[Sequence[Delivery]]:
    """Single follow-ups that are due, in bounded batches."""
    limit = settings().sweep_batch
    # `IS NULL` does not make a column constant for the planner, so the order names it too.
    order = Delivery.envelope_id, Delivery.send_after, Delivery.id
    wanted = select(Delivery).where(
        Delivery.state == DeliveryState.PENDING, Delivery.envelope_id.is_(None), Delivery.send_after <= due
    )
    page = db.session.scalars(wanted.order_by(*order).limit(limit)).all()
    db.session.rollback()
    while page:
        yield page
        last = page[-1].send_after, page[-1].id
        beyond = wanted.where(tuple_(Delivery.send_after, Delivery.id) > last)
        page = db.session.scalars(beyond.order_by(*order).limit(limit)).all()
        db.session.rollback()
