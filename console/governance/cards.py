"""What a card says before anyone decides: who may, who approved so far, and whether it would fail now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from console.governance.actors import Actor, find_actor, refusal
from console.governance.errors import GovernanceError
from console.governance.lanes import rules_of
from console.governance.revalidation import still_as_asked
from console.governance.votes import Tally, tally
from console.models import Conversation, ToolApproval


def may_decide(
    lane: ToolApproval, actor_id: str, known: Mapping[str, Actor] | None = None
) -> GovernanceError | None:
    """Why this actor may not decide this lane, or None when they may.

    `known` are actors that the page has just read; whoever is not among them is looked up.
    """
    return refusal(lane, _actor(actor_id, known), rules_of(lane))


def deciders(lane: ToolApproval, known: Iterable[Actor]) -> list[Actor]:
    """Those of the `known` actors who may decide this lane, in their order."""
    rules = rules_of(lane)
    return [actor for actor in known if refusal(lane, actor, rules) is None]


def would_fail(
    lane: ToolApproval,
    known: Mapping[str, Actor] | None = None,
    conversation: Conversation | None = None,
) -> str | None:
    """Why an approval given now would come to nothing, or None.

    `known` is as for `may_decide`; `conversation` is the lane's, when the page has just read it.
    """
    found = still_as_asked(lane, _actor(lane.proposal.actor_id, known), conversation)
    return found if isinstance(found, str) else None


def approvals(lane: ToolApproval, known: Mapping[str, Actor] | None = None) -> Tally:
    """The approvals so far, whose of them count now, and how many it takes. `known` as for `may_decide`."""
    return tally(lane, rules_of(lane), lambda actor_id: _actor(actor_id, known))


def _actor(actor_id: str, known: Mapping[str, Actor] | None) -> Actor:
    return (known or {}).get(actor_id) or find_actor(actor_id)
