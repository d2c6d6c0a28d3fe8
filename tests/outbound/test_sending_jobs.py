"""The jobs of deliveries: claimed and committed before the channel is called, and what each answer leads to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from console import outbound
from console.channels import FailureCode, Outgoing, PermanentFailure, TemporaryFailure, UncertainFailure
from console.db import db
from console.models import Conversation
from jobs import deliveries
from tests.conftest import Clock
from tests.desk import Ears
from tests.outbound.desk import Outbox

BUSY = TemporaryFailure("The mail server is busy.", FailureCode.BUSY)
NO_MAILBOX = PermanentFailure("There is no such mailbox.", FailureCode.ADDRESS)
SILENCE = UncertainFailure("No answer came.", FailureCode.NO_ANSWER)


def planned(app: Flask) -> list[str]:
    """The ids of jobs that wait for their time."""
    redis = app.extensions["console_redis"]
    return sorted(one.decode() for one in redis.zrange("rq:scheduled:deliveries", 0, -1))


def test_a_delivery_leaves_word_for_word_and_keeps_the_reference(outbox: Outbox) -> None:
    made = outbox.trigger(outbox.conversation("Riya Chen", "riya@example.com")).delivery
    deliveries.deliver(made.id)
    (sent,) = outbox.deliveries()
    assert (sent.state, sent.reference, sent.attempts, sent.reason) == ("sent", f"ref-{sent.id}", 1, None)
    (letter,) = outbox.postbox.letters
    assert (letter.to_name, letter.to_address) == ("Riya Chen", "riya@example.com")
    assert (letter.subject, letter.body) == ("Riya, your parcel", "Dear Riya Chen,\nit is on its way.")
    assert outbox.log() == ["followup_requested", "delivery_sent"]


def test_sending_is_committed_before_the_channel_is_called_and_no_transaction_is_open(outbox: Outbox) -> None:
    seen = []

    def look(outgoing: Outgoing) -> None:
        seen.append(db.session.info.get("depth"))
        with db.engine.connect() as other:
            row = other.execute(text("SELECT state, claim_id FROM deliveries")).one()
            idle = text("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
            seen.extend([row.state, row.claim_id is not None, other.scalar(idle)])

    outbox.postbox.answers.append(look)
    deliveries.deliver(outbox.trigger(outbox.conversation()).delivery.id)
    assert seen == [0, "sending", True, 0]


def test_what_is_not_due_is_left_alone(outbox: Outbox, clock: Clock) -> None:
    made = outbox.trigger(outbox.conversation(), schedule_in=60).delivery
    clock.advance(seconds=59)
    deliveries.deliver(made.id)
    assert not outbox.postbox.tried
    clock.advance(seconds=1)
    deliveries.deliver(made.id)
    assert len(outbox.postbox.letters) == 1


def test_a_job_that_comes_twice_sends_once(outbox: Outbox) -> None:
    made = outbox.trigger(outbox.conversation()).delivery
    deliveries.deliver(made.id)
    deliveries.deliver(made.id)
    deliveries.deliver(4711)
    assert len(outbox.postbox.tried) == 1


def test_a_bulk_send_leaves_after_its_undo_window_and_one_bad_recipient_touches_one_row(
    outbox: Outbox, clock: Clock
) -> None:
    envelope = outbox.submitted(5)
    assert deliveries.drain(str(envelope.id)) is None and not outbox.postbox.tried
    clock.advance(seconds=10)
    outbox.postbox.answers.extend([lambda _: None, NO_MAILBOX])
    assert deliveries.drain(str(envelope.id)) is None
    assert [one.state for one in outbox.deliveries()] == ["sent", "failed", "sent", "sent", "sent"]
    assert outbound.counts(envelope.id) == {
        "pending": 0, "sending": 0, "sent": 4, "failed": 1, "uncertain": 0, "cancelled": 0
    }  # fmt: skip
    assert outbox.deliveries()[1].reason == "There is no such mailbox."
    assert outbox.postbox.sessions == 2


def test_what_was_sent_becomes_the_last_message_of_the_conversation_and_what_was_not_does_not(
    outbox: Outbox, clock: Clock
) -> None:
    first, second = outbox.conversation("Ann"), outbox.conversation("Bob")
    outbox.postbox.answers.extend([lambda _: None, NO_MAILBOX])
    for one in (first, second):
        made = outbox.trigger(one).delivery
        clock.advance(minutes=1)
        deliveries.deliver(made.id)
    rows = [db.session.get_one(Conversation, one, populate_existing=True) for one in (first, second)]
    assert [row.last_message_preview for row in rows] == ["Dear Ann, it is on its way.", ""]
    assert rows[0].last_message_role == "system_outbound"
    assert rows[0].last_message_at == clock.moment - timedelta(minutes=1)


def test_a_temporary_failure_is_tried_again_with_growing_pauses_until_the_attempts_are_used_up(
    app: Flask, outbox: Outbox, clock: Clock
) -> None:
    made = outbox.trigger(outbox.conversation()).delivery
    outbox.postbox.answers.extend([BUSY] * 4)
    for attempt, pause in enumerate((30, 120, 600), 1):
        deliveries.deliver(made.id)
        (row,) = outbox.deliveries()
        assert (row.state, row.attempts, row.reason) == ("pending", attempt, "The mail server is busy.")
        assert row.send_after == clock.moment + timedelta(seconds=pause)
        assert f"deliver-{made.id}-{int(row.send_after.timestamp())}" in planned(app)
        deliveries.deliver(made.id)
        clock.advance(seconds=pause)
    deliveries.deliver(made.id)
    (row,) = outbox.deliveries()
    assert (row.state, row.attempts) == ("failed", 4)
    assert row.reason == "The mail server is busy. Given up after 4 attempts."
    assert outbox.log() == ["followup_requested", "delivery_failed"]


@pytest.mark.parametrize(("asked", "pause"), [(5.0, 30), (90.0, 90), (1e9, 86_400)])
def test_the_other_side_may_ask_for_a_longer_pause(
    outbox: Outbox, clock: Clock, asked: float, pause: int
) -> None:
    made = outbox.trigger(outbox.conversation()).delivery
    outbox.postbox.answers.append(TemporaryFailure("Later.", FailureCode.BUSY, retry_after=asked))
    deliveries.deliver(made.id)
    assert outbox.deliveries()[0].send_after == clock.moment + timedelta(seconds=pause)


def test_a_bulk_send_that_is_put_off_wakes_once_a_second_at_most(
    app: Flask, outbox: Outbox, clock: Clock
) -> None:
    envelope = outbox.submitted(5)
    clock.advance(seconds=10)
    outbox.postbox.answers.extend([BUSY] * 5)
    deliveries.drain(str(envelope.id))
    assert [one.state for one in outbox.deliveries()] == ["pending"] * 5
    assert len([one for one in planned(app) if one.startswith("wake-")]) == 1
    clock.advance(seconds=30)
    deliveries.wake(str(envelope.id))
    assert app.extensions["console_redis"].lrange("rq:queue:deliveries", 0, -1) == [
        f"drain-{envelope.id}".encode()
    ]


@pytest.mark.parametrize("error", [SILENCE, RuntimeError("anything")])
def test_an_answer_that_never_came_makes_a_delivery_uncertain_and_nothing_repeats_it(
    outbox: Outbox, clock: Clock, error: Exception
) -> None:
    made = outbox.trigger(outbox.conversation()).delivery
    outbox.postbox.answers.append(error)
    deliveries.deliver(made.id)
    (row,) = outbox.deliveries()
    assert row.state == "uncertain" and row.reason and "anything" not in row.reason
    clock.advance(days=1)
    deliveries.deliver(made.id)
    assert len(outbox.postbox.tried) == 1
    assert outbox.log()[-1] == "delivery_uncertain"


def without_channel(app: Flask, outbox: Outbox) -> None:
    app.extensions["console_channel"] = None


def with_another(app: Flask, outbox: Outbox) -> None:
    outbox.postbox.name = "webhook"


@pytest.mark.parametrize("change", [without_channel, with_another])
def test_what_cannot_leave_any_more_as_it_was_asked_fails_with_a_sentence_and_is_never_called_sent(
    app: Flask, outbox: Outbox, change: Callable[[Flask, Outbox], None]
) -> None:
    made = outbox.trigger(outbox.conversation()).delivery
    change(app, outbox)
    deliveries.deliver(made.id)
    (row,) = outbox.deliveries()
    assert row.state == "failed" and row.reason and "othing was sent" in row.reason
    assert not outbox.postbox.tried


def test_a_claim_and_an_outcome_are_announced(outbox: Outbox, clock: Clock, ears: Ears) -> None:
    alone = outbox.trigger(outbox.conversation()).delivery
    envelope = outbox.submitted(1)
    clock.advance(seconds=10)
    ears.heard()
    deliveries.deliver(alone.id)
    conversation = f"conversation:{alone.conversation_id}"
    assert ears.heard() == [conversation, conversation, "inbox"]
    deliveries.drain(str(envelope.id))
    one = f"conversation:{outbox.deliveries()[1].conversation_id}"
    both = sorted([one, f"envelope:{envelope.id}", "envelopes"])
    assert ears.heard() == [*both, *both, "inbox"]


def test_on_a_channel_that_knows_a_repetition_several_leave_at_once(outbox: Outbox, clock: Clock) -> None:
    outbox.postbox.deduplicates = True
    envelope = outbox.submitted(20)
    clock.advance(seconds=10)
    outbox.postbox.answers.extend([NO_MAILBOX])
    assert deliveries.drain(str(envelope.id)) is None
    assert outbound.counts(envelope.id) | {"sent": 19, "failed": 1} == outbound.counts(envelope.id)
    assert outbox.postbox.sessions == 1


def test_a_slice_ends_and_comes_back_for_the_rest(
    outbox: Outbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "SLICE_SECONDS", 0)
    monkeypatch.setattr(deliveries, "LONGEST_SLICE_SECONDS", 0)
    envelope = outbox.submitted(2)
    clock.advance(seconds=10)
    assert deliveries.drain(str(envelope.id)) is not None
