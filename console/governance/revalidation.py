"""Looking again, between the approval and the run: does everything that allowed it still hold?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel

from console.db import db, now
from console.governance.actors import Actor, find_actor
from console.governance.canonical import canonical_json, digest
from console.governance.policy import STRICTNESS, Rules, stricter
from console.governance.validation import Blocked, Validated, validate
from console.governance.votes import tally
from console.models import Conversation, ConversationStatus, ToolApproval, ToolProposal
from console.tools import ApprovalMode, Tool, ToolContext


class Settled(Protocol):
    """What is asked of a conversation: whether and when it was resolved."""

    @property
    def status(self) -> str: ...
    @property
    def resolved_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Cleared:
    """What may run: the tool and the input that was approved, to the letter."""

    tool: Tool
    input: BaseModel
    asker: Actor


def revalidate(lane: ToolApproval) -> Cleared | str:
    """What may run, or the sentence that says why nothing may any more.

    Uses the actors' current grants, the policy now in force, and the digest that was approved.
    """
    asker = find_actor(lane.proposal.actor_id)
    outcome = still_as_asked(lane, asker)
    if isinstance(outcome, str):
        return outcome
    rules = stricter(Rules.model_validate(lane.policy_snapshot), outcome.rules)
    return _too_few_count(lane, rules) or Cleared(outcome.tool, outcome.input, asker)


def still_as_asked(lane: ToolApproval, asker: Actor, conversation: Settled | None = None) -> Validated | str:
    """All that does not depend on who decides. For cards too: would an approval given now come to nothing, and why?

    `conversation` is the lane's, where a page has just read it.
    """
    proposal = lane.proposal
    if digest(proposal.input) != lane.digest:
        return "The input was changed after this was asked."
    outcome = _gates(proposal, asker)
    if isinstance(outcome, str):
        return outcome
    if STRICTNESS[outcome.approval_mode] > STRICTNESS[ApprovalMode(proposal.approval_mode)]:
        return "The policy became stricter since this was asked."
    if canonical_json(outcome.parameters) != canonical_json(proposal.input):
        return "The action now reads this input differently from what was asked."
    if _resolved_meanwhile(lane, conversation):
        return "The conversation was resolved after this was asked, and before it was decided."
    return outcome


def _resolved_meanwhile(lane: ToolApproval, conversation: Settled | None) -> bool:
    """Resolving right after a decision is how a conversation ends; before it, the question may have gone away."""
    if lane.conversation_id is None or lane.decided_by == "policy":
        return False
    conversation = conversation or db.session.get(Conversation, lane.conversation_id, populate_existing=True)
    if conversation is None or conversation.status != ConversationStatus.RESOLVED:
        return False
    resolved_at = conversation.resolved_at
    return resolved_at is not None and lane.created_at <= resolved_at <= (lane.decided_at or now())


def _gates(proposal: ToolProposal, asker: Actor) -> Validated | str:
    """The gates once more, with what is granted to the asker now."""
    if not asker.active:
        return f"The account that asked for this, {asker.name}, is no longer active."
    context = ToolContext(
        tool_params=proposal.input,
        scopes=asker.scopes,
        account_id=proposal.account_id,
        conversation_id=proposal.conversation_id,
    )
    outcome = validate(proposal.tool_ref, proposal.actor_id, context)
    if not isinstance(outcome, Blocked):
        return outcome
    if outcome.outcome == "unsupported":
        return "This action is not offered any more."
    if outcome.outcome == "scope_invalid":
        return f"{asker.name} no longer holds the permission {', '.join(outcome.missing_scopes)}."
    return outcome.sentence


def _too_few_count(lane: ToolApproval, rules: Rules) -> str | None:
    """Why the approvals that were given do not suffice now, or None when they do."""
    if lane.decided_by == "policy":
        return None
    found = tally(lane, rules)
    if not found.missing:
        return None
    given = f"{found.counted} of {found.needed} approvals that it takes {'counts' if found.counted == 1 else 'count'}."
    lost = next((vote.lost for vote in found.votes if vote.lost), None)
    if lost is None:
        return f"The policy became stricter since this was decided: {given}"
    return f"{lost} {given}" if found.needed > 1 else lost
