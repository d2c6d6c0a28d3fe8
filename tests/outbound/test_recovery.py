"""The sweep finds deliveries by state alone: what was not enqueued, and what a worker left behind."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from console import outbound
from console.outbound import claims
from console.outbound.claims import Result
from console.outbound.recovery import recover_lost, send_due
from jobs import deliveries
from jobs.sweep import sweep
from tests.conftest import Clock
from tests.desk import Ears
from tests.outbound.desk import Outbox

Taken = list[claims.Claimed]


def waiting(app: Flask) -> list[str]:
    redis = app.extensions["console_redis"]
    return sorted(one.decode() for one in redis.lrange("rq:queue:deliveries", 0, -1))


def taken(outbox: Outbox, *, claim: int = 7) -> Taken:
    """What a worker claimed that died before it had an answer."""
    found = claims.take(claim, limit=100)
    assert [one.state for one in outbox.deliveries()].count("sending") == len(found) > 0
    return found


def test_what_was_due_for_ten_seconds_and_still_waits_is_sent_again(
    app: Flask, outbox: Outbox, clock: Clock
) -> None:
    alone = outbox.trigger(outbox.conversation()).delivery
    later = outbox.trigger(outbox.conversation(), schedule_in=3600).delivery
    first, second = outbox.submitted(3), outbox.submitted(2)
    clock.advance(seconds=9)
    assert send_due() == 0
    clock.advance(seconds=1)
    assert send_due() == 1 and waiting(app) == [f"deliver-{alone.id}-{int(alone.send_after.timestamp())}"]
    clock.advance(seconds=10)
    for _ in range(2):
        assert send_due() == 3 and len(waiting(app)) == 3
    assert {f"drain-{one.id}" for one in (first, second)} < set(waiting(app))
    assert not [one for one in waiting(app) if one.startswith(f"deliver-{later.id}-")]


def test_any_number_of_waiting_ones_is_found_in_batches(
    app: Flask, outbox: Outbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = app.config["SETTINGS"].model_copy(update={"sweep_batch": 2})
    monkeypatch.setitem(app.config, "SETTINGS", narrow)
    for _ in range(5):
        outbox.trigger(outbox.conversation())
    clock.advance(seconds=10)
    assert send_due() == 5 and len(waiting(app)) == 5
    taken(outbox)
    assert recover_lost() == 5 and {one.state for one in outbox.deliveries()} == {"uncertain"}


def test_what_is_over_or_cancelled_is_left_alone(app: Flask, outbox: Outbox, clock: Clock) -> None:
    envelope = outbox.submitted(2)
    outbound.undo(envelope.id, outbox.ben)
    deliveries.deliver(outbox.trigger(outbox.conversation()).delivery.id)
    clock.advance(days=1)
    assert (recover_lost(), send_due(), waiting(app)) == (0, 0, [])


def test_mail_that_a_dead_worker_was_sending_is_uncertain(outbox: Outbox, ears: Ears) -> None:
    made = outbox.trigger(outbox.conversation()).delivery
    taken(outbox)
    ears.heard()
    assert recover_lost() == 1 and recover_lost() == 0
    (row,) = outbox.deliveries()
    assert row.state == "uncertain" and row.reason and "may or may not" in row.reason
    assert outbox.log()[-1] == "delivery_uncertain"
    assert sorted(ears.heard()) == [f"conversation:{made.conversation_id}", "inbox"]


def test_on_a_channel_that_knows_a_repetition_it_is_sent_again_with_the_same_key(
    app: Flask, outbox: Outbox, clock: Clock
) -> None:
    outbox.postbox.deduplicates = True
    outbox.trigger(outbox.conversation())
    envelope_id = outbox.submitted(1).id
    clock.advance(seconds=10)
    keys = {one.outgoing.key for one in taken(outbox)}
    assert recover_lost() == 2 and {one.state for one in outbox.deliveries()} == {"pending"}
    assert [one.partition("-")[0] for one in waiting(app)] == ["deliver", "drain"]
    deliveries.deliver(1)
    deliveries.drain(str(envelope_id))
    assert {one.key for one in outbox.postbox.letters} == keys
    assert {(one.state, one.attempts) for one in outbox.deliveries()} == {("sent", 2)}


def test_one_that_takes_its_worker_down_each_time_is_given_up_as_uncertain(outbox: Outbox) -> None:
    outbox.postbox.deduplicates = True
    outbox.trigger(outbox.conversation())
    for _ in range(4):
        taken(outbox)
        recover_lost()
    assert (outbox.deliveries()[0].state, outbox.deliveries()[0].attempts) == ("uncertain", 4)


def test_another_channel_than_the_one_it_left_by_knows_nothing_of_it(outbox: Outbox) -> None:
    outbox.trigger(outbox.conversation())
    taken(outbox)
    outbox.postbox.deduplicates, outbox.postbox.name = True, "webhook"
    assert recover_lost() == 1 and outbox.deliveries()[0].state == "uncertain"


def test_what_a_living_worker_holds_is_left_alone(outbox: Outbox) -> None:
    outbox.trigger(outbox.conversation())
    found = []
    outbox.postbox.answers.append(lambda _: found.append(_sweep_elsewhere()))
    deliveries.deliver(1)
    assert found == [0] and outbox.deliveries()[0].state == "sent"


def _sweep_elsewhere() -> int:
    from concurrent.futures import ThreadPoolExecutor

    from flask import current_app

    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def act() -> int:
        with app.app_context():
            return recover_lost()

    with ThreadPoolExecutor(1) as other:
        return other.submit(act).result(10)


def test_a_worker_that_was_taken_for_dead_is_believed_when_it_has_the_answer_after_all(
    outbox: Outbox,
) -> None:
    outbox.trigger(outbox.conversation())
    (one,) = taken(outbox)
    recover_lost()
    claims.settle(7, [Result(one, "ref", 0.1)])
    assert (outbox.deliveries()[0].state, outbox.deliveries()[0].reason) == ("sent", None)


def test_but_not_when_somebody_took_over(outbox: Outbox) -> None:
    outbox.postbox.deduplicates = True
    outbox.trigger(outbox.conversation())
    (one,) = taken(outbox, claim=7)
    recover_lost()
    claims.settle(7, [Result(one, RuntimeError(), 0.1)])
    assert outbox.deliveries()[0].state == "pending"
    taken(outbox, claim=8)
    claims.settle(7, [Result(one, "ref", 0.1)])
    assert outbox.deliveries()[0].state == "sending"
    claims.settle(8, [Result(one, "ref-8", 0.1)])
    assert outbox.deliveries()[0].reference == "ref-8"


def test_the_sweep_counts_what_it_found(app: Flask, outbox: Outbox, clock: Clock) -> None:
    outbox.trigger(outbox.conversation())
    outbox.submitted(1)
    taken(outbox)
    clock.advance(seconds=20)
    found = sweep()
    assert (found["deliveries_lost"], found["deliveries_due"]) == (1, 1)
    counts = app.extensions["console_redis"].hgetall("console:counts")
    assert counts[b"swept_deliveries:deliveries_lost"] == b"1"
    assert all(UUID(one[6:]) for one in waiting(app))
