"""The states of a delivery: every step that the table knows is taken, and no other, whoever tries."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from console.db import transaction
from console.models import Delivery, DeliveryState
from console.outbound.transitions import TABLE, Step, move
from tests.outbound.desk import Outbox

VALUES = {
    Step.CLAIMED: {"claim_id": 7},
    Step.REFUSED: {"reason": "No."},
    Step.LOST: {"reason": "Nobody knows."},
}


@pytest.mark.parametrize("state", DeliveryState)
@pytest.mark.parametrize("step", Step)
def test_a_step_is_taken_from_the_states_of_the_table_alone(
    outbox: Outbox, step: Step, state: DeliveryState
) -> None:
    outbox.trigger(outbox.conversation())
    outbox.tamper("UPDATE deliveries SET state = :state, claim_id = 1, reason = 'Before.'", state=str(state))
    before, after = TABLE[step]
    with transaction():
        moved = move(step, Delivery.id == 1, actor_id="system", **VALUES.get(step, {}))
    allowed = state in before
    assert len(moved) == allowed
    assert outbox.deliveries()[0].state == (after if allowed else state)


def test_the_table_is_the_one_of_the_specification_and_a_way_back_for_what_may_be_repeated() -> None:
    steps = {(before, after) for befores, after in TABLE.values() for before in befores}
    assert steps == {
        ("pending", "sending"), ("pending", "cancelled"), ("sending", "sent"), ("sending", "failed"),
        ("sending", "uncertain"), ("failed", "pending"), ("uncertain", "sent"),
        # Another try after a temporary failure, or after a crash on a channel that knows a repetition.
        ("sending", "pending"),
        # A worker that was taken for dead has its answer after all.
        ("uncertain", "failed"),
    }  # fmt: skip


def test_what_is_over_stays_over() -> None:
    assert not [step for step, (before, _) in TABLE.items() if {"sent", "cancelled"} & set(before)]


@pytest.mark.parametrize(
    "change", ["state = 'gone'", "state = 'failed', reason = NULL", "state = 'sending', claim_id = NULL"]
)
def test_the_database_refuses_a_state_that_cannot_be(outbox: Outbox, change: str) -> None:
    outbox.trigger(outbox.conversation())
    with pytest.raises(IntegrityError):
        outbox.tamper(f"UPDATE deliveries SET {change}")
