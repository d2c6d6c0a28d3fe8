"""The preview: who receives it, who does not and why, and the words exactly as they will arrive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from console import errors, outbound
from console.channels import NoChannel
from console.db import now
from console.models import BulkEnvelope, BulkPreview, Delivery
from console.outbound import BatchTooLarge, NotFound, NothingSelected, Segment, TemplateGone
from console.outbound.recovery import prune_previews
from tests.conftest import Clock
from tests.desk import Ears
from tests.outbound.desk import Outbox


def test_a_preview_says_who_receives_it_and_who_does_not_and_why(outbox: Outbox) -> None:
    ids = [outbox.conversation("Ann"), outbox.conversation("Bob", status="open"), 4711]
    shown = outbox.preview([*ids, ids[0]])
    assert (shown.selected, list(shown.eligible_ids), shown.cap, shown.over) == (3, [ids[0]], 25, 0)
    assert [(one.conversation_id, one.customer) for one in shown.left_out] == [(ids[1], "Bob"), (4711, "")]
    assert "resolved" in shown.left_out[0].reason and "does not exist" in shown.left_out[1].reason
    assert (shown.version, shown.template.template.name, shown.created_by) == (1, "Lost pallet", outbox.ben)
    assert shown.token and outbox.count(Delivery) == 0 and outbox.log() == []


def test_the_first_five_by_latest_activity_and_three_samples_word_for_word(outbox: Outbox) -> None:
    ids = [
        outbox.conversation(f"Customer {number}", last_message_at=now() - timedelta(hours=number))
        for number in range(7)
    ]
    shown = outbox.preview(ids[::-1])
    assert [one.customer for one in shown.first] == [f"Customer {number}" for number in range(5)]
    assert shown.more == 2 and len(shown.samples) == 3
    sample = shown.samples[0]
    assert (sample.customer, sample.address) == ("Customer 0", "customer1@example.com")
    assert sample.subject == [Segment("Customer", True), Segment(", your parcel", False)]
    assert sample.body == [
        Segment("Dear ", False), Segment("Customer 0", True), Segment(",\nit is on its way.", False)
    ]  # fmt: skip


def test_samples_are_what_arrives(outbox: Outbox) -> None:
    template = outbox.template(
        "Everything",
        "{{customer.first_name}} {{ conversation.id }}",
        "{{ customer.name }} <{{ customer.email }}>{# hidden #}\n"
        "{{ conversation.subject }} & \n\n{{ operator.name }}\n",
    )
    shown = outbox.preview([outbox.conversation("Zoë & Söhne")], template_id=template.template_id)
    envelope = outbox.confirm(shown)
    (sample,) = shown.samples
    words = "".join(piece.text for piece in sample.body)
    assert outbox.bodies() == [words]
    assert words == "Zoë & Söhne <customer1@example.com>\nWhere is it? & \n\nBen Weiss"
    assert outbox.deliveries(envelope_id=envelope.id)[0].subject == "".join(
        one.text for one in sample.subject
    )


@pytest.mark.parametrize(
    "name", ["{{ 7*7 }}", "{{ customer.email }}", "{% raw %}", "{#", "<script>alert(1)</script>", "%(x)s {0}"]
)
def test_what_a_customer_is_called_stays_text(outbox: Outbox, name: str) -> None:
    outbox.confirm(outbox.preview([outbox.conversation(name)]))
    assert outbox.bodies() == [f"Dear {name},\nit is on its way."]


@pytest.mark.parametrize("gap", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028", "\x1b", "\t  "])
def test_a_name_can_add_no_line_to_a_message_or_a_header(outbox: Outbox, gap: str) -> None:
    template = outbox.template("Whole", "For {{ customer.name }}", "Dear {{ customer.name }},\nhello.")
    outbox.confirm(
        outbox.preview(
            [outbox.conversation(f"Riya{gap}Bcc: all@example.com")], template_id=template.template_id
        )
    )
    assert outbox.deliveries()[0].subject == "For Riya Bcc: all@example.com"
    assert outbox.bodies() == ["Dear Riya Bcc: all@example.com,\nhello."]


def test_who_lacks_a_value_is_left_out_and_listed(outbox: Outbox) -> None:
    template = outbox.template("Subject", "Re: {{ conversation.subject }}", "Dear {{ customer.name }}")
    ids = [outbox.conversation(subject=" "), outbox.conversation("\u00a0"), outbox.conversation()]
    shown = outbox.preview(ids, template_id=template.template_id)
    assert list(shown.eligible_ids) == [ids[2]]
    assert [one.reason for one in shown.left_out] == [
        "There is nothing to put in for the subject of the conversation.",
        "There is nothing to put in for the customer's name.",
    ]


def test_over_the_cap_there_is_nothing_to_confirm_and_the_selection_stays(outbox: Outbox) -> None:
    shown = outbox.preview(list(range(1, 32)))
    assert (shown.selected, shown.over, shown.cap, shown.token) == (31, 6, 25, "")
    assert outbound.get_preview(shown.envelope_id, outbox.ben).conversation_ids == list(range(1, 32))


def test_an_attempt_over_the_cap_is_kept_as_a_refused_envelope_in_the_trail_and_announced(
    outbox: Outbox, ears: Ears
) -> None:
    shown = outbox.preview(list(range(1, 32)))
    (envelope,) = outbound.list_envelopes(status="refused_cap_exceeded")
    assert (envelope.id, envelope.count, envelope.cap) == (shown.envelope_id, 31, 25)
    assert envelope.created_by == outbox.ben and "25" in envelope.reason
    assert outbox.log() == ["bulk_refused"] and ears.heard() == ["envelopes"]
    with pytest.raises(BatchTooLarge):
        outbox.bulk(list(range(1, 32)), envelope_id=shown.envelope_id)
    assert outbox.count(BulkEnvelope) == 1


def test_a_preview_within_the_cap_leaves_no_envelope(outbox: Outbox) -> None:
    outbox.preview(outbox.conversations(25))
    assert outbox.count(BulkEnvelope) == 0 and outbox.log() == []


def test_a_preview_over_the_cap_stays_one_for_whoever_made_it(outbox: Outbox) -> None:
    shown = outbox.preview(list(range(1, 32)))
    again = outbound.open_preview(shown.envelope_id, outbox.ben)
    assert again is not None and again.over == 6
    assert outbound.open_preview(shown.envelope_id, outbox.ada) is None
    sent = outbox.preview(outbox.conversations(2))
    outbox.confirm(sent)
    assert outbound.open_preview(sent.envelope_id, outbox.ben) is None


def test_when_nobody_can_be_written_to_there_is_nothing_to_confirm(outbox: Outbox) -> None:
    assert outbox.preview([outbox.conversation(status="open")]).token == ""


def test_a_preview_can_be_read_again_by_whoever_made_it_alone(outbox: Outbox) -> None:
    shown = outbox.preview(outbox.conversations(2))
    outbound.change_template(outbox.template_id, outbox.ada, name="Other", subject="S", body="B")
    again = outbound.get_preview(str(shown.envelope_id), outbox.ben)
    assert again == shown or (again.token, again.samples, again.version) == (shown.token, shown.samples, 1)
    for wanted, actor in ((shown.envelope_id, outbox.ada), ("none", outbox.ben)):
        with pytest.raises(NotFound):
            outbound.get_preview(wanted, actor)


@pytest.mark.parametrize(
    ("ids", "refusal"), [([], NothingSelected), ([0], errors.Invalid), (["x"], errors.Invalid)]
)
def test_a_selection_that_is_none_is_refused(
    outbox: Outbox, ids: list[Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        outbox.preview(ids)
    assert outbox.count(BulkPreview) == 0


def test_a_template_that_is_not_offered_a_stranger_and_a_missing_channel_are_refused(
    app: Flask, outbox: Outbox
) -> None:
    one = outbox.conversation()
    with pytest.raises(NotFound):
        outbox.preview([one], template_id=4711)
    with pytest.raises(errors.Forbidden):
        outbox.preview([one], actor="agent:iris")
    outbound.archive_template(outbox.template_id, outbox.ada)
    with pytest.raises(TemplateGone):
        outbox.preview([one])
    outbound.restore_template(outbox.template_id, outbox.ada)
    app.extensions["console_channel"] = None
    with pytest.raises(NoChannel):
        outbox.preview([one])


def test_old_previews_are_forgotten(outbox: Outbox, clock: Clock) -> None:
    outbox.preview([outbox.conversation()])
    clock.advance(days=1)
    assert prune_previews() == 0
    clock.advance(minutes=16)
    assert prune_previews() == 1 and outbox.count(BulkPreview) == 0
