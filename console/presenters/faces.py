"""Who is behind an actor's id, as a page says it: people are round, agents and rules are square."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Face(NamedTuple):
    """`kind` is person, agent, policy or system; `you` when it is the one who looks at the page."""

    id: str
    name: str
    kind: str
    you: bool = False

    @property
    def first(self) -> str:
        """The name as the team says it."""
        return "You" if self.you else self.name.split()[0] if self.kind == "person" else self.name

    @property
    def mid(self) -> str:
        """The same in the middle of a sentence."""
        return "you" if self.you else self.first

    @property
    def square(self) -> bool:
        return self.kind != "person"

    @property
    def icon(self) -> str:
        """The symbol in a square."""
        return "bot" if self.kind == "agent" else "shield"


@dataclass
class Faces:
    """Names by operator id, and whose page this is. Finds a face for any actor; never fails."""

    names: Mapping[int, str]
    viewer: str = ""
    _found: dict[str, Face] = field(default_factory=dict)

    def __call__(self, actor_id: str | None) -> Face:
        key = actor_id or "system"
        if key not in self._found:
            self._found[key] = self._find(key)
        return self._found[key]

    def _find(self, actor_id: str) -> Face:
        kind, _, key = actor_id.partition(":")
        if kind == "operator":
            name = self.names.get(int(key)) if key.isascii() and key.isdigit() else None
            return Face(actor_id, name or "Someone who left", "person", actor_id == self.viewer)
        if kind == "agent":
            name = key.replace("_", " ").replace("-", " ").strip()
            return Face(actor_id, name[:1].upper() + name[1:] or "An agent", "agent")
        if kind == "policy":
            return Face(actor_id, "The policy", "policy")
        return Face(actor_id, "The console", "system")
