"""What a card says before anyone decides: who may, who approved so far, and whether it would fail now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from console.db import now
from console.governance.actors import Actor, find_actor, refusal
from console.governance.errors import GovernanceError
from console.governance.lanes import rules_of
from console.governance.policy import Policy, policy
from console.governance.revalidation import Settled, still_as_asked
from console.governance.votes import Tally, tally
from console.governance.waiting import Listed
from console.models import ToolApproval
from console.tools.registry import registry


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
    conversation: Settled | None = None,
) -> str | None:
    """Why an approval given now would come to nothing, or None.

    `known` is as for `may_decide`; `conversation` is the lane's, when the page has just read it.
    """
    found = still_as_asked(lane, _actor(lane.proposal.actor_id, known), conversation)
    return found if isinstance(found, str) else None


def approvals(lane: ToolApproval, known: Mapping[str, Actor] | None = None) -> Tally:
    """The approvals so far, whose of them count now, and how many it takes. `known` as for `may_decide`."""
    return tally(lane, rules_of(lane), lambda actor_id: _actor(actor_id, known))


@dataclass
class _Told:
    """What lists were told in this minute under the policy in force."""

    minute: int = 0
    policy: Policy | None = None
    answers: dict[tuple[object, ...], str | None] = field(default_factory=dict)


_told = _Told()


def alarms(rows: Iterable[Listed], known: Mapping[str, Actor]) -> list[str | None]:
    """`would_fail` of each row of a list: of a lane in which nothing changed it is worked out once a minute.

    All that a gate may look at is in the key, except what time it is: hence the minute.
    """
    minute = int(now().timestamp()) // 60
    if (_told.minute, _told.policy) != (minute, policy()):
        _told.minute, _told.policy, _told.answers = minute, policy(), {}
    answers, tools = _told.answers, registry()
    found = []
    for lane, place, *_ in rows:
        proposal = lane.proposal
        key = (
            lane.id, lane.version, lane.digest, repr(proposal.input), _actor(proposal.actor_id, known),
            tools.get(proposal.tool_ref), place and place.resolved_at,
        )  # fmt: skip
        if key not in answers:
            answers[key] = would_fail(lane, known, place)
        found.append(answers[key])
    return found


def _actor(actor_id: str, known: Mapping[str, Actor] | None) -> Actor:
    return (known or {}).get(actor_id) or find_actor(actor_id)
