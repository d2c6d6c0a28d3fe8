"""What one customer gets: who they are, whether they may be written to, and the final text of their message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select

from console.channels import Channel, channel
from console.db import db
from console.models import Conversation, ConversationStatus, Customer
from console.outbound.placeholders import PLACEHOLDERS, Segment, Text, Values

SLICE = 1_000
"""Recipients that are in memory at once, with the texts of their messages."""
NOT_RESOLVED = "Not resolved, or open again. Only resolved conversations can be written to."
NO_ADDRESS = "No address of this customer is known."
CHANGED = "What they would get changed after the preview, so it was not sent."

_GAP = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


class Recipient(NamedTuple):
    """A conversation and its customer, as of now."""

    conversation_id: int
    status: str
    subject: str
    last_message_at: datetime
    customer: str
    email: str | None
    ref: str | None


class LeftOut(NamedTuple):
    """Somebody who was asked for and is not written to."""

    conversation_id: int
    customer: str
    reason: str


class Letter(NamedTuple):
    """One message as it will arrive."""

    conversation_id: int
    recipient: str
    address: str
    subject: str
    body: str

    @property
    def fingerprint(self) -> str:
        """Equal for equal letters, and for no others."""
        words = "\x00".join((self.address, self.subject, self.body))
        return blake2b(words.encode(), digest_size=16).hexdigest()


class Writing(NamedTuple):
    """What all letters of one send have in common."""

    subject: Text
    body: Text
    sender: str
    """The name of whoever sends them."""
    channel: Channel


def writing(subject: Text, body: Text, sender: str) -> Writing:
    """What the letters of one send have in common. Raises NoChannel when nothing can be sent."""
    return Writing(subject, body, sender, channel())


def recipients(ids: Sequence[int], *, lock: bool = False) -> Iterator[Recipient]:
    """Those of the conversations that exist, by id, read slice by slice; locked until the transaction ends if asked."""
    wanted = (
        select(
            Conversation.id,
            Conversation.status,
            Conversation.subject,
            Conversation.last_message_at,
            Customer.name,
            Customer.email,
            Customer.ref,
        )
        .join(Customer, Customer.id == Conversation.customer_id)
        .order_by(Conversation.id)
    )
    if lock:
        # In the order of ids, as everybody who locks several; a reply to one of them waits, or comes first.
        wanted = wanted.with_for_update(key_share=True, of=Conversation)
    ordered = sorted(ids)
    for start in range(0, len(ordered), SLICE):
        for row in db.session.execute(
            wanted.where(Conversation.id == any_of(ordered[start : start + SLICE]))
        ):
            yield Recipient._make(row)


def compose(recipient: Recipient, writing: Writing) -> Letter | LeftOut:
    """The letter to one recipient, or why there is none."""
    reason = unwritable(recipient, writing.channel)
    values = values_for(recipient, writing.sender)
    if reason is None:
        missing = [
            name for text in (writing.subject, writing.body) for name in text.names if not values[name]
        ]
        reason = f"There is nothing to put in for {PLACEHOLDERS[missing[0]]}." if missing else None
    if reason is not None:
        return LeftOut(recipient.conversation_id, recipient.customer, reason)
    return Letter(
        recipient.conversation_id,
        recipient.customer,
        address_of(recipient),
        writing.subject.fill(values),
        writing.body.fill(values),
    )


def unwritable(recipient: Recipient, channel: Channel) -> str | None:
    """Why this customer cannot be written to through this channel, as a sentence; None when they can."""
    if recipient.status != ConversationStatus.RESOLVED:
        return NOT_RESOLVED
    address = address_of(recipient)
    return channel.takes(address) if address else NO_ADDRESS


def address_of(recipient: Recipient) -> str:
    """Where the customer is reached: their email, else the host application's own id of them."""
    return recipient.email or recipient.ref or ""


def values_for(recipient: Recipient, sender: str) -> Values:
    """What fills the placeholders for one recipient: each on one line, so that a name can add no line of its own."""
    name = one_line(recipient.customer)
    return {
        "customer.name": name,
        "customer.first_name": name.partition(" ")[0],
        "customer.email": one_line(recipient.email or ""),
        "conversation.subject": one_line(recipient.subject),
        "conversation.id": str(recipient.conversation_id),
        "operator.name": one_line(sender),
    }


def samples_of(recipient: Recipient, writing: Writing) -> tuple[list[Segment], list[Segment]]:
    """Subject and body as they will arrive, in pieces that say what differs by customer."""
    values = values_for(recipient, writing.sender)
    return writing.subject.segments(values), writing.body.segments(values)


def one_line(value: str) -> str:
    """A value without line breaks and control characters."""
    return _GAP.sub(" ", value).strip()


def any_of(ids: Sequence[int]) -> Any:
    """One parameter however many ids: a list of parameters would be another statement for every length."""
    return any_(bindparam("ids", list(ids), ARRAY(BigInteger), unique=True))
