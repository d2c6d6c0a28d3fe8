"""Undo, stop the rest, cancel one: exactly what has not left, and a true number."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from console import errors, outbound
from console.db import db
from console.outbound import NotFound, UndoTooLate, WrongState
from jobs import deliveries
from tests.conftest import Clock
from tests.desk import Ears
from tests.outbound.desk import Outbox


def test_undo_stops_all_of_them_while_it_lasts_and_says_how_many(outbox: Outbox, clock: Clock) -> None:
    envelope, other = outbox.submitted(3), outbox.submitted(2)
    clock.advance(seconds=9.9)
    assert outbound.undo(envelope.id, outbox.ada) == 3
    found = outbound.get_envelope(envelope.id)
    assert found is not None and (found.undone_count, found.undone_at) == (3, clock.moment)
    assert outbound.counts(envelope.id)["cancelled"] == 3 and outbound.counts(other.id)["pending"] == 2
    clock.advance(minutes=1)
    assert deliveries.drain(str(envelope.id)) is None and not outbox.postbox.tried
    assert outbox.log() == ["bulk_submitted", "bulk_submitted", "bulk_undone"]


def test_a_second_press_says_the_same(outbox: Outbox, clock: Clock) -> None:
    envelope = outbox.submitted(3)
    outbound.undo(envelope.id, outbox.ben)
    clock.advance(minutes=1)
    assert outbound.undo(envelope.id, outbox.ada) == 3 and outbox.log().count("bulk_undone") == 1


def test_what_a_worker_has_taken_already_is_not_counted_as_stopped(outbox: Outbox) -> None:
    envelope = outbox.submitted(3)
    with db.engine.begin() as early:
        early.execute(text("UPDATE deliveries SET send_after = now() - interval '1 day' WHERE id = 1"))
    deliveries.drain(str(envelope.id))
    assert outbound.undo(envelope.id, outbox.ben) == 2
    assert [one.state for one in outbox.deliveries()] == ["sent", "cancelled", "cancelled"]


def test_after_its_time_undo_is_refused_and_the_rest_can_be_stopped(outbox: Outbox, clock: Clock) -> None:
    envelope = outbox.submitted(3)
    clock.advance(seconds=10)
    with pytest.raises(UndoTooLate, match="still be stopped"):
        outbound.undo(envelope.id, outbox.ben)
    assert outbound.cancel_rest(envelope.id, outbox.ben) == 3
    assert outbound.cancel_rest(envelope.id, outbox.ben) == 0
    assert outbox.log() == ["bulk_submitted", "bulk_stopped"]


def test_stopping_the_rest_leaves_what_has_left(outbox: Outbox, clock: Clock) -> None:
    envelope = outbox.submitted(3)
    clock.advance(seconds=10)
    deliveries.deliver(outbox.deliveries()[0].id)
    assert outbound.cancel_rest(envelope.id, outbox.ben) == 2
    assert [one.state for one in outbox.deliveries()] == ["sent", "cancelled", "cancelled"]


def test_one_follow_up_is_cancelled_before_it_is_due(outbox: Outbox) -> None:
    made = outbox.trigger(outbox.conversation(), schedule_in=3600).delivery
    for _ in range(2):
        assert outbound.cancel(made.id, outbox.ben).state == "cancelled"
    deliveries.deliver(made.id)
    assert not outbox.postbox.tried and outbox.log() == ["followup_requested", "followup_cancelled"]


def test_what_has_left_cannot_be_cancelled(outbox: Outbox) -> None:
    made = outbox.trigger(outbox.conversation()).delivery
    deliveries.deliver(made.id)
    with pytest.raises(WrongState, match="left already"):
        outbound.cancel(made.id, outbox.ben)
    assert outbox.deliveries()[0].state == "sent"


def test_what_is_not_there_and_who_may_not(outbox: Outbox) -> None:
    envelope = outbox.submitted(1)
    for verb in (outbound.undo, outbound.cancel_rest):
        for missing in ("none", "00000000-0000-4000-8000-000000000000"):
            with pytest.raises(NotFound):
                verb(missing, outbox.ben)
        for stranger in ("agent:iris", "system", "operator:4711"):
            with pytest.raises(errors.Forbidden):
                verb(envelope.id, stranger)
    for number in (4711, 0, 1 << 70):
        with pytest.raises(NotFound):
            outbound.cancel(number, outbox.ben)
    with pytest.raises(errors.Forbidden):
        outbound.cancel(outbox.deliveries()[0].id, "system")
    assert outbound.counts(envelope.id)["pending"] == 1


def test_a_refused_envelope_has_nothing_to_undo(outbox: Outbox) -> None:
    with pytest.raises(outbound.BatchTooLarge) as refusal:
        outbox.bulk(list(range(1, 27)))
    with pytest.raises(NotFound, match="refused"):
        outbound.undo(refusal.value.envelope.id, outbox.ben)


def test_what_is_stopped_is_announced(outbox: Outbox, ears: Ears) -> None:
    envelope = outbox.submitted(2)
    conversations = {f"conversation:{one.conversation_id}" for one in outbox.deliveries()}
    ears.heard()
    outbound.undo(envelope.id, outbox.ben)
    assert set(ears.heard()) == {f"envelope:{envelope.id}", "envelopes", "inbox", *conversations}
