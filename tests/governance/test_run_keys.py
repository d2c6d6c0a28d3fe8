"""What a run is given so that it can tell a replay: the key of its attempt and the key of its lane."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from console import governance
from console.governance import execution
from console.tools import RiskTier, RunContext
from jobs import actions
from tests.conftest import Clock
from tests.desk import Desk
from tests.tools import Acting


class Watching(Acting):
    """Keeps what its runs were given, and fails the first of them."""

    ref = "adjust"
    risk_tier, title, description, effects = RiskTier.LOW_WRITE, "Adjust", "Watches.", "transactional"
    seen: list[tuple[str, RunContext]]

    def __init__(self) -> None:
        self.seen = []

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        self.seen.append((actor_id, context))
        if len(self.seen) == 1:
            raise RuntimeError
        return {}


def test_the_run_key_belongs_to_the_attempt_and_the_effect_key_to_the_lane(desk: Desk, clock: Clock) -> None:
    desk.offer(watching := Watching())
    lane = desk.to_run("adjust")
    actions.execute(lane.id)
    clock.advance(seconds=2)
    actions.execute(lane.id)
    (actor, first), (_, second) = watching.seen
    key = desk.fresh(lane).proposal.idempotency_key
    assert [c.run_key for c in (first, second)] == [sha256(f"{key}:{n}".encode()).hexdigest() for n in (1, 2)]
    assert first.effect_key == second.effect_key and first.effect_key not in (first.run_key, second.run_key)
    assert (actor, first.actor_name, first.attempt, second.attempt) == ("agent:iris", "iris", 1, 2)
    assert first.conversation_id == desk.conversation_id and first.scopes == frozenset(["orders:refund"])


def test_another_lane_of_the_same_proposal_has_other_keys(desk: Desk) -> None:
    desk.offer(watching := Watching())
    lane = desk.to_run("adjust")
    desk.tamper("UPDATE api_tokens SET active = false")
    execution.start(lane.id)
    desk.tamper("UPDATE api_tokens SET active = true")
    watching.seen.append(("", None))  # type: ignore[arg-type]
    again = governance.request_approval(desk.fresh(lane).proposal, enqueue=desk.enqueued)
    governance.approve(again.id, desk.ben, enqueue=desk.enqueued)
    execution.resume(again.id, enqueue=desk.enqueued)
    actions.execute(again.id)
    proposal = desk.fresh(again).proposal
    expected = sha256(f"{proposal.idempotency_key}:lane:{again.id}".encode()).hexdigest()
    assert watching.seen[-1][1].effect_key == expected and desk.fresh(again).status == "executed"
