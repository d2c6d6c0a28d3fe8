"""What those who worked know: what they tried, and what they were told that it was done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import count

_numbers = count(1)


@dataclass
class Journal:
    """Everything that a person at a browser remembers of a day. Appended to by several threads."""

    asked: dict[str, int] = field(default_factory=dict)
    """By mark, the lane that the answer led to."""
    decided: list[tuple[int, str, str]] = field(default_factory=list)
    """Lane, event and operator of each decision that was answered with success."""
    written: dict[str, bool] = field(default_factory=dict)
    """By their words: messages and notes that were sent, and whether any answer was success."""
    sent: dict[str, bool] = field(default_factory=dict)
    """Bulk sends that were confirmed, by envelope, and whether any answer was success."""
    undone: list[str] = field(default_factory=list)
    status: dict[int, str] = field(default_factory=dict)
    """The last status that a conversation was given by the one person who does so."""
    answers: Counter[str] = field(default_factory=Counter)
    """Requests by how they were answered."""
    letters: int = 0
    """Follow-ups that are on their way."""
    errors: list[str] = field(default_factory=list)
    """Answers that nobody should get, whatever is killed."""


def new_mark(who: str) -> str:
    """A text that stands for one intent."""
    return f"{who}-{next(_numbers)}"
