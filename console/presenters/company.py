"""Who else is here, as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.presence import Company
from console.presenters.faces import Face, Faces

WRITES = {"note": "a note", "reply": "an answer"}


class Beside(NamedTuple):
    """One person's face and a sentence about them and others; `words` is empty when nobody is there."""

    face: Face
    words: str


def here(company: Company, faces: Faces) -> Beside | None:
    """Who else looks at the conversation."""
    found = _faces(company.looking, faces)
    return Beside(found[0], f"{_names(found)} here too") if found else None


def writing(company: Company, faces: Faces) -> Beside | None:
    """Who else writes in it."""
    found = _faces({operator for operator, _ in company.writing}, faces)
    kinds = {what for _, what in company.writing}
    what = WRITES[kinds.pop()] if len(kinds) == 1 else "here"
    return Beside(found[0], f"{_names(found)} writing {what}") if found else None


def _faces(operators: frozenset[int] | set[int], faces: Faces) -> list[Face]:
    return sorted(faces(f"operator:{operator}") for operator in operators)


def _names(found: Sequence[Face]) -> str:
    first = found[0].first
    if len(found) == 1:
        return f"{first} is"
    others = found[1].first if len(found) == 2 else f"{len(found) - 1} more"
    return f"{first} and {others} are"
