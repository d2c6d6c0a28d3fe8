"""One follow-up to one customer: what its form says before it is sent, and what came of sending it."""

from __future__ import annotations

import hashlib
from datetime import datetime, tzinfo
from typing import NamedTuple

from console.models import Delivery, DeliveryState
from console.outbound import Rendered
from console.presenters.days import at_time
from console.presenters.faces import Faces

LIVE = (DeliveryState.PENDING, DeliveryState.SENDING)


class Earlier(NamedTuple):
    """The same template, sent to the same conversation before: what is said of it, and whether it can be again."""

    words: str
    again: bool


def earlier(delivery: Delivery | None, faces: Faces, local: tzinfo) -> Earlier | None:
    """What to know before sending the same once more."""
    if delivery is None:
        return None
    who, when = faces(delivery.created_by).mid, at_time(delivery.updated_at, local)
    due = at_time(delivery.send_after, local)
    words = {
        DeliveryState.PENDING: f"The same one is planned already, by {who}: it leaves {due}.",
        DeliveryState.SENDING: f"The same one is on its way already, sent by {who}.",
        DeliveryState.SENT: f"The same one was already sent {when} by {who}.",
        DeliveryState.FAILED: f"The same one failed {when}. It can also be tried again in the timeline.",
        DeliveryState.UNCERTAIN: "Nobody knows yet whether the same one arrived. Look at it in the timeline first.",
    }
    return (
        Earlier(words.get(delivery.state, ""), delivery.state not in LIVE)
        if delivery.state in words
        else None
    )


def seen(rendered: Rendered) -> str:
    """Equal for two renderings alone that a customer would read as the same message."""
    words = [rendered.address, *(part.text for part in (*rendered.subject, *rendered.body))]
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]


def planned(delivery: Delivery, local: tzinfo, *, now: datetime) -> str:
    """What was just done, for a toast."""
    if delivery.send_after > now:
        due = at_time(delivery.send_after, local)
        return f"Planned: it leaves {due}. Until then it can be cancelled in the timeline."
    return "The follow-up is on its way. The timeline shows how far it gets."
