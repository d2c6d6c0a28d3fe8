"""What a part of the proof hands over: claims, each with what was done for it and the line that protects it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Claim:
    """One promise and what came of it."""

    name: str
    """In snake case, the same in every run: `unprotected` finds it by this."""
    promise: str
    """One sentence about the domain."""
    done: str
    """What was done, and how often."""
    broken: list[str] = field(default_factory=list)
    """Everything that was lost, doubled or otherwise not as promised; empty when the promise held."""
    figures: str = ""
    """Medians with their spread and the floor of the same run, or counts."""

    @property
    def held(self) -> bool:
        return not self.broken

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Protection:
    """The line that a claim rests on: with `line` of `path` replaced by `instead`, the claim must be seen broken."""

    claim: str
    path: str
    line: str
    """A text that stands exactly once in the file."""
    instead: str
