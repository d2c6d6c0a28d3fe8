"""A conversation as it came in, checked against every limit of ours before the database sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from console.conversations.texts import is_blank, unstorable
from console.db import now
from console.models import ConversationStatus, MessageRole

MAX_ID_CHARS = 200
MAX_SUBJECT_CHARS = 300
MAX_NAME_CHARS = 200
MAX_EMAIL_CHARS = 320
MAX_CHANNEL_CHARS = 32
MAX_MESSAGES = 20_000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
SPOKEN = (MessageRole.CUSTOMER, MessageRole.OPERATOR, MessageRole.SYSTEM_OUTBOUND)


class BadLine(Exception):
    """A line that cannot be loaded; its text is the reason, for the person who made the file."""


@dataclass(slots=True)
class IncomingMessage:
    role: MessageRole
    body: str
    at: datetime
    author_name: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Incoming:
    """One conversation of a file. `customer_ref` is the customer's id where it comes from, if it has one."""

    external_id: str
    subject: str
    status: ConversationStatus
    channel: str
    customer_name: str
    messages: list[IncomingMessage]
    customer_email: str | None = None
    customer_ref: str | None = None

    @property
    def started_at(self) -> datetime:
        return min(message.at for message in self.messages)

    @property
    def last(self) -> IncomingMessage:
        """The last thing that was said; what was done or noted counts only where nothing was said."""
        said = [message for message in self.messages if message.role in SPOKEN] or self.messages
        return max(said, key=lambda message: message.at)

    def check(self, max_message_chars: int) -> None:
        """Raises BadLine for the first thing that does not fit."""
        _text("external_id", self.external_id, MAX_ID_CHARS)
        _text("subject", self.subject, MAX_SUBJECT_CHARS)
        _text("channel", self.channel, MAX_CHANNEL_CHARS)
        _text("customer.name", self.customer_name, MAX_NAME_CHARS)
        if self.customer_email is not None:
            _text("customer.email", self.customer_email, MAX_EMAIL_CHARS)
        if self.customer_ref is not None:
            _text("customer.id", self.customer_ref, MAX_ID_CHARS)
        if not self.messages:
            raise BadLine("it has no messages")
        if len(self.messages) > MAX_MESSAGES:
            raise BadLine(
                f"it has {len(self.messages):,} messages; at most {MAX_MESSAGES:,} fit one conversation"
            )
        latest = now() + timedelta(days=1)
        for number, message in enumerate(self.messages, 1):
            _text(f"the text of message {number}", message.body, max_message_chars)
            if not EARLIEST <= message.at <= latest:
                raise BadLine(f"the time of message {number} is before 1970 or in the future")
            if len(message.author_name) > MAX_NAME_CHARS or unstorable(message.author_name):
                raise BadLine(f"the author of message {number} cannot be stored")


def _text(name: str, value: str, limit: int) -> None:
    if unstorable(value):
        raise BadLine(f"{name} contains a character that cannot be stored (NUL, or half of one)")
    if is_blank(value):
        raise BadLine(f"{name} is empty")
    if len(value) > limit:
        raise BadLine(f"{name} has {len(value):,} characters; at most {limit:,} fit")
