"""A message as it will arrive, with the words that differ by customer marked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Piece(NamedTuple):
    """A stretch of text; `differs` when another customer would read something else there."""

    text: str
    differs: bool


class LetterPage(NamedTuple):
    """One letter, ready to be shown."""

    to: str
    address: str
    subject: list[Piece]
    body: list[Piece]


def letter(
    to: str, address: str, subject: Iterable[tuple[str, bool]], body: Iterable[tuple[str, bool]]
) -> LetterPage:
    """A rendered message as a page shows it."""
    return LetterPage(to, address, [Piece(*part) for part in subject], [Piece(*part) for part in body])
