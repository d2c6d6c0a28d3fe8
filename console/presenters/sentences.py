"""What a card says of its state: one honest sentence each, and the steps that led there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from console.models import EventType, ToolApproval, ToolProposal
from console.presenters import policies
from console.presenters.days import at_time, stamp
from console.presenters.faces import Faces
from console.presenters.labels import joined
from console.presenters.times import span
from console.presenters.values import Row

MOST_ATTEMPTS = 3
STEPS: dict[str, tuple[str, str]] = {
    "proposal_created": ("{who} asked", "plus"),
    "proposal_blocked": ("{who} asked, and it was blocked", "oct"),
    "approval_requested": ("{who} asked for a decision", "sign"),
    "vote_recorded": ("{who} approved", "sign"),
    "approved": ("{who} approved", "check"),
    "rejected": ("{who} rejected", "slash"),
    "deferred": ("{who} deferred", "pause"),
    "expired": ("Expired", "glass"),
    "revalidation_passed": ("Checked once more, all still holds", "shield"),
    "revalidation_failed": ("Checked once more, and stopped", "unshield"),
    "execution_enqueued": ("Sent to a worker", "run"),
    "execution_started": ("A worker started it", "run"),
    "execution_succeeded": ("Done", "done"),
    "execution_attempt_failed": ("An attempt failed", "x"),
    "execution_failed": ("Failed", "fail"),
}


OTHERWISE: dict[tuple[str, str], tuple[str, str]] = {
    ("approval_requested", "system"): ("Back from its deferral, asked again", "again"),
    ("execution_enqueued", "person"): ("{who} started it again", "again"),
}
"""What a step is called when it is taken by someone of another kind than usual."""


class Step(NamedTuple):
    """One line of a history."""

    at: datetime
    icon: str
    words: str
    reason: str


class Told(NamedTuple):
    """What the sentences are made of."""

    proposal: ToolProposal
    lane: ToolApproval | None
    faces: Faces
    local: tzinfo

    @property
    def decider(self) -> str:
        return self.faces(self.lane.decided_by).first if self.lane and self.lane.decided_by else "Nobody"

    @property
    def approvers(self) -> str:
        """Everyone who approved, whoever looks first: `You and Ben`."""
        voters = [vote["by"] for vote in self.lane.votes] if self.lane else []
        names = sorted((self.faces(voter).first for voter in voters), key=lambda name: name != "You")
        return joined(names) if names else self.decider

    @property
    def approved_by(self) -> str:
        """`Approved by Ada`, or that the policy let it through."""
        if self.lane and self.lane.decided_by == "policy":
            return "Runs on policy, nobody has to decide."
        return f"Approved by {self.approvers.replace('You', 'you', 1)}."


def sentence(state: str, told: Told) -> str:
    """One sentence or two that say how things stand. Never the operator's quoted reason: the card shows that apart."""
    return _SENTENCES[state](told)


def steps(proposal: ToolProposal, faces: Faces, local: tzinfo) -> list[Step]:
    """The trail of a proposal for people, oldest first."""
    found = []
    for event in proposal.events:
        face, kind = faces(event.actor_id), str(event.event_type)
        words, icon = OTHERWISE.get((kind, face.kind)) or STEPS[kind]
        words = words.format(who=face.first)
        if "votes" in event.details:
            words += f", {event.details['votes']} of {event.details['of']}"
        until = event.details.get("until")
        if until:
            words += f" until {stamp(datetime.fromisoformat(until), local)}"
        found.append(Step(event.created_at, icon, words, event.reason or ""))
    return found


def attempts(proposal: ToolProposal, lane: ToolApproval | None, local: tzinfo) -> list[Step]:
    """The attempts of a lane that failed."""
    failed = (EventType.EXECUTION_ATTEMPT_FAILED, EventType.EXECUTION_FAILED)
    return [
        Step(event.created_at.astimezone(local), "x", "", event.reason or "It failed without saying why.")
        for event in proposal.events
        if lane is not None and event.tool_approval_id == lane.id and event.event_type in failed
    ]


def policy_rows(rules: Mapping[str, Any]) -> list[Row]:
    """A snapshot of the rules as labelled rows."""
    found = [Row(part.name, (part.words,)) for part in policies.parts(rules) if not part.moot]
    because = tuple(rules.get("because", ()))
    return [*found, Row("Because", because)] if because else found


def _approved(told: Told) -> str:
    lane = told.lane
    when = at_time(lane.decided_at, told.local) if lane and lane.decided_at else ""
    return f"{told.approvers} approved it {when}. We check once more, then it runs."


def _running(told: Told) -> str:
    lane = told.lane
    assert lane is not None
    if lane.retry_at is not None:
        when = f"{lane.retry_at.astimezone(told.local):%H:%M:%S}"
        return f"{lane.last_error or 'It failed.'} Attempt {lane.attempt + 1} of {MOST_ATTEMPTS} starts at {when}."
    if lane.attempt_open:
        return f"{told.approved_by} Attempt {lane.attempt} of {MOST_ATTEMPTS} is running."
    return f"{told.approved_by} It starts as soon as a worker is free."


def _executed(told: Told) -> str:
    return told.proposal.result_summary or "It ran."


def _failed(told: Told) -> str:
    lane = told.lane
    assert lane is not None
    tries = f"{lane.attempt} of {MOST_ATTEMPTS} attempts."
    if 0 < lane.attempt < MOST_ATTEMPTS:
        return f"{tries} The last refusal is final, so it was not tried again."
    return f"{tries} Nothing more will be tried."


def _expired(told: Told) -> str:
    lane = told.lane
    assert lane is not None
    if lane.execute_by is not None:
        return f"{told.approved_by} It could not start before its deadline. Nothing ran."
    if lane.decided_by is not None:
        return f"{told.decider} ended the waiting. Nothing ran."
    within = span((lane.expires_at - lane.created_at).total_seconds())
    if lane.votes:
        return f"{told.approvers} approved, and nobody else within {within}. Nothing ran."
    if lane.decided_at is not None and lane.decided_at < lane.expires_at:
        return "The console ended the waiting. Nothing ran."
    return f"Nobody decided within {within}. Nothing ran."


def waits(told: Told) -> str:
    """What a pending lane waits for."""
    if told.lane and told.lane.votes:
        return f"{told.approvers} approved, waits for more"
    return "Waits for a decision"


def _deferred(told: Told) -> str:
    lane = told.lane
    assert lane is not None
    if lane.wake_at is not None:
        return f"{told.decider} put it off. It comes back by itself {at_time(lane.wake_at, told.local)}."
    return f"{told.decider} put it off. {lane.last_error or 'Nothing ran.'}"


def _invalidated(told: Told) -> str:
    lane = told.lane
    why = (lane.last_error if lane else None) or "What allowed it no longer held."
    return f"{told.approved_by} {why}"


def _blocked(told: Told) -> str:
    if told.proposal.approval_mode == "always_block" and told.proposal.blocked_outcome is None:
        return "Policy never lets this run from the desk. Nobody was asked."
    return f"{told.proposal.reason or 'It was blocked.'} Nobody was asked."


_SENTENCES: dict[str, Callable[[Told], str]] = {
    "pending": lambda told: f"{waits(told)}.",
    "proposed": lambda told: "This was noted, and nobody has been asked to decide it.",
    "approved": _approved,
    "execution_pending": _running,
    "executed": _executed,
    "execution_failed": _failed,
    "unknown": lambda told: told.proposal.reason or "It may or may not have happened.",
    "rejected": lambda told: f"{told.decider} said no. Nothing ran.",
    "deferred": _deferred,
    "expired": _expired,
    "invalidated": _invalidated,
    "blocked": _blocked,
}
