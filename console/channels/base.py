"""What every channel promises: it takes one message, and says truthfully what became of it.

There are four answers, and what a delivery becomes follows from them alone:

| `send` | the delivery becomes |
| --- | --- |
| returns a reference | `sent`: someone else has accepted the message |
| raises TemporaryFailure | `pending` again, later, until the attempts are used up; nobody has the message |
| raises PermanentFailure | `failed`: nobody has the message, and trying again by itself would change nothing |
| raises UncertainFailure, or anything else | `uncertain`: perhaps someone has it; it is never repeated by itself |

A failure's `sentence` is for the delivery's row and its page: it may quote what the other side answered. Logs and
metrics take its `code`, which is one of a fixed set.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from console.errors import ConsoleError


@dataclass(frozen=True)
class Outgoing:
    """One message as it will leave, word for word. Its repr holds nothing that a customer could read or be."""

    delivery_id: int
    conversation_id: int
    to_name: str = field(repr=False)
    to_address: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    """Plain text."""
    created_at: datetime
    """When the delivery was written; with a time zone."""

    @property
    def key(self) -> str:
        """The idempotency key: the same for every attempt, and another one after the database began anew."""
        return f"delivery-{self.delivery_id}-{int(self.created_at.timestamp() * 1_000_000):x}"


class FailureCode(StrEnum):
    """Why something did not leave; few enough for a label of a metric."""

    UNREACHABLE = "unreachable"
    """No connection: a name that is not found, a refused or lost connection, a time-out."""
    BUSY = "busy"
    """The other side asks to try later."""
    REFUSED = "refused"
    """The other side does not want this message."""
    ADDRESS = "address"
    """Whom it is for cannot be reached through this channel."""
    SETTINGS = "settings"
    """This deployment is not let in, or must not connect there."""
    NO_ANSWER = "no_answer"
    """It was handed over, and no answer came."""


class ChannelFailure(ConsoleError):
    """A message did not leave, or may not have."""

    status = 502

    def __init__(self, sentence: str, code: FailureCode) -> None:
        super().__init__(sentence)
        self.code: str = code


class TemporaryFailure(ChannelFailure):
    """Nobody has the message; the same may work later. `retry_after`: seconds that the other side asks for."""

    def __init__(self, sentence: str, code: FailureCode, retry_after: float | None = None) -> None:
        super().__init__(sentence, code)
        self.retry_after = retry_after


class PermanentFailure(ChannelFailure):
    """Nobody has the message, and the same would be refused again."""


class UncertainFailure(ChannelFailure):
    """It was handed over and no answer came, on a channel where a repetition may arrive twice."""


class ChannelSession(Protocol):
    """What sends, while connections are kept open."""

    def send(self, outgoing: Outgoing) -> str:
        """Send it and return the other side's reference, at most `MAX_REFERENCE_CHARS` long.

        Raises TemporaryFailure, PermanentFailure or UncertainFailure. After any of them the session goes on.
        """
        ...


class Channel(Protocol):
    """A way for a message to leave. Made once an application; nothing connects before the first `send`."""

    name: str
    deduplicates: bool
    """The other side knows `Outgoing.key` and takes a message once: it may be repeated after a crash, and several
    threads may send through one session. Otherwise one session is one thread's."""

    def takes(self, address: str) -> str | None:
        """Why nothing can be sent to this address, as a sentence; None when it can. Asks nobody."""
        ...

    def session(self) -> AbstractContextManager[ChannelSession]:
        """`with channel.session() as session: session.send(outgoing)`, for one message or for a slice of many."""
        ...

    def problem(self) -> str | None:
        """What keeps this channel from sending, found by connecting without sending; None when all is well."""
        ...


MAX_REFERENCE_CHARS = 200
