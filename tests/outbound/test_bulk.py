"""One text to many: one transaction, one envelope, at most so many, and the same id is the same send."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from console import errors, outbound
from console.channels import NoChannel
from console.db import transaction
from console.models import BulkEnvelope, Delivery, Message
from console.outbound import BatchTooLarge, NothingSelected
from tests.conftest import Clock
from tests.desk import Ears
from tests.outbound.desk import Outbox


def test_everybody_gets_the_text_as_it_stands_in_an_envelope_that_keeps_it(
    outbox: Outbox, clock: Clock
) -> None:
    ids = outbox.conversations(3)
    envelope = outbox.bulk([*ids, ids[0]], rendered_body="Hi {{ customer.name }}, {{ 7*7 }}")
    assert outbox.bodies() == ["Hi {{ customer.name }}, {{ 7*7 }}"] * 3
    assert (envelope.status, envelope.count, envelope.cap, envelope.conversation_ids) == (
        "submitted",
        3,
        25,
        ids,
    )
    assert envelope.body == "Hi {{ customer.name }}, {{ 7*7 }}" and envelope.created_by == outbox.ben
    assert [one.subject for one in outbox.deliveries()] == ["Customer, your parcel"] * 3
    assert (envelope.send_after - clock.moment).total_seconds() == 10
    assert {one.send_after for one in outbox.deliveries()} == {envelope.send_after}
    assert outbox.log() == ["bulk_submitted"]
    assert [(job, options["at"]) for job, _, options in outbox.enqueued.jobs] == [
        ("jobs.deliveries.drain", envelope.send_after)
    ]


def test_a_final_subject_stands_on_one_line(outbox: Outbox) -> None:
    outbox.bulk(outbox.conversations(1), subject="Parcel\r\nBcc: everybody@example.com {{ customer.name }}")
    assert outbox.deliveries()[0].subject == "Parcel Bcc: everybody@example.com {{ customer.name }}"


def test_only_resolved_conversations_are_written_to_and_the_others_are_listed(outbox: Outbox) -> None:
    ids = [outbox.conversation("Ann"), outbox.conversation("Bob", status="open"), 4711]
    ids.append(outbox.conversation("Eve", email=None))
    envelope = outbox.bulk(ids)
    assert envelope.count == 1 and envelope.conversation_ids == ids
    assert [(one["conversation_id"], one["customer"], one["reason"][:12]) for one in envelope.left_out] == [
        (ids[1], "Bob", "Not resolved"),
        (ids[3], "Eve", "No address o"),
        (4711, "", "This convers"),
    ]


def test_a_send_from_which_everybody_dropped_out_is_found_again_too(outbox: Outbox) -> None:
    envelope = outbox.bulk([outbox.conversation(status="open")])
    assert (envelope.status, envelope.count, len(envelope.left_out)) == ("submitted", 0, 1)
    assert outbound.counts(envelope.id)["pending"] == 0


def test_an_empty_selection_is_refused_before_anything_is_written(outbox: Outbox) -> None:
    with pytest.raises(NothingSelected):
        outbox.bulk([])
    assert outbox.count(BulkEnvelope) == 0 and outbox.log() == []


@pytest.mark.parametrize("ids", [[0], [-1], [1 << 70], ["1"], [True], [None], [1.0]])
def test_what_cannot_be_a_conversation_is_refused(outbox: Outbox, ids: list[Any]) -> None:
    with pytest.raises(errors.Invalid):
        outbox.bulk(ids)


@pytest.mark.parametrize("body", ["", " \n", "a\x00b", "x" * 20_001])
def test_a_text_that_cannot_be_sent_is_refused(outbox: Outbox, body: str) -> None:
    with pytest.raises(errors.Invalid):
        outbox.bulk([outbox.conversation()], rendered_body=body)
    assert outbox.count(BulkEnvelope) == 0


def test_over_the_cap_the_refusal_is_recorded_and_raised(outbox: Outbox, ears: Ears) -> None:
    ears.heard()
    with pytest.raises(BatchTooLarge) as refusal:
        outbox.bulk(list(range(1, 27)))
    error = refusal.value
    assert (error.count, error.cap, error.envelope.status) == (26, 25, "refused_cap_exceeded")
    (envelope,) = outbound.list_envelopes(status="refused_cap_exceeded")
    assert (envelope.id, envelope.count, envelope.cap) == (error.envelope.id, 26, 25)
    assert envelope.reason == str(error) and "26" in str(error) and "25" in str(error)
    assert outbox.count(Message) == outbox.count(Delivery) == 0 and outbox.enqueued.jobs == []
    assert outbox.log() == ["bulk_refused"] and ears.heard() == ["envelopes"]


def test_duplicate_ids_count_once_against_the_cap(outbox: Outbox) -> None:
    assert outbox.bulk(outbox.conversations(25) * 2).count == 25


def test_the_cap_is_read_at_each_call(app: Flask, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = outbox.conversations(3)
    narrow = app.config["SETTINGS"].model_copy(update={"max_batch_size": 2})
    monkeypatch.setitem(app.config, "SETTINGS", narrow)
    with pytest.raises(BatchTooLarge):
        outbox.bulk(ids)
    monkeypatch.setitem(app.config, "SETTINGS", narrow.model_copy(update={"max_batch_size": 3}))
    assert outbox.bulk(ids).count == 3


def test_a_refusal_is_recorded_whatever_becomes_of_the_callers_transaction(outbox: Outbox) -> None:
    with pytest.raises(BatchTooLarge), transaction():
        outbox.bulk(list(range(1, 27)))
    assert outbox.count(BulkEnvelope) == 1 and outbox.log() == ["bulk_refused"]
    with transaction(), pytest.raises(BatchTooLarge), transaction():
        outbox.bulk(list(range(1, 27)))
    assert outbox.count(BulkEnvelope) == 2
    with transaction(), pytest.raises(BatchTooLarge):
        outbox.bulk(list(range(1, 27)))
    assert outbox.count(BulkEnvelope) == 3 and outbox.log() == ["bulk_refused"] * 3


def test_the_same_envelope_twice_is_one_send(outbox: Outbox) -> None:
    ids, envelope_id = outbox.conversations(2), uuid4()
    first = outbox.bulk(ids, envelope_id=envelope_id)
    second = outbox.bulk(
        outbox.conversations(2), envelope_id=str(envelope_id), rendered_body="Something else."
    )
    assert first.id == second.id == envelope_id and second.body == "On its way."
    assert outbox.count(Delivery) == 2 and outbox.enqueued.names == ["drain"]


def test_the_same_envelope_refused_stays_refused(outbox: Outbox) -> None:
    envelope_id = uuid4()
    for ids in (list(range(1, 27)), [outbox.conversation()]):
        with pytest.raises(BatchTooLarge) as refusal:
            outbox.bulk(ids, envelope_id=envelope_id)
        assert refusal.value.envelope.id == envelope_id and refusal.value.count == 26
    assert outbox.count(Delivery) == 0 and outbox.log() == ["bulk_refused"]


def test_an_id_that_is_none_is_refused(outbox: Outbox) -> None:
    with pytest.raises(errors.Invalid):
        outbox.bulk([outbox.conversation()], envelope_id="none")


def test_a_bulk_send_is_written_whole_or_not_at_all(outbox: Outbox) -> None:
    ids = outbox.conversations(3)
    outbox.tamper(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'integrity_constraint_violation'; END $$;"
        " CREATE TRIGGER refuse BEFORE INSERT ON deliveries FOR EACH ROW"
        f" WHEN (NEW.conversation_id = {ids[2]}) EXECUTE FUNCTION refuse()"
    )
    try:
        with pytest.raises(IntegrityError):
            outbox.bulk(ids)
        for model in (BulkEnvelope, Delivery, Message):
            assert outbox.count(model) == 0
        assert outbox.log() == [] and outbox.enqueued.jobs == []
    finally:
        outbox.tamper("DROP TRIGGER refuse ON deliveries; DROP FUNCTION refuse()")


def test_without_a_channel_nothing_is_written(app: Flask, outbox: Outbox) -> None:
    app.extensions["console_channel"] = None
    with pytest.raises(NoChannel):
        outbox.bulk(outbox.conversations(1))
    assert outbox.count(BulkEnvelope) == 0
    with pytest.raises(BatchTooLarge):
        outbox.bulk(list(range(1, 27)))


def test_a_bulk_send_is_announced(outbox: Outbox, ears: Ears) -> None:
    ids = outbox.conversations(2)
    ears.heard()
    envelope = outbox.bulk(ids)
    topics = {f"envelope:{envelope.id}", "envelopes", "inbox", *(f"conversation:{one}" for one in ids)}
    assert set(ears.heard()) == topics
