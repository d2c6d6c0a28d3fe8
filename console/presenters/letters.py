"""A message as it will arrive, in paragraphs, with the words that differ by customer marked."""

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
    paragraphs: list[list[Piece]]


def letter(
    to: str, address: str, subject: Iterable[tuple[str, bool]], body: Iterable[tuple[str, bool]]
) -> LetterPage:
    """A rendered message as a page shows it."""
    return LetterPage(to, address, [Piece(*part) for part in subject], paragraphs(body))


def paragraphs(body: Iterable[tuple[str, bool]]) -> list[list[Piece]]:
    """The pieces by paragraph: an empty line begins the next one, as in the message itself."""
    found: list[list[Piece]] = [[]]
    for text, differs in body:
        if differs:
            found[-1].append(Piece(text, differs))
            continue
        first, *rest = text.split("\n\n")
        found[-1].append(Piece(first, False))
        found.extend([Piece(part, False)] for part in rest)
    return [part for part in found if any(piece.text.strip() for piece in part)]
