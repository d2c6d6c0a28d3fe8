"""A bulk send in words: its headline, its bar, its numbers, and how much of the limit it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from console.db import now
from console.models import BulkEnvelope
from console.presenters.deliveries import CHIPS
from console.presenters.labels import Chip, count

STATES = ("sent", "sending", "pending", "failed", "uncertain", "cancelled")
NUMBERS = (
    "none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
MOST_SLOTS = 60
LEFT_OUT_NAMED = 10
THINNEST = 0.006
"""The part of the bar that even a single one gets, so that one failure among thousands is seen."""


class Segment(NamedTuple):
    """A stretch of a bar, in the bar's own units."""

    kind: str
    x: float
    width: float


class Bar(NamedTuple):
    """A bar as stretches from 0 to `width`."""

    width: float
    segments: list[Segment]
    words: str


class Number(NamedTuple):
    """How many are in one state."""

    state: str
    chip: Chip
    word: str
    number: int


class Absent(Protocol):
    """Somebody who was selected and is left out."""

    @property
    def customer(self) -> str: ...
    @property
    def reason(self) -> str: ...


class LeftOut(NamedTuple):
    """The first few who are left out, with why, and how many there are in all."""

    number: int
    named: Sequence[Absent]

    @property
    def more(self) -> int:
        return self.number - len(self.named)


def spelled(number: int) -> str:
    """Small numbers as words: `three`, `17`, `1,204`."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else f"{number:,}"


def phase(envelope: BulkEnvelope, counts: Mapping[str, int]) -> str:
    """Where a send stands: refused, undoable, undone, running or done."""
    if envelope.status != "submitted":
        return "refused"
    if envelope.undone_at is not None:
        return "undone"
    if envelope.send_after > now() and counts.get("pending"):
        return "undoable"
    return "running" if counts.get("pending", 0) + counts.get("sending", 0) else "done"


def headline(envelope: BulkEnvelope, counts: Mapping[str, int]) -> str:
    """The send in one line, by what matters most about it."""
    total, sent = envelope.count, counts.get("sent", 0)
    need, stopped = counts.get("failed", 0) + counts.get("uncertain", 0), counts.get("cancelled", 0)
    at = phase(envelope, counts)
    if at == "refused":
        return over(total, envelope.cap)
    if not total:
        return "Nobody was written to"
    if at == "undone" and not sent:
        return f"Undone, {'it was' if total == 1 else f'all {total:,} were'} stopped in time"
    if at == "undoable":
        return f"{count(total, 'message leaves', 'messages leave')} in a moment"
    if sent == total:
        return "Sent" if total == 1 else f"All {total:,} sent"
    words = f"{sent or 'None':,} of {total:,} sent" if sent else f"None of {total:,} sent"
    if at == "running" and not sent and not need:
        words = f"{count(total, 'message is', 'messages are')} on the way"
    if stopped:
        words += f", {spelled(stopped)} stopped"
    if need:
        words += f", {spelled(need)} {'needs' if need == 1 else 'need'} you"
    return words


def over(number: int, cap: int) -> str:
    """The refusal of a selection that is too large."""
    return f"{number:,} is {spelled(number - cap)} more than one send may hold"


def narrower(number: int, cap: int) -> str:
    """How a selection that is too large could be made to fit."""
    parts = -(-number // cap)
    ways = "two halves" if parts == 2 else f"{spelled(parts)} parts"
    return f"Deselect {spelled(number - cap)}, or send in {ways}."


def bar(counts: Mapping[str, int]) -> Bar:
    """How a send stands, as stretches in proportion."""
    there = [(state, counts[state]) for state in STATES if counts.get(state)]
    total = sum(number for _, number in there) or 1
    widths = [(state, max(number, total * THINNEST)) for state, number in there]
    gap, at, found = total * 0.001, 0.0, []
    for state, width in widths:
        found.append(Segment(state, round(at + gap, 3), round(width - 2 * gap, 3)))
        at += width
    words = ", ".join(f"{number:,} {_word(state)}" for state, number in there)
    return Bar(round(at, 3), found, words or "Nothing to send")


def tally(counts: Mapping[str, int]) -> list[Number]:
    """The numbers by state. A state in which nothing is, is not listed, but for what was sent."""
    return [
        Number(state, CHIPS[state], _word(state), counts.get(state, 0))
        for state in STATES
        if counts.get(state) or state == "sent"
    ]


def meter(number: int, cap: int) -> Bar:
    """How much of the limit is taken: a slot each, or in proportion when there are too many."""
    words = f"{count(number, 'recipient')}, {cap:,} allowed in one send"
    most = max(number, cap)
    if most <= MOST_SLOTS:
        kinds = ["over" if n >= cap else "on" if n < number else "free" for n in range(most)]
        return Bar(most * 8 - 2, [Segment(kind, n * 8, 6) for n, kind in enumerate(kinds)], words)
    taken, wide = min(number, cap), 198.0
    parts = [("on", taken), ("over", max(0, number - cap)), ("free", max(0, cap - number))]
    at, found = 0.0, []
    for kind, part in parts:
        width = round(wide * part / most, 2)
        found += [Segment(kind, round(at, 2), width)] if part else []
        at += width
    return Bar(wide, found, words)


def left_out(absent: Sequence[Absent], number: int | None = None) -> LeftOut:
    """Who is left out: the first of them by name."""
    return LeftOut(len(absent) if number is None else number, absent[:LEFT_OUT_NAMED])


def short(envelope_id: object) -> str:
    """An envelope's id as people tell two apart: `9c41…07`."""
    text = str(envelope_id)
    return f"{text[:4]}…{text[-2:]}"


def _word(state: str) -> str:
    return CHIPS[state].word.lower()
