"""What came of an action on a selection, as one sentence for a toast."""

from __future__ import annotations

from console.conversations import Outcome


def told(outcome: Outcome, done: str, *, been: str = "already") -> str:
    """`12 resolved, 1 was already.`"""
    parts = [f"{outcome.changed:,} {done}"] if outcome.changed else []
    if outcome.already:
        parts.append(f"{outcome.already:,} {'was' if outcome.already == 1 else 'were'} {been}")
    words = ", ".join(parts) or f"None {done}"
    if outcome.gone:
        words += f", and {outcome.gone:,} {'is' if outcome.gone == 1 else 'are'} no longer there"
    return f"{words}."
