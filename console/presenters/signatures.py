"""The approvals on a card: who signed, whose signature counts, and the places that are open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from console.presenters.faces import Face


class Vote(NamedTuple):
    """An approval that was given; `lost` says why it does not count any more."""

    face: Face
    at: datetime | None
    lost: str = ""


class Signature(NamedTuple):
    """One place for a signature: who gave it and when, or who may."""

    name: str
    words: str
    icon: str = ""
    face: Face | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Votes:
    """The approvals of a lane so far, and how many it takes."""

    given: tuple[Vote, ...] = ()
    needed: int = 1

    @property
    def counted(self) -> int:
        return sum(not vote.lost for vote in self.given)

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.counted)

    @property
    def progress(self) -> str:
        return f"{self.counted} of {self.needed}"

    @property
    def mine(self) -> bool:
        """Whether the one who looks approved, and others still have to."""
        return self.missing > 0 and any(vote.face.you for vote in self.given)

    @property
    def outlook(self) -> str:
        """What one more approval comes to, where it takes several."""
        if self.needed == 1:
            return ""
        if self.mine:
            return (
                f"{self.progress} approved. It takes {self.missing} more; until then you can still stop it."
            )
        if self.missing > 1:
            return (
                f"Yours would be approval {self.counted + 1} of {self.needed}. Nothing runs before the last."
            )
        return f"{self.progress} approved. With yours it runs."

    def signatures(self, asked: str, *, may: bool, four_eyes: bool) -> Iterator[Signature]:
        """The signatures, then the open places; `may` says whether the one who looks may sign."""
        for vote in self.given:
            words = f"{vote.face.first} approved"
            if vote.lost:
                yield Signature(words, "Does not count any more", "x")
            else:
                yield Signature(words, "", face=vote.face, at=vote.at)
        open_to_me = may and not self.mine
        for number in range(max(self.missing, 1 if open_to_me else 0)):
            name = "You decide" if open_to_me and number == 0 else "Someone else"
            if number:
                yield Signature(name, "One more person")
                continue
            words = f"{asked} may not" if four_eyes else "One is enough"
            yield Signature(name, words, "pen" if open_to_me else "lock")
