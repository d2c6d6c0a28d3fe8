"""Words, icons and tones for risk, modes and states: one vocabulary for cards, rows, chips and the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.models import ProposalStatus, ToolApproval, ToolProposal


class Tier(NamedTuple):
    """A risk tier: `slug` names its edge and colour."""

    slug: str
    icon: str
    word: str


class Chip(NamedTuple):
    """A state in one word, with its icon and tone."""

    word: str
    icon: str
    tone: str


TIERS = {
    "read_only": Tier("read", "eye", "Reads only"),
    "low_write": Tier("low", "pen", "Low risk"),
    "high_write": Tier("high", "tri", "High risk"),
    "destructive": Tier("destructive", "oct", "Destructive"),
}
CHIPS = {
    "pending": Chip("Waiting", "sign", "wait"),
    "approved": Chip("Approved", "sign", "calm"),
    "execution_pending": Chip("Running", "run", "calm"),
    "retrying": Chip("Trying again", "again", "warn"),
    "executed": Chip("Done", "done", "good"),
    "execution_failed": Chip("Failed", "fail", "bad"),
    "unknown": Chip("Outcome unknown", "ask", "unsure"),
    "rejected": Chip("Rejected", "slash", "settled"),
    "deferred": Chip("Deferred", "pause", "settled"),
    "expired": Chip("Expired", "glass", "settled"),
    "invalidated": Chip("Invalidated", "unshield", "warn"),
    "blocked": Chip("Blocked", "oct", "bad"),
    "proposed": Chip("Not asked yet", "pause", "settled"),
}
CHANNELS = {"email": "Email", "chat": "Chat", "phone": "Phone", "web": "Web form", "api": "API"}


def tier(risk_tier: str) -> Tier:
    """The tier's words; anything unknown is shown as what it is treated as, destructive."""
    return TIERS.get(risk_tier, TIERS["destructive"])


def state(proposal: ToolProposal, lane: ToolApproval | None) -> str:
    """The one word that says where an action stands: a lane's status, `unknown`, `blocked` or `proposed`."""
    if proposal.status == ProposalStatus.BLOCKED or (
        lane is None and proposal.approval_mode == "always_block"
    ):
        return "blocked"
    if lane is None:
        return "proposed"
    if lane.status == "execution_failed" and proposal.status == ProposalStatus.UNKNOWN:
        return "unknown"
    return str(lane.status)


def chip(state_word: str, *, retrying: bool = False) -> Chip:
    """The chip of a state."""
    return CHIPS["retrying" if retrying else state_word]


def mode(approval_mode: str, *, four_eyes: bool, approvals: int = 1, given: int = 0) -> str:
    """How an action comes to run, in two or three words; `given` is how many approved already."""
    if approval_mode == "auto":
        return "Runs by itself"
    if approval_mode == "always_block":
        return "Never from here"
    if approvals > 1:
        return f"{given} of {approvals} approvals" if given else f"{approvals} approvals"
    return "Four eyes" if four_eyes else "One approval"


def joined(words: Sequence[str]) -> str:
    """`Ada`, `Ada and Ben`, `Ada, Ben and Cleo`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def channel(name: str) -> str:
    """A channel as people say it."""
    return CHANNELS.get(name) or name.replace("_", " ").capitalize()


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`1 answer`, `3 answers`, `1,204 orders`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
