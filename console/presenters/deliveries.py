"""A delivery in words: its state, what is known about it, and what a person may do next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple, Protocol

from console.db import now
from console.presenters.days import at_time
from console.presenters.labels import Chip

CHIPS = {
    "pending": Chip("Waiting", "clock", "wait"),
    "sending": Chip("Sending", "run", "calm"),
    "sent": Chip("Sent", "done", "good"),
    "failed": Chip("Failed", "fail", "bad"),
    "uncertain": Chip("Uncertain", "ask", "unsure"),
    "cancelled": Chip("Cancelled", "slash", "settled"),
}
PLANNED = Chip("Planned", "clock", "wait")
ASKED = {
    "smtp": "The mail server is being asked.",
    "webhook": "It is being handed over.",
    "log": "It is being written to the log.",
}


class Known(Protocol):
    """A delivery as it is read."""

    @property
    def id(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def send_after(self) -> datetime: ...
    @property
    def attempts(self) -> int: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def updated_at(self) -> datetime: ...


class FromJson(NamedTuple):
    """A delivery as the timeline reads it, together with its message."""

    id: int
    state: str
    channel: str
    send_after: datetime
    attempts: int
    reason: str | None
    reference: str | None
    updated_at: datetime
    envelope_id: str | None
    template_version: int
    address: str
    subject: str
    template: str
    repeated: bool


class Step(NamedTuple):
    """What a person may do next: a button and where it leads."""

    word: str
    action: str


class Told(NamedTuple):
    """A delivery as a page says it."""

    id: int
    state: str
    chip: Chip
    words: str
    steps: tuple[Step, ...]


def from_json(facts: Mapping[str, Any]) -> FromJson:
    """The delivery behind an entry of `console.conversations.timeline`."""
    moments = {name: datetime.fromisoformat(facts[name]) for name in ("send_after", "updated_at")}
    return FromJson(**{**facts, **moments})


def told(delivery: Known, local: tzinfo, *, repeated: bool = False) -> Told:
    """The delivery's chip, its sentence and its next steps."""
    state = str(delivery.state)
    planned = state == "pending" and not delivery.attempts and delivery.send_after > now()
    chip = PLANNED if planned else CHIPS[state]
    words = sentence(delivery, local)
    if repeated:
        return Told(delivery.id, state, chip, f"{words} It was sent again.", ())
    return Told(delivery.id, state, chip, words, steps(delivery.id, state))


def sentence(delivery: Known, local: tzinfo) -> str:
    """What is known about the delivery, and never more than that."""
    reason = delivery.reason or ""
    if delivery.state == "pending":
        waits = delivery.send_after > now()
        if delivery.attempts:
            when = f"is due at {delivery.send_after.astimezone(local):%H:%M:%S}" if waits else "is next"
            return f"{reason} Attempt {delivery.attempts + 1} {when}.".lstrip()
        return f"Leaves {at_time(delivery.send_after, local)}." if waits else "Next in line."
    if delivery.state == "sending":
        return ASKED.get(delivery.channel, "It is on its way.")
    if delivery.state == "sent":
        when = at_time(delivery.updated_at, local)
        return (
            f"Accepted {when}, ref {delivery.reference}." if delivery.reference else reason or f"Sent {when}."
        )
    if delivery.state == "cancelled":
        return f"Stopped {at_time(delivery.updated_at, local)}, before it left."
    if delivery.state == "failed" and delivery.attempts > 1:
        return f"{reason} {delivery.attempts} attempts."
    return reason


def steps(delivery_id: int, state: str) -> tuple[Step, ...]:
    """What may be done about a delivery in this state."""
    here = f"/deliveries/{delivery_id}"
    if state == "pending":
        return (Step("Cancel", f"{here}/cancellation"),)
    if state == "failed":
        return (Step("Try again", f"{here}/retry"),)
    if state == "uncertain":
        return (Step("Mark as sent", f"{here}/sent"), Step("Send again", f"{here}/repeat"))
    return ()
