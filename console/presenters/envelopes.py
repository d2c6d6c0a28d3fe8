"""A bulk send as its page and its row in the list say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from console.db import now
from console.models import BulkEnvelope, Delivery
from console.presenters.days import at_time
from console.presenters.deliveries import Told, told
from console.presenters.faces import Faces
from console.presenters.labels import Chip, count
from console.presenters.sends import (
    Bar,
    Number,
    bar,
    headline,
    meter,
    narrower,
    phase,
    short,
    tally,
)

PHASES = {
    "refused": Chip("Refused", "slash", "bad"),
    "undoable": Chip("About to leave", "clock", "wait"),
    "undone": Chip("Undone", "slash", "settled"),
    "running": Chip("Under way", "run", "calm"),
    "done": Chip("Done", "done", "good"),
    "needs": Chip("Needs you", "ask", "warn"),
}


class Row(NamedTuple):
    """One delivery in the table of an envelope."""

    told: Told
    name: str
    href: str
    at: datetime


class EnvelopePage(NamedTuple):
    """Everything that templates/bulk/_envelope.html says."""

    id: str
    template_id: int
    topic: str
    short: str
    phase: str
    step: int
    title: str
    sub: str
    why: str
    leaves: datetime
    seconds: int
    leaving: str
    window: int
    waiting: int
    failed: int
    bar: Bar
    tally: list[Number]
    meter: Bar
    taken: str
    limit: str


class EnvelopeLine(NamedTuple):
    """One send in the list of all."""

    id: str
    href: str
    title: str
    template: str
    who: str
    at: datetime
    chip: Chip


def line(envelope: BulkEnvelope, counts: Mapping[str, int], faces: Faces) -> EnvelopeLine:
    """A send as one row."""
    at = phase(envelope, counts)
    needs = at == "done" and counts.get("failed", 0) + counts.get("uncertain", 0)
    return EnvelopeLine(
        id=str(envelope.id),
        href=f"/bulk/{envelope.id}",
        title=headline(envelope, counts),
        template=envelope.template.name,
        who=faces(envelope.created_by).first,
        at=envelope.created_at,
        chip=PHASES["needs" if needs else at],
    )


def present(
    envelope: BulkEnvelope,
    counts: Mapping[str, int],
    faces: Faces,
    local: tzinfo,
) -> EnvelopePage:
    """The send as its page shows it."""
    at = phase(envelope, counts)
    seconds = max(0, -int((now() - envelope.send_after).total_seconds() // 1))
    return EnvelopePage(
        id=str(envelope.id),
        template_id=envelope.template_id,
        topic=envelope.topic,
        short=short(envelope.id),
        phase=at,
        step={"refused": 1, "undoable": 2, "running": 2}.get(at, 3),
        title=headline(envelope, counts),
        sub=_sub(envelope, at, faces, local),
        why=_why(envelope, at),
        leaves=envelope.send_after,
        seconds=seconds,
        leaving=count(envelope.count, "message leaves", "messages leave"),
        window=max(1, round((envelope.send_after - envelope.created_at).total_seconds())),
        waiting=counts.get("pending", 0),
        failed=counts.get("failed", 0),
        bar=bar(counts),
        tally=tally(counts),
        meter=meter(envelope.count, envelope.cap),
        taken=f"{envelope.count:,}",
        limit=f"of {envelope.cap:,}, {max(0, envelope.count - envelope.cap):,} over",
    )


def rows(deliveries: Sequence[Delivery], repeated: frozenset[int], local: tzinfo) -> list[Row]:
    """The deliveries of one page of the table. What was sent again asks for nothing more."""
    found = []
    for one in deliveries:
        words = told(one, local, repeated=one.id in repeated)
        href = f"/conversations/{one.conversation_id}#message-{one.message_id}"
        found.append(Row(words, one.recipient, href, one.updated_at))
    return found


def _sub(envelope: BulkEnvelope, at: str, faces: Faces, local: tzinfo) -> str:
    who, used = (
        faces(envelope.created_by).first,
        f"“{envelope.template.name}”, version {envelope.template_version}.",
    )
    when = at_time(envelope.created_at, local)
    if at == "refused":
        limit = f"The limit was {envelope.cap:,} so that a mistake stays small; nothing was sent."
        return f"{used} {who} asked for it {when}. {limit}"
    if at == "undone" and envelope.undone_at:
        return f"{used} {who} sent it {when}, and it was undone {at_time(envelope.undone_at, local)}."
    return f"{used} {who} sent it {when}."


def _why(envelope: BulkEnvelope, at: str) -> str:
    if at == "refused":
        return f"{narrower(envelope.count, envelope.cap)} Refused attempts are kept, this one as {short(envelope.id)}."
    return ""
