"""One follow-up to one conversation: written once, with its message and its log line, or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from console import errors, outbound
from console.channels import NoChannel
from console.db import db, transaction
from console.models import Delivery, Message
from console.outbound import NotEligible, NotFound, TemplateGone
from jobs import deliveries
from tests.conftest import Clock
from tests.desk import Ears
from tests.outbound.desk import Outbox


def test_a_follow_up_is_written_with_its_message_and_its_log_line(outbox: Outbox) -> None:
    made = outbox.trigger(outbox.conversation("Riya Chen", "riya@example.com"))
    assert not made.duplicate
    one = made.delivery
    assert (one.state, one.recipient, one.address) == ("pending", "Riya Chen", "riya@example.com")
    assert (one.subject, one.template_version, one.created_by) == ("Riya, your parcel", 1, outbox.ben)
    message = db.session.get_one(Message, one.message_id)
    assert (message.role, message.author_name) == ("system_outbound", "Ben Weiss")
    assert message.body == "Dear Riya Chen,\nit is on its way."
    assert outbox.log() == ["followup_requested"]
    assert outbox.enqueued.names == ["deliver"]


def test_the_same_again_is_the_first_one_and_leaves_no_message_behind(outbox: Outbox) -> None:
    conversation = outbox.conversation()
    first = outbox.trigger(conversation).delivery
    deliveries.deliver(first.id)
    for _ in range(2):
        second = outbox.trigger(conversation, actor=outbox.ada)
        assert second.duplicate and second.delivery.id == first.id
        assert second.delivery.state == "sent"
    assert len(outbox.bodies()) == 1 and outbox.enqueued.names == ["deliver"]
    assert outbox.log() == ["followup_requested", "delivery_sent"]


def test_what_is_sent_again_on_purpose_names_the_one_it_repeats(outbox: Outbox) -> None:
    conversation = outbox.conversation()
    first = outbox.trigger(conversation).delivery
    waiting = outbox.trigger(conversation, again=True)
    assert waiting.duplicate and waiting.delivery.id == first.id
    deliveries.deliver(first.id)
    second = outbox.trigger(conversation, again=True)
    assert not second.duplicate and second.delivery.repeats_id == first.id
    deliveries.deliver(second.delivery.id)
    third = outbox.trigger(conversation, again=True)
    assert third.delivery.repeats_id == second.delivery.id
    assert outbox.log().count("followup_repeated") == 2


def test_another_template_or_a_cancelled_one_is_no_duplicate(outbox: Outbox) -> None:
    conversation = outbox.conversation()
    first = outbox.trigger(conversation).delivery
    outbound.cancel(first.id, outbox.ben)
    assert not outbox.trigger(conversation).duplicate
    other = outbox.template("Another").template_id
    assert not outbox.trigger(conversation, template_id=other).duplicate


def test_the_database_itself_holds_one_live_delivery(outbox: Outbox) -> None:
    outbox.trigger(outbox.conversation())
    columns = (
        "conversation_id, template_id, template_version, channel, recipient, address, subject, state,"
        " send_after, attempts, created_by, created_at, updated_at"
    )
    message = (
        "INSERT INTO messages (conversation_id, role, body, author_name, details, created_at)"
        " SELECT conversation_id, role, body, '', '{}', now() FROM messages RETURNING id"
    )
    copy = f"INSERT INTO deliveries (message_id, {columns}) SELECT m.id, {columns} FROM m, deliveries"
    with pytest.raises(IntegrityError, match="uq_deliveries_"):
        outbox.tamper(f"WITH m AS ({message}) {copy}")


def test_a_text_of_ones_own_is_sent_as_it_stands(outbox: Outbox) -> None:
    made = outbox.trigger(outbox.conversation(), content="Hi {{ customer.name }}, {{ 7*7 }}")
    assert outbox.bodies() == ["Hi {{ customer.name }}, {{ 7*7 }}"]
    assert made.delivery.subject == "Riya, your parcel"


@pytest.mark.parametrize("wait", [3600, timedelta(hours=1)])
def test_a_follow_up_can_be_planned(outbox: Outbox, clock: Clock, wait: Any) -> None:
    made = outbox.trigger(outbox.conversation(), schedule_in=wait).delivery
    assert made.send_after == clock.moment + timedelta(hours=1)
    assert outbox.enqueued.jobs[0][2]["at"] == made.send_after


@pytest.mark.parametrize("wait", [-1, 91 * 86400, float("inf"), float("nan")])
def test_a_time_that_cannot_be_meant_is_refused(outbox: Outbox, wait: float) -> None:
    with pytest.raises(errors.Invalid) as refusal:
        outbox.trigger(outbox.conversation(), schedule_in=wait)
    assert "schedule_in" in refusal.value.fields and outbox.count(Delivery) == 0


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ({"status": "open"}, "Only resolved conversations"),
        ({"email": None}, "No address"),
        ({"email": "not an address"}, "no email address"),
        ({"name": " \n "}, "nothing to put in for the first word of the customer's name"),
    ],
)
def test_who_cannot_be_written_to_is_not_and_the_sentence_says_why(
    outbox: Outbox, person: dict[str, Any], why: str
) -> None:
    with pytest.raises(NotEligible, match=why):
        outbox.trigger(outbox.conversation(**person))
    assert outbox.count(Message) == outbox.count(Delivery) == 0 and outbox.log() == []


def test_only_active_operators_and_the_application_itself_send(outbox: Outbox) -> None:
    conversation = outbox.conversation()
    outbox.tamper("UPDATE operators SET active = false WHERE name = 'Cleo Marchetti'")
    for actor in ("agent:iris", outbox.cleo, "operator:4711", "policy", ""):
        with pytest.raises(errors.Forbidden):
            outbox.trigger(conversation, actor=actor)
    assert outbox.count(Delivery) == 0
    assert outbox.trigger(conversation, actor=None).delivery.created_by == "system"


def test_what_is_not_there_is_refused(outbox: Outbox) -> None:
    for options in ({"template_id": 4711}, {"template_id": 1 << 70}, {"bulk_envelope_id": uuid4()}):
        with pytest.raises(NotFound):
            outbox.trigger(outbox.conversation(), **options)
    for missing in (4711, 0, 1 << 70):
        with pytest.raises(errors.NotFound):
            outbox.trigger(missing)


def test_an_archived_template_sends_nothing_new(outbox: Outbox) -> None:
    outbound.archive_template(outbox.template_id, outbox.ada)
    with pytest.raises(TemplateGone):
        outbox.trigger(outbox.conversation())


def test_without_a_channel_nothing_is_written(app: Flask, outbox: Outbox) -> None:
    app.extensions["console_channel"] = None
    with pytest.raises(NoChannel, match="no channel"):
        outbox.trigger(outbox.conversation())
    assert outbox.count(Message) == 0


def test_a_follow_up_into_an_envelope_is_one_of_its_recipients(outbox: Outbox, clock: Clock) -> None:
    envelope = outbox.submitted(2)
    late = outbox.trigger(outbox.conversation(), bulk_envelope_id=envelope.id)
    assert late.delivery.send_after == envelope.send_after
    assert outbox.trigger(late.delivery.conversation_id, bulk_envelope_id=envelope.id).duplicate
    assert not outbox.trigger(late.delivery.conversation_id).duplicate
    found = outbound.get_envelope(envelope.id)
    assert found is not None and found.count == 3 and late.delivery.conversation_id in found.conversation_ids
    assert outbound.undo(envelope.id, outbox.ben) == 3
    with pytest.raises(NotEligible, match="undone"):
        outbox.trigger(outbox.conversation(), bulk_envelope_id=envelope.id)


def test_a_rollback_takes_message_delivery_log_and_job_with_it(outbox: Outbox) -> None:
    conversation = outbox.conversation()
    with pytest.raises(ZeroDivisionError), transaction():
        outbox.trigger(conversation)
        raise ZeroDivisionError
    assert outbox.count(Message) == outbox.count(Delivery) == 0
    assert outbox.log() == [] and outbox.enqueued.jobs == []


def test_a_follow_up_is_announced(outbox: Outbox, ears: Ears) -> None:
    conversation = outbox.conversation()
    ears.heard()
    outbox.trigger(conversation)
    assert sorted(ears.heard()) == [f"conversation:{conversation}", "inbox"]
