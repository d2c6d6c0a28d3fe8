"""What a person does about a delivery that failed, or whose outcome nobody knows."""

from __future__ import annotations

import pytest
from flask import Flask

from console import conversations, errors, outbound
from console.channels import FailureCode, NoChannel, PermanentFailure, UncertainFailure
from console.models import Conversation, Delivery
from console.outbound import NotEligible, NotFound, WrongState
from jobs import deliveries
from tests.conftest import Clock
from tests.desk import Ears
from tests.outbound.desk import Outbox

NO_MAILBOX = PermanentFailure("There is no such mailbox.", FailureCode.ADDRESS)
SILENCE = UncertainFailure("No answer came.", FailureCode.NO_ANSWER)


def ended(outbox: Outbox, answer: Exception) -> Delivery:
    """A follow-up that ended like this."""
    made = outbox.trigger(outbox.conversation()).delivery
    outbox.postbox.answers.append(answer)
    deliveries.deliver(made.id)
    return outbox.deliveries()[-1]


def test_every_failed_one_of_a_bulk_send_is_tried_again_and_no_other(outbox: Outbox, clock: Clock) -> None:
    envelope = outbox.submitted(4)
    clock.advance(seconds=10)
    outbox.postbox.answers.extend([NO_MAILBOX, lambda _: None, NO_MAILBOX, SILENCE])
    deliveries.drain(str(envelope.id))
    assert [one.state for one in outbox.deliveries()] == ["failed", "sent", "failed", "uncertain"]
    assert outbound.retry(envelope.id, outbox.ada, enqueue=outbox.enqueued) == 2
    assert outbox.enqueued.names == ["drain", "drain"] and outbox.log()[-1] == "bulk_retried"
    deliveries.drain(str(envelope.id))
    assert [one.state for one in outbox.deliveries()] == ["sent", "sent", "sent", "uncertain"]
    assert outbound.retry(envelope.id, outbox.ada) == 0 and outbox.log().count("bulk_retried") == 1


def test_one_failed_delivery_is_tried_again_with_attempts_anew(outbox: Outbox) -> None:
    failed = ended(outbox, NO_MAILBOX)
    for _ in range(2):
        again = outbound.retry_delivery(failed.id, outbox.ben, enqueue=outbox.enqueued)
        assert (again.state, again.attempts) == ("pending", 0)
    assert outbox.enqueued.names == ["deliver", "deliver"]
    assert outbox.log()[-2:] == ["delivery_failed", "delivery_retried"]
    deliveries.deliver(failed.id)
    assert outbox.deliveries()[0].state == "sent" and outbox.deliveries()[0].reason is None


def test_a_retry_leaves_by_the_channel_that_is_there_now(outbox: Outbox) -> None:
    failed = ended(outbox, NO_MAILBOX)
    outbox.postbox.name = "webhook"
    outbound.retry_delivery(failed.id, outbox.ben)
    deliveries.deliver(failed.id)
    assert (outbox.deliveries()[0].state, outbox.deliveries()[0].channel) == ("sent", "webhook")


@pytest.mark.parametrize("answer", [None, SILENCE])
def test_only_what_failed_is_tried_again(outbox: Outbox, answer: Exception | None) -> None:
    other = ended(outbox, answer or (lambda _: None))  # type: ignore[arg-type]
    with pytest.raises(WrongState, match="Only what failed"):
        outbound.retry_delivery(other.id, outbox.ben)
    assert len(outbox.postbox.tried) == 1


def test_what_is_uncertain_is_marked_as_sent_by_a_person(outbox: Outbox) -> None:
    lost = ended(outbox, SILENCE)
    for _ in range(2):
        assert outbound.mark_sent(lost.id, outbox.ada).state == "sent"
    (row,) = outbox.deliveries()
    assert row.reason == "Ada Okafor found out that it was sent." and row.reference is None
    assert outbox.log()[-2:] == ["delivery_uncertain", "delivery_marked_sent"]
    assert len(outbox.postbox.tried) == 1


def test_only_what_is_uncertain_can_be_marked_as_sent(outbox: Outbox) -> None:
    failed = ended(outbox, NO_MAILBOX)
    waiting = outbox.trigger(outbox.conversation()).delivery
    for one in (failed, waiting):
        with pytest.raises(WrongState, match="Only what is uncertain"):
            outbound.mark_sent(one.id, outbox.ben)


def test_what_is_uncertain_is_sent_again_word_for_word_and_names_what_it_repeats(outbox: Outbox) -> None:
    lost = ended(outbox, SILENCE)
    outbox.tamper("UPDATE customers SET name = 'Somebody Else', email = 'other@example.com'")
    first = outbound.send_again(lost.id, outbox.ben, enqueue=outbox.enqueued)
    second = outbound.send_again(lost.id, outbox.ada, enqueue=outbox.enqueued)
    assert not first.duplicate and second.duplicate and second.delivery.id == first.delivery.id
    assert first.delivery.repeats_id == lost.id and outbox.deliveries()[0].state == "uncertain"
    deliveries.deliver(first.delivery.id)
    assert outbox.bodies()[0] == outbox.bodies()[1] == outbox.postbox.letters[0].body
    assert outbox.postbox.letters[0].to_address == lost.address
    assert outbox.log()[-2:] == ["followup_repeated", "delivery_sent"]


def test_what_is_sent_again_in_a_bulk_send_stays_in_its_envelope(outbox: Outbox, clock: Clock) -> None:
    envelope = outbox.submitted(2)
    clock.advance(seconds=10)
    outbox.postbox.answers.append(SILENCE)
    deliveries.drain(str(envelope.id))
    lost = outbox.deliveries()[0]
    again = outbound.send_again(lost.id, outbox.ben).delivery
    assert again.envelope_id == envelope.id and outbound.counts(envelope.id)["pending"] == 1
    assert outbound.list_deliveries(envelope.id).repeated == {lost.id}


def test_nothing_is_sent_again_to_a_conversation_that_is_open(outbox: Outbox) -> None:
    lost = ended(outbox, SILENCE)
    conversations.reopen(lost.conversation_id, outbox.ben)
    with pytest.raises(NotEligible, match="resolved"):
        outbound.send_again(lost.id, outbox.ben)


def test_what_failed_or_waits_is_not_sent_again(outbox: Outbox) -> None:
    failed = ended(outbox, NO_MAILBOX)
    waiting = outbox.trigger(outbox.conversation()).delivery
    for one in (failed, waiting):
        with pytest.raises(WrongState):
            outbound.send_again(one.id, outbox.ben)
    assert len(outbox.deliveries()) == 2


def test_what_is_not_there_and_who_may_not(outbox: Outbox) -> None:
    lost = ended(outbox, SILENCE)
    for verb in (outbound.retry_delivery, outbound.mark_sent, outbound.send_again):
        for number in (4711, 0, 1 << 70):
            with pytest.raises(NotFound):
                verb(number, outbox.ben)
        for stranger in ("agent:iris", "system"):
            with pytest.raises(errors.Forbidden):
                verb(lost.id, stranger)
    with pytest.raises(NotFound):
        outbound.retry("none", outbox.ben)
    assert outbox.deliveries()[0].state == "uncertain"


def test_without_a_channel_nothing_is_tried_again(app: Flask, outbox: Outbox) -> None:
    failed, lost = ended(outbox, NO_MAILBOX), ended(outbox, SILENCE)
    app.extensions["console_channel"] = None
    with pytest.raises(NoChannel):
        outbound.retry_delivery(failed.id, outbox.ben)
    with pytest.raises(NoChannel):
        outbound.send_again(lost.id, outbox.ben)
    assert [one.state for one in outbox.deliveries()] == ["failed", "uncertain"]


def test_what_is_mended_is_announced(outbox: Outbox, ears: Ears) -> None:
    failed, lost = ended(outbox, NO_MAILBOX), ended(outbox, SILENCE)
    for verb, one in (
        (outbound.retry_delivery, failed), (outbound.send_again, lost), (outbound.mark_sent, lost)
    ):  # fmt: skip
        ears.heard()
        verb(one.id, outbox.ben)
        assert sorted(set(ears.heard())) == [f"conversation:{one.conversation_id}", "inbox"]


def test_the_inbox_says_which_conversations_need_a_person(outbox: Outbox) -> None:
    failed, lost, again = ended(outbox, NO_MAILBOX), ended(outbox, SILENCE), ended(outbox, SILENCE)
    outbound.send_again(again.id, outbox.ben)
    rows = conversations.inbox(outbox.cast.ben.id, conversations.Filters(view="resolved")).rows
    assert {row.id: row.followup for row in rows} == {
        failed.conversation_id: "failed",
        lost.conversation_id: "uncertain",
        again.conversation_id: None,
    }
    assert outbox.count(Conversation) == 4
