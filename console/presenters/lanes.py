"""An action as a card: everything its templates show, worked out once, so that they only have to say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from console.db import now
from console.models import ToolApproval, ToolProposal
from console.presenters import labels, sentences
from console.presenters.checks import Check, checks
from console.presenters.days import at_time, stamp
from console.presenters.faces import Face, Faces
from console.presenters.signatures import Signature, Votes
from console.presenters.values import Row, fact_rows, label, raw, snapshot_rows

UNDERWAY = ("approved", "execution_pending")
KEPT_FOR = timedelta(hours=1)
"""How long a decided card keeps a place for words that a page may still hold and the server not yet."""


class Kept(NamedTuple):
    """A reason that was typed and not sent; `verb` is the panel it was typed in."""

    verb: str
    text: str


class Notice(NamedTuple):
    """What an operator's own attempt came to."""

    bold: str
    words: str
    tone: str = "warn"


@dataclass(frozen=True)
class Decision:
    """What the person who looks at a pending card may do with it, and what stands in the way."""

    refusal: str | None = None
    """Why this person may not decide."""
    alarm: str | None = None
    """Why an approval given now would come to nothing."""
    reason: str = ""
    """What was typed and not sent."""
    note: str = ""
    until: str = ""
    """The moment that was chosen for a deferral that did not come to be."""
    until_error: str = ""
    """What is wrong with it."""
    open: str = ""
    """Which panel is open: approval, rejection, deferral or none."""
    error: str = ""
    """What is wrong with the reason."""
    votes: Votes = field(default_factory=Votes)


@dataclass(frozen=True)
class Viewpoint:
    """From where a card is looked at: by whom, in which time zone, with what half-typed."""

    faces: Faces
    local: tzinfo
    drafts: Mapping[str, str] = field(default_factory=dict)
    resolved: bool = False
    """Whether the conversation is resolved."""
    back: str = ""
    """The page to return to after a decision without JavaScript."""


@dataclass(frozen=True)
class Card:
    """One action as it stands."""

    proposal: ToolProposal
    lane: ToolApproval | None
    state: str
    chip: labels.Chip
    tier: labels.Tier
    mode: str
    asked: Face
    decided: Face | None
    sentence: str
    reason: str
    at: datetime
    """When it came to be as it is."""
    decision: Decision
    view: Viewpoint
    rules: Mapping[str, Any]
    """Those that it is decided under, or was."""
    notice: Notice | None = None

    @property
    def dom_id(self) -> str:
        return f"lane-{self.lane.id}" if self.lane else f"proposal-{self.proposal.id}"

    @property
    def slug(self) -> str:
        return self.state.replace("_", "-")

    @property
    def partial(self) -> str:
        """Which template says it."""
        return "lanes/_pending.html" if self.state == "pending" else "lanes/_settled.html"

    @property
    def rows(self) -> list[Row]:
        return snapshot_rows(self.proposal.input_snapshot)

    @property
    def results(self) -> list[Row]:
        return fact_rows(self.proposal.result, without=("summary", "idempotent"))

    @property
    def digest(self) -> str:
        """The first eight digits of the digest, in two groups."""
        return f"{self.lane.digest[:4]} {self.lane.digest[4:8]}" if self.lane else ""

    @property
    def four_eyes(self) -> bool:
        return bool(self.rules.get("four_eyes"))

    @property
    def signatures(self) -> list[Signature]:
        """The places for those who decide: who signed, then those that are open."""
        may = not self.decision.refusal
        return [*self.decision.votes.signatures(self.asked.first, may=may, four_eyes=self.four_eyes)]

    @property
    def second_click(self) -> bool:
        """Whether an approval takes a second click that repeats the consequence."""
        return self.proposal.risk_tier == "high_write"

    @property
    def checks(self) -> list[Check]:
        return checks(self.proposal, self.asked.name, self.decision.alarm or "", resolved=self.view.resolved)

    @property
    def attempts(self) -> list[sentences.Step]:
        """Failed attempts of a lane that failed or tries again."""
        retrying = self.state == "execution_pending" and self.lane is not None and self.lane.retry_at
        if not retrying and self.state != "execution_failed":
            return []
        return sentences.attempts(self.proposal, self.lane, self.view.local)

    def typed(self, verb: str) -> str:
        """What was typed for this verb, a reason or the note of an approval, and not sent."""
        if self.decision.open == verb:
            return self.decision.note if verb == "approval" else self.decision.reason
        return self.view.drafts.get(f"lane:{self.lane.id}:{verb}", "") if self.lane else ""

    @property
    def kept(self) -> list[Kept]:
        """The fields in which this person was, or may have been, typing when it was decided elsewhere."""
        if self.lane is None:
            return []
        mine = self.lane.decided_by == self.view.faces.viewer
        if mine and self.notice is None:
            return []
        found = [Kept(verb, self.typed(verb)) for verb in ("approval", "rejection", "deferral")]
        recent = not mine and self.state != "pending" and now() - self.lane.updated_at < KEPT_FOR
        return [kept for kept in found if kept.text or (recent and kept.verb != "approval")]

    @property
    def by(self) -> str:
        """Who decided, as a word of its own beside the outcome."""
        if self.state == "executed" and self.decided:
            told = sentences.Told(self.proposal, self.lane, self.view.faces, self.view.local)
            return "Ran on policy" if self.decided.kind == "policy" else f"{told.approvers} approved"
        if self.reason and self.decided and self.lane and self.lane.decided_at:
            said = f"{self.decided.first}, {stamp(self.lane.decided_at, self.view.local)}"
            wake_at = self.lane.wake_at
            return f"{said}. Comes back {at_time(wake_at, self.view.local)}" if wake_at else said
        return f"{self.asked.first} asked" if self.state in ("blocked", "proposed") else ""

    @property
    def errors(self) -> list[Row]:
        """What was wrong with the input of a blocked attempt, by field."""
        return fact_rows(self.proposal.errors)

    @property
    def history(self) -> list[sentences.Step]:
        return sentences.steps(self.proposal, self.view.faces, self.view.local)

    @property
    def policy(self) -> list[Row]:
        return sentences.policy_rows(self.rules)

    @property
    def identifiers(self) -> list[Row]:
        found = {
            "tool": self.proposal.tool_ref,
            "proposal": self.proposal.id,
            "requested_by": self.proposal.actor_id,
        }
        if self.lane:
            found |= {"lane": self.lane.id, "version": self.lane.version, "digest": self.lane.digest}
        return [Row(label(name), (str(value),)) for name, value in found.items()]

    @property
    def raw(self) -> str:
        """The snapshots as JSON, for those who ask for it."""
        proposal = self.proposal
        return raw(
            {
                "input": proposal.input,
                "scopes": proposal.scope_snapshot,
                "policy": proposal.policy_snapshot,
                "result": proposal.result,
            }
        )

    @property
    def seconds(self) -> tuple[int, int]:
        """How long a decision may take and how much of it is left, in whole minutes, so that equal cards are equal."""
        assert self.lane is not None
        whole = max(60, int((self.lane.expires_at - self.lane.created_at).total_seconds()))
        left = int((self.lane.expires_at - now()).total_seconds())
        return whole, min(whole, max(0, left // 60 * 60))

    @property
    def urgent(self) -> bool:
        """Whether less than a tenth of the time is left."""
        whole, left = self.seconds
        return left * 10 < whole

    @property
    def again(self) -> bool:
        """Whether asking again is the next step."""
        return self.state in (
            "rejected",
            "deferred",
            "expired",
            "invalidated",
            "execution_failed",
            "unknown",
        ) or (self.state == "blocked" and self.proposal.approval_mode != "always_block")


def card(
    proposal: ToolProposal,
    lane: ToolApproval | None,
    view: Viewpoint,
    decision: Decision | None = None,
    notice: Notice | None = None,
    rules: Mapping[str, Any] | None = None,
) -> Card:
    """The card of a proposal and its latest lane, as `view` sees it. The proposal's events are loaded.

    `rules` are those that count now; without them, those that counted when the lane opened, or when it was blocked.
    """
    state = labels.state(proposal, lane)
    rules = rules or (lane or proposal).policy_snapshot
    decided = view.faces(lane.decided_by) if lane and lane.decided_by else None
    told = sentences.Told(proposal, lane, view.faces, view.local)
    return Card(
        proposal=proposal,
        lane=lane,
        state=state,
        chip=labels.chip(state, retrying=bool(state == "execution_pending" and lane and lane.retry_at)),
        tier=labels.tier(proposal.risk_tier),
        mode=labels.mode(
            proposal.approval_mode,
            four_eyes=bool(rules.get("four_eyes")),
            approvals=rules.get("approvals", 1),
            given=decision.votes.counted if decision else 0,
        ),
        asked=view.faces(proposal.actor_id),
        decided=decided,
        sentence=sentences.sentence(state, told),
        reason=(lane.reason or "") if lane and state in ("rejected", "deferred") else "",
        at=lane.updated_at if lane else proposal.created_at,
        decision=decision or Decision(),
        view=view,
        rules=rules,
        notice=notice,
    )


def latest(proposal: ToolProposal) -> ToolApproval | None:
    """The newest lane of a proposal whose lanes are loaded."""
    return proposal.approvals[-1] if proposal.approvals else None
