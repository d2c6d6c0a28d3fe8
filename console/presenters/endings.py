"""What came of ending the waiting of lanes: a result a row, and all of it in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

from console.models import LaneStatus, ToolApproval
from console.presenters.days import at_time
from console.presenters.faces import Faces
from console.presenters.labels import Chip, Tier, chip, count, state, tier

VERBS = {"approved": "approved", "rejected": "rejected", "deferred": "deferred", "expired": "ended"}


class Outcome(NamedTuple):
    """What came of one lane: whether its waiting was `ended` here, else who was faster, or that it `lapsed`."""

    lane_id: int
    lane: ToolApproval | None
    words: str
    ended: bool = False
    lapsed: bool = False
    who: str = ""

    @property
    def tier(self) -> Tier:
        """Its risk."""
        return tier(self.lane.risk_tier if self.lane else "")

    @property
    def chip(self) -> Chip | None:
        """How it stands now."""
        return chip(state(self.lane.proposal, self.lane)) if self.lane else None


def outcome(lane_id: int, lane: ToolApproval | None, faces: Faces, local: tzinfo) -> Outcome:
    """How a lane stands after the person who looks ended its waiting, or tried to."""
    if lane is None:
        return Outcome(lane_id, None, "There is no such action.")
    if lane.status == LaneStatus.PENDING:
        return Outcome(lane_id, lane, "Still waits for a decision.")
    when = at_time(lane.decided_at, local) if lane.decided_at else ""
    if lane.decided_by is None:
        return Outcome(lane_id, lane, f"Had lapsed by itself {when}.", lapsed=True)
    who, verb = faces(lane.decided_by), VERBS.get(lane.last_decision or "", "decided")
    if lane.status == LaneStatus.EXPIRED and who.you:
        return Outcome(lane_id, lane, "Ended. Nothing will run.", ended=True)
    return Outcome(lane_id, lane, f"{who.first} {verb} it {when}.", who="you" if who.you else who.first)


def summary(outcomes: Sequence[Outcome]) -> str:
    """All of it in one sentence: `16 expired, 1 was decided meanwhile by Ana.`"""
    ended, lapsed = sum(one.ended for one in outcomes), sum(one.lapsed for one in outcomes)
    parts = [f"{ended:,} expired" if ended else "Nothing expired"]
    people = [one.who for one in outcomes if one.who]
    if people:
        *others, last = dict.fromkeys(people)
        names = f"{', '.join(others)} and {last}" if others else last
        parts.append(f"{count(len(people), 'was', 'were')} decided meanwhile by {names}")
    if lapsed:
        parts.append(f"{lapsed:,} had lapsed by then")
    rest = len(outcomes) - ended - len(people) - lapsed
    if rest:
        parts.append(f"{rest:,} could not be")
    return ", ".join(parts) + "."
