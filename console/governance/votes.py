"""Approvals of one lane: how many it takes, who gave one, and whose counts now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from console.governance.actors import Actor, find_actor, refusal
from console.governance.errors import FourEyesRequired, GovernanceError
from console.governance.policy import Rules
from console.models import ToolApproval


@dataclass(frozen=True)
class Vote:
    """One approval. It counts as long as whoever gave it may decide the lane."""

    actor: Actor
    at: datetime | None
    refusal: GovernanceError | None
    """Why it does not count (any more)."""

    @property
    def lost(self) -> str | None:
        """Why it does not count, as a sentence that others read."""
        if self.refusal is None:
            return None
        if not self.actor.active:
            return f"The account that approved this, {self.actor.name}, is no longer active."
        if isinstance(self.refusal, FourEyesRequired):
            return "The policy now asks for two different people here, and one person did both."
        return f"{self.actor.name}, who approved this, may no longer decide such actions."


@dataclass(frozen=True)
class Tally:
    """The approvals of a lane against the number that it takes."""

    votes: tuple[Vote, ...]
    needed: int

    @property
    def counted(self) -> int:
        return sum(vote.refusal is None for vote in self.votes)

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.counted)

    def has(self, actor_id: str) -> bool:
        """Whether this actor gave one."""
        return any(vote.actor.id == actor_id for vote in self.votes)


def tally(lane: ToolApproval, rules: Rules, find: Callable[[str], Actor] = find_actor) -> Tally:
    """The lane's approvals, with what is granted to those who gave them now. `find` looks an actor up."""
    votes = [(vote["by"], datetime.fromisoformat(vote["at"])) for vote in lane.votes]
    if not votes and lane.last_decision == "approved" and lane.decided_by and lane.decided_at:
        # Approved before approvals were counted.
        votes = [(lane.decided_by, lane.decided_at)]
    found = []
    for actor_id, at in votes:
        actor = find(actor_id)
        found.append(Vote(actor, at, refusal(lane, actor, rules)))
    return Tally(tuple(found), rules.approvals)
