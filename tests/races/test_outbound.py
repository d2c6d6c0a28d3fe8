"""However many press, confirm, undo, send and sweep at once: every customer gets at most one, and the numbers hold."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from console import conversations, errors, outbound
from console.models import BulkEnvelope, Delivery, Message
from console.outbound import UndoTooLate
from console.outbound.errors import OutboundError
from console.outbound.recovery import recover_lost, send_due
from jobs import deliveries
from tests.conftest import Clock
from tests.outbound.conftest import outbox, postbox
from tests.outbound.desk import Outbox
from tests.races.crowd import crowd, sorted_out

__all__ = ["outbox", "postbox"]


def test_the_same_follow_up_at_once_is_one_delivery_and_one_message(app: Flask, outbox: Outbox) -> None:
    with crowd(app) as people:
        for number in range(1, 16):
            conversation = outbox.conversation()
            won, _ = sorted_out(people.at_once(*[partial(outbox.trigger, conversation)] * 8), OutboundError)
            assert Counter(one.duplicate for one in won) == {True: 7, False: 1}
            assert len({one.delivery.id for one in won}) == 1
            assert outbox.count(Delivery) == outbox.count(Message) == number
            assert len(outbox.enqueued.jobs) == number


def test_the_same_again_on_purpose_at_once_is_one_repetition(app: Flask, outbox: Outbox) -> None:
    with crowd(app) as people:
        for _ in range(10):
            first = outbox.trigger(outbox.conversation()).delivery
            deliveries.deliver(first.id)
            acts: list[Any] = [partial(outbox.trigger, first.conversation_id, again=True)] * 4
            acts += [partial(outbound.send_again, first.id, outbox.ada)] * 4
            won, _ = sorted_out(people.at_once(*acts), OutboundError)
            assert Counter(one.duplicate for one in won) == {True: 7, False: 1}
            assert {one.delivery.repeats_id for one in won} == {first.id}


def test_a_double_click_on_confirm_is_one_send(app: Flask, outbox: Outbox) -> None:
    with crowd(app) as people:
        for number in range(1, 11):
            shown = outbox.preview(outbox.conversations(3))
            won, _ = sorted_out(people.at_once(*[partial(outbox.confirm, shown)] * 8), OutboundError)
            assert {one.id for one in won} == {shown.envelope_id} and len(won) == 8
            assert outbox.count(BulkEnvelope) == number and outbox.count(Delivery) == 3 * number
            assert outbox.enqueued.names.count("drain") == number


def test_the_same_envelope_at_once_is_one_send(app: Flask, outbox: Outbox) -> None:
    with crowd(app) as people:
        for number in range(1, 11):
            ids, envelope_id = outbox.conversations(2), uuid4()
            acts = [partial(outbox.bulk, ids, envelope_id=envelope_id)] * 8
            won, _ = sorted_out(people.at_once(*acts), OutboundError)
            assert {(one.id, one.count) for one in won} == {(envelope_id, 2)}
            assert outbox.count(Delivery) == 2 * number
            assert outbox.log().count("bulk_submitted") == number


def test_a_refusal_at_once_is_recorded_once(app: Flask, outbox: Outbox) -> None:
    with crowd(app) as people:
        for number in range(1, 6):
            acts = [partial(outbox.bulk, list(range(1, 27)), envelope_id=uuid4())] * 8
            _, refused = sorted_out(people.at_once(*acts), outbound.BatchTooLarge)
            assert len(refused) == 8 and outbox.count(BulkEnvelope) == number
            assert outbox.log().count("bulk_refused") == number


def reopen_after(seconds: float, conversation_id: int, actor_id: str) -> object:
    time.sleep(seconds)
    return conversations.reopen(conversation_id, actor_id)


def test_a_confirmation_and_a_reopening_leave_nobody_unaccounted_for(app: Flask, outbox: Outbox) -> None:
    outcomes = set()
    with crowd(app) as people:
        for number in range(20):
            ids = outbox.conversations(3)
            shown = outbox.preview(ids)
            # A confirmation reads before it locks: now and then the others begin a little later, at most 38 ms.
            acts: list[Any] = [partial(reopen_after, number / 500, one, outbox.ada) for one in ids[:2]]
            answers = people.at_once(partial(outbox.confirm, shown), *acts)
            won, _ = sorted_out(answers, OutboundError)
            envelope = won[0]
            gone = [one["conversation_id"] for one in envelope.left_out]
            sent = [one.conversation_id for one in outbox.deliveries(envelope_id=envelope.id)]
            assert sorted(gone + sent) == ids and envelope.count == len(sent)
            outcomes.add(len(sent))
    assert len(outcomes) > 1, "the same came first every time: it was no race"


def test_two_bulk_sends_to_the_same_conversations_and_replies_to_them_do_not_wait_for_each_other_forever(
    app: Flask, outbox: Outbox
) -> None:
    with crowd(app) as people:
        for _ in range(10):
            ids = outbox.conversations(20)
            acts: list[Any] = [partial(outbox.bulk, order) for order in (ids, ids[::-1], ids)]
            acts += [partial(conversations.reply, one, outbox.ada, "Hello.") for one in ids[:3]]
            acts += [partial(outbox.trigger, one) for one in ids[-2:]]
            sorted_out(people.at_once(*acts), OutboundError)


def test_undo_and_workers_at_once_add_up_exactly(app: Flask, outbox: Outbox, clock: Clock) -> None:
    stopped = set()
    with crowd(app) as people:
        for _ in range(15):
            envelope = outbox.submitted(8)
            # Some are due already, as if a worker's clock were ahead of the others.
            outbox.tamper(
                "UPDATE deliveries SET send_after = send_after - interval '1 day' WHERE envelope_id = :id",
                id=envelope.id,
            )
            acts: list[Any] = [partial(outbound.undo, envelope.id, outbox.ben)] * 2
            acts += [partial(deliveries.drain, str(envelope.id))] * 2
            acts += [
                partial(deliveries.deliver, one.id) for one in outbox.deliveries(envelope_id=envelope.id)[:3]
            ]
            answers = people.at_once(*acts)
            sorted_out(answers, UndoTooLate)
            counts = outbound.counts(envelope.id)
            assert answers[0] == answers[1] == counts["cancelled"]
            assert counts["cancelled"] + counts["sent"] == 8
            assert len(outbox.postbox.tried) == len(set(outbox.postbox.tried))
            stopped.add(answers[0])
    assert len(stopped) > 1, "the same came first every time: it was no race"


@pytest.mark.parametrize("deduplicates", [False, True])
def test_workers_and_sweeps_at_once_send_each_message_once(
    app: Flask, outbox: Outbox, clock: Clock, deduplicates: bool
) -> None:
    outbox.postbox.deduplicates = deduplicates
    with crowd(app, 6) as people:
        for _ in range(8):
            envelope = outbox.submitted(20)
            alone = outbox.trigger(outbox.conversation()).delivery
            clock.advance(seconds=30)
            acts: list[Any] = [partial(deliveries.drain, str(envelope.id))] * 3
            acts += [recover_lost, send_due, partial(deliveries.deliver, alone.id)]
            sorted_out(people.at_once(*acts), OutboundError)
            while deliveries.drain(str(envelope.id)) is not None:
                pass
            assert outbound.counts(envelope.id)["sent"] == 20
            assert outbound.get_delivery(alone.id).state == "sent"  # type: ignore[union-attr]
    assert len(outbox.postbox.tried) == len(set(outbox.postbox.tried)) == 8 * 21


def test_two_sweeps_at_once_settle_each_lost_delivery_once(app: Flask, outbox: Outbox, clock: Clock) -> None:
    from console.outbound import claims

    with crowd(app, 4) as people:
        for number in range(1, 6):
            outbox.submitted(10)
            clock.advance(seconds=30)
            claims.take(number, limit=100)
            answers = people.at_once(*[recover_lost] * 4)
            won, _ = sorted_out(answers, errors.ConsoleError)
            assert sum(won) == 10 and outbox.log().count("delivery_uncertain") == 10 * number


def test_what_a_person_does_about_one_delivery_is_done_once(app: Flask, outbox: Outbox) -> None:
    from tests.outbound.test_mending import NO_MAILBOX, SILENCE, ended

    with crowd(app) as people:
        for _ in range(10):
            lost, failed = ended(outbox, SILENCE), ended(outbox, NO_MAILBOX)
            acts: list[Any] = [partial(outbound.mark_sent, lost.id, outbox.ada)] * 2
            acts += [partial(outbound.send_again, lost.id, outbox.ben)] * 2
            acts += [partial(outbound.retry_delivery, failed.id, outbox.ben)] * 4
            sorted_out(people.at_once(*acts), OutboundError)
            again = [one for one in outbox.deliveries() if one.repeats_id == lost.id]
            assert len(again) <= 1 and outbound.get_delivery(failed.id).state == "pending"  # type: ignore[union-attr]
    assert outbox.log().count("delivery_retried") == outbox.log().count("delivery_marked_sent") == 10


def test_a_name_is_taken_by_one_template(app: Flask, outbox: Outbox) -> None:
    with crowd(app) as people:
        acts = [partial(outbound.create_template, outbox.ada, name="Same", subject="S", body="B")] * 8
        won, refused = sorted_out(people.at_once(*acts), outbound.TemplateProblem)
        assert len(won) == 1 and all("name" in one.fields for one in refused)  # type: ignore[attr-defined]


def test_a_change_at_once_is_a_version_each_or_a_refusal(app: Flask, outbox: Outbox) -> None:
    with crowd(app) as people:
        change = partial(
            outbound.change_template, outbox.template_id, outbox.ada, name="N", subject="S", version=1
        )
        won, refused = sorted_out(
            people.at_once(*[partial(change, body=f"B{number}") for number in range(8)]), errors.Conflict
        )
        assert (len(won), len(refused)) == (1, 7)
