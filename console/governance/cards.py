"""What a card says before anyone decides: who may, who approved so far, and whether it would fail now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from console.db import now
from console.governance.actors import Actor, find_actor, refusal
from console.governance.errors import GovernanceError
from console.governance.lanes import rules_of
from console.governance.listing import Listed, list_lanes
from console.governance.policy import Policy, policy
from console.governance.revalidation import Settled, still_as_asked
from console.governance.votes import Tally, tally
from console.governance.waiting import Waiting
from console.models import ToolApproval
from console.tools.registry import registry


def may_decide(
    lane: ToolApproval, actor_id: str, known: Mapping[str, Actor] | None = None
) -> GovernanceError | None:
    """Why this actor may not decide this lane, or None when they may.

    `known` are actors that the page has just read; whoever is not among them is looked up.
    """
    return refusal(lane, _actor(actor_id, known), rules_of(lane))


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


class Prospect(NamedTuple):
    """What a row of the queue says of its lane: why it would fail, who may decide it, and who approved so far."""

    alarm: str | None = None
    deciders: tuple[str, ...] = ()
    voters: tuple[str, ...] = ()
    counted: int = 0
    needed: int = 1


class _Told(NamedTuple):
    """What rows were told in this minute, under the policy in force and with the people there are."""

    minute: int
    policy: Policy
    people: tuple[Actor, ...]
    answers: dict[tuple[object, ...], Prospect]


# One at most. Replaced as a whole: pages are made in several threads.
_told: list[_Told] = []


def prospects(rows: Sequence[Waiting], known: Mapping[str, Actor]) -> list[Prospect]:
    """What each row says; no query for lanes that were asked about in this minute and did not change, else one."""
    people = tuple(actor for actor in known.values() if actor.role is not None and actor.active)
    minute = int(now().timestamp()) // 60
    told = next(iter(_told), None)
    if told is None or told[:3] != (minute, policy(), people):
        told = _Told(minute, policy(), people, {})
        _told[:] = [told]
    keys = {row.id: _key(row, known) for row in rows}
    missing = [lane_id for lane_id, key in keys.items() if key not in told.answers]
    for found in list_lanes(missing) if missing else ():
        told.answers[keys[found.lane.id]] = _prospect(found, known, people)
    return [told.answers.get(keys[row.id], Prospect()) for row in rows]


def _key(row: Waiting, known: Mapping[str, Actor]) -> tuple[object, ...]:
    """All that a gate may look at, except what time it is: hence the minute."""
    return (
        row.id, row.version, row.digest, row.rules, row.votes, row.input, row.resolved_at,
        known.get(row.asked_by), registry().get(row.tool_ref),
    )  # fmt: skip


def _prospect(found: Listed, known: Mapping[str, Actor], people: tuple[Actor, ...]) -> Prospect:
    lane, rules = found.lane, rules_of(found.lane)
    votes = tally(lane, rules, lambda actor_id: _actor(actor_id, known))
    able = (a.id for a in people if not votes.has(a.id) and refusal(lane, a, rules) is None)
    voters = tuple(vote.actor.id for vote in votes.votes)
    return Prospect(would_fail(lane, known, found.place), tuple(able), voters, votes.counted, votes.needed)


def _actor(actor_id: str, known: Mapping[str, Actor] | None) -> Actor:
    return (known or {}).get(actor_id) or find_actor(actor_id)
