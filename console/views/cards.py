"""The actions of a conversation as cards, each with what the operator who looks may do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from flask import render_template
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy.orm.attributes import set_committed_value

from console import conversations, governance
from console.db import now
from console.governance import Tally, load_events
from console.models import Operator, ToolApproval, ToolProposal
from console.presenters import labels, lanes
from console.presenters.faces import Faces
from console.presenters.lanes import Card, Decision, Notice
from console.presenters.signatures import Vote, Votes
from console.presenters.times import ago
from console.views.fragments import CSRF, filled
from console.views.people import faces
from console.views.thread import Desk, Thread, thread

Deciding = Mapping[int, tuple[Decision | None, Notice | None]]

MOST_CARDS = 50
STEPS_TOLD = ("execution_failed",)
"""States whose card tells how it came to them."""
NEEDS_A_LOOK = ("unknown", "execution_failed", "invalidated")


@dataclass(frozen=True)
class Cards:
    """The actions of a conversation: what waits, what runs, what is over."""

    pending: list[Card]
    underway: list[Card]
    past: list[Card]
    more: bool
    shown: int = MOST_CARDS

    @property
    def words(self) -> str:
        """How many wait, as a sentence."""
        if not self.pending:
            return "Nothing waits for a decision"
        return f"{labels.count(len(self.pending), 'action waits', 'actions wait')} for a decision"

    @property
    def needs_look(self) -> str:
        number = sum(card.state in NEEDS_A_LOOK for card in self.past)
        return f"{labels.count(number, 'needs', 'need')} a look" if number else ""


def around(lane: ToolApproval, operator: Operator) -> tuple[Desk, ToolProposal]:
    """The lane's proposal with its trail, as the operator sees it: from its conversation, or from no place."""
    proposal = lane.proposal
    set_committed_value(proposal, "events", governance.list_events(proposal.id))
    set_committed_value(proposal, "approvals", [lane])
    if lane.conversation_id is not None:
        return thread(lane.conversation_id, operator), proposal
    drafts = conversations.drafts(operator.id, f"lane:{lane.id}")
    return Desk(operator=operator, actors={}, faces=faces(), drafts=drafts), proposal


def cards(found: Thread, proposals: Sequence[ToolProposal], deciding: Deciding | None = None) -> Cards:
    """The proposals as cards. `deciding` says, by lane id, what an operator's own attempt came to."""
    pending: list[Card] = []
    underway: list[Card] = []
    past: list[Card] = []
    for proposal in proposals:
        lane = lanes.latest(proposal)
        attempt = (deciding or {}).get(lane.id if lane else 0, (None, None))
        card = card_of(found, proposal, *attempt)
        home = pending if card.state == "pending" else underway if card.state in lanes.UNDERWAY else past
        home.append(card)
    pending.sort(key=lambda card: card.lane.expires_at if card.lane else now())
    return Cards(pending, underway, past, more=len(proposals) >= MOST_CARDS)


def card_of(
    found: Desk, proposal: ToolProposal, decision: Decision | None = None, notice: Notice | None = None
) -> Card:
    """One proposal as a card, with what this operator may do about it."""
    lane = lanes.latest(proposal)
    rules = None
    if lane is not None and lane.status == "pending":
        rules = governance.rules_of(lane).model_dump(mode="json")
        refusal = governance.may_decide(lane, found.operator.actor_id, found.actors)
        if lane.expires_at <= now():
            refusal = governance.LaneExpired()
        alarm = governance.would_fail(lane, found.actors, found.conversation)
        decision = replace(
            decision or Decision(),
            refusal=refusal.sentence if refusal else None,
            alarm=alarm,
            votes=_votes(governance.approvals(lane, found.actors), found.faces),
        )
    return lanes.card(proposal, lane, found.view, decision, notice, rules)


def _votes(found: Tally, faces: Faces) -> Votes:
    return Votes(tuple(Vote(faces(v.actor.id), v.at, v.lost or "") for v in found.votes), found.needed)


def proposals(conversation_id: int) -> Sequence[ToolProposal]:
    """The newest actions of a conversation with their lanes. One query, a second when a card tells of its steps."""
    found = governance.list_proposals_for_conversation(
        conversation_id, limit=MOST_CARDS, events=False, open_too=True
    )
    telling = [
        p
        for p in found
        if (lane := lanes.latest(p)) is not None and (lane.status in STEPS_TOLD or lane.retry_at)
    ]
    load_events(telling)
    return found


@dataclass(unsafe_hash=True)
class _Drawing:
    """A card by everything that its look depends on. What is kept of it is that: rows are heavy."""

    key: tuple[object, ...]
    card: Card | None = field(compare=False)

    def take(self) -> Card | None:
        """The card, once."""
        card, self.card = self.card, None
        return card


def drawn(card: Card) -> Markup:
    """A card in HTML. It stays as it is for as long as its lane does, and each live update shows it again."""
    if card.notice or (card.kept and card.state != "pending"):
        return _draw.__wrapped__(_Drawing((), card))
    lane, proposal = card.lane, card.proposal
    what = (card.dom_id, proposal.created_at, proposal.status, lane.version if lane else 0, ago(card.at))
    said = (card.chip, card.sentence, card.by, card.asked, tuple(card.attempts))
    if card.state != "pending":
        return _draw(_Drawing(what + said, card))
    return filled(_draw(_Drawing(what + said + _open_to(card), card), CSRF), {CSRF: generate_csrf()})


def _open_to(card: Card) -> tuple[object, ...]:
    """What a pending card is to the one who looks at it, in this minute."""
    typed = tuple(card.typed(verb) for verb in ("approval", "rejection", "deferral"))
    return (*card.seconds, card.decision, *typed, *card.checks, card.view.back, card.mode, card.four_eyes)


@lru_cache(maxsize=1024)
def _draw(drawing: _Drawing, csrf: str = "") -> Markup:
    return Markup(render_template("lanes/_card.html", card=drawing.take(), csrf=csrf))
