"""What must be true after a storm, read from the database and from what the other side wrote down, and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from console import outbound
from console.channels import Outgoing
from console.db import db
from console.models import (
    AuditEvent,
    AuditType,
    BulkEnvelope,
    Delivery,
    DeliveryState,
    EnvelopeStatus,
    Message,
    MessageRole,
)
from tests.storm.other_side import Taken

S = DeliveryState
MOST_ACCEPTED = {S.SENT: 1, S.FAILED: 1, S.UNCERTAIN: 1, S.CANCELLED: 0, S.PENDING: 1, S.SENDING: 1}


class Row(NamedTuple):
    """A delivery, with what its message says and how often the log says that it was sent."""

    id: int
    key: str
    envelope_id: UUID | None
    conversation_id: int
    address: str
    body: str
    state: DeliveryState
    logged: int


def rows() -> list[Row]:
    """Every delivery."""
    sent = select(AuditEvent.delivery_id, func.count()).where(
        AuditEvent.event_type == AuditType.DELIVERY_SENT
    )
    logged = {row[0]: row[1] for row in db.session.execute(sent.group_by(AuditEvent.delivery_id))}
    wanted = select(Delivery, Message.body).join(
        Message,
        (Message.id == Delivery.message_id)
        & (Message.conversation_id == Delivery.conversation_id)
        & (Message.role == MessageRole.SYSTEM_OUTBOUND),
    )
    found = []
    for one, body in db.session.execute(wanted):
        key = Outgoing(one.id, one.conversation_id, "", "", "", "", one.created_at).key
        found.append(
            Row(
                one.id,
                key,
                one.envelope_id,
                one.conversation_id,
                one.address,
                body,
                DeliveryState(one.state),
                logged.get(one.id, 0),
            )
        )
    db.session.rollback()
    return found


def violations(found: Sequence[Row], taken: Sequence[Taken]) -> list[str]:
    """Everything that is not as it was promised; nothing when all is well."""
    by_envelope: dict[UUID | None, list[Row]] = defaultdict(list)
    for row in found:
        by_envelope[row.envelope_id].append(row)
    broken = [
        *_settled(found),
        *_accepted(found, taken),
        *_once_each(taken),
        *_recipients(by_envelope),
        *_messages(found),
    ]
    db.session.rollback()
    return broken


def _settled(found: Sequence[Row]) -> Iterator[str]:
    for row in found:
        if row.state in (S.PENDING, S.SENDING):
            yield f"delivery {row.id} is still {row.state}"
        if row.logged != (row.state == S.SENT):
            yield f"delivery {row.id} is {row.state}, and the log says {row.logged} times that it was sent"


def _accepted(found: Sequence[Row], taken: Sequence[Taken]) -> Iterator[str]:
    rows_by_key = {row.key: row for row in found}
    times = Counter(one.key for one in taken)
    for row in found:
        least = 1 if row.state == S.SENT else 0
        if not least <= times[row.key] <= MOST_ACCEPTED[row.state]:
            yield f"delivery {row.id} is {row.state}, and {times[row.key]} messages of it were accepted"
    for one in taken:
        its = rows_by_key.get(one.key)
        if its is None:
            yield f"{one.key} was accepted, and no delivery has this key"
        elif (its.address, its.body) != (one.address, one.body):
            yield f"what was accepted for delivery {its.id} is not what its message says"


def _once_each(taken: Sequence[Taken]) -> Iterator[str]:
    # In a storm each customer is written to by one send alone, so this needs no key and no row.
    for address, times in Counter(one.address for one in taken).items():
        if times > 1:
            yield f"{address} has {times} messages"


def _recipients(by_envelope: Mapping[UUID | None, Sequence[Row]]) -> Iterator[str]:
    submitted = select(BulkEnvelope).where(BulkEnvelope.status == EnvelopeStatus.SUBMITTED)
    envelopes = list(db.session.scalars(submitted))
    for envelope in envelopes:
        its = by_envelope.get(envelope.id, [])
        left_out = {one["conversation_id"] for one in envelope.left_out}
        wanted = set(envelope.conversation_ids) - left_out
        if Counter(row.conversation_id for row in its) != Counter(wanted) or envelope.count != len(wanted):
            yield f"envelope {envelope.id} has other deliveries than recipients"
        states = Counter(str(row.state) for row in its)
        if outbound.counts(envelope.id) != {str(state): states[state] for state in S}:
            yield f"envelope {envelope.id} counts other states than its deliveries have"
        if (envelope.undone_count or 0) != states[S.CANCELLED]:
            yield f"envelope {envelope.id} says that {envelope.undone_count} were undone"
    for gone in by_envelope.keys() - {one.id for one in envelopes} - {None}:
        yield f"envelope {gone} has deliveries and was not submitted"
    for conversation, times in Counter(row.conversation_id for row in by_envelope.get(None, [])).items():
        if times > 1:
            yield f"conversation {conversation} has {times} single follow-ups"


def _messages(found: Sequence[Row]) -> Iterator[str]:
    messages = select(func.count()).where(Message.role == MessageRole.SYSTEM_OUTBOUND)
    deliveries = select(func.count()).select_from(Delivery)
    counted = db.session.scalar(messages), db.session.scalar(deliveries), len(found)
    if len(set(counted)) > 1:
        yield "{} outbound messages, {} deliveries, {} of both together".format(*counted)
