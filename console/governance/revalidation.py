"""Looking again, between the approval and the run: does everything that allowed it still hold?"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from console.governance.actors import Actor, find_actor
from console.governance.canonical import canonical_json, digest
from console.governance.policy import STRICTNESS, Rules, stricter
from console.governance.validation import Blocked, Validated, validate
from console.governance.votes import tally
from console.models import ToolApproval, ToolProposal
from console.tools import ApprovalMode, Tool, ToolContext


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
    proposal = lane.proposal
    if digest(proposal.input) != lane.digest:
        return "The input was changed after it was approved."
    asker = find_actor(proposal.actor_id)
    outcome = check_now(proposal, asker)
    if isinstance(outcome, str):
        return outcome
    if canonical_json(outcome.parameters) != canonical_json(proposal.input):
        return "The action now reads this input differently from what was approved."
    rules = stricter(Rules.model_validate(lane.policy_snapshot), outcome.rules)
    return _too_few_count(lane, rules) or Cleared(outcome.tool, outcome.input, asker)


def check_now(proposal: ToolProposal, asker: Actor | None = None) -> Validated | str:
    """The gates once more, with what is granted to the asker now. For cards too: would this fail now, and why?"""
    asker = asker or find_actor(proposal.actor_id)
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
        tighter = STRICTNESS[outcome.approval_mode] > STRICTNESS[ApprovalMode(proposal.approval_mode)]
        return "The policy became stricter since this was asked." if tighter else outcome
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
