"""The confirmation: exactly what was shown, to exactly those who still may get it, once, or a clear refusal."""

from __future__ import annotations

import pytest
from flask import Flask

from console import conversations, errors, outbound
from console.models import BulkEnvelope, Delivery
from console.outbound import BatchTooLarge, PreviewForged, PreviewNotYours, PreviewOutdated, TemplateGone
from tests.conftest import Clock
from tests.outbound.desk import Outbox


def test_what_was_shown_is_what_is_sent(outbox: Outbox) -> None:
    shown = outbox.preview([*outbox.conversations(2), outbox.conversation(status="open")])
    envelope = outbox.confirm(shown)
    assert envelope.id == shown.envelope_id and (envelope.count, len(envelope.left_out)) == (2, 1)
    assert envelope.body == shown.body and envelope.conversation_ids == shown.conversation_ids
    assert outbox.bodies() == [f"Dear Customer {number},\nit is on its way." for number in (1, 2)]
    assert outbox.log() == ["bulk_submitted"] and outbox.enqueued.names == ["drain"]


def test_a_token_that_comes_twice_is_one_send(outbox: Outbox, clock: Clock) -> None:
    shown = outbox.preview(outbox.conversations(2))
    first = outbox.confirm(shown)
    clock.advance(days=2)
    assert outbox.confirm(shown).id == first.id
    assert outbox.count(Delivery) == 2 and outbox.count(BulkEnvelope) == 1


def test_only_whoever_made_the_preview_confirms_it(outbox: Outbox) -> None:
    shown = outbox.preview(outbox.conversations(1))
    with pytest.raises(PreviewNotYours):
        outbox.confirm(shown, outbox.ada)
    for stranger in ("agent:iris", "system"):
        with pytest.raises(errors.Forbidden):
            outbox.confirm(shown, stranger)
    assert outbox.count(Delivery) == 0


def altered(token: str) -> list[str]:
    head, _, signature = token.rpartition(".")
    return [
        "",
        "x",
        "a.b",
        "é",
        token[:-1],
        token + "x",
        f"{head}x.{signature}",
        f"{head}.{signature[::-1]}",
        "\x00",
    ]


def test_a_forged_or_altered_token_sends_nothing(app: Flask, outbox: Outbox) -> None:
    shown = outbox.preview(outbox.conversations(1))
    for token in altered(shown.token):
        with pytest.raises(PreviewForged):
            outbound.confirm(token, outbox.ben)
    secret, app.secret_key = app.secret_key, "another one"
    with pytest.raises(PreviewForged):
        outbox.confirm(shown)
    app.secret_key = secret
    assert outbox.count(BulkEnvelope) == 0 and outbox.confirm(shown).count == 1


@pytest.mark.parametrize(
    "change",
    [
        "body = 'Buy now'",
        "subject = 'Buy now'",
        "eligible_ids = eligible_ids || 1::bigint, fingerprints = fingerprints || 'x'::text",
        "fingerprints = ARRAY['x']",
    ],
)
def test_a_preview_that_was_changed_behind_its_token_sends_nothing(outbox: Outbox, change: str) -> None:
    shown = outbox.preview(outbox.conversations(1))
    outbox.tamper(f"UPDATE bulk_previews SET {change}")
    with pytest.raises(PreviewForged):
        outbox.confirm(shown)
    assert outbox.count(BulkEnvelope) == 0


def test_an_old_preview_sends_nothing(outbox: Outbox, clock: Clock) -> None:
    shown = outbox.preview(outbox.conversations(1))
    clock.advance(minutes=15)
    with pytest.raises(PreviewOutdated, match="too old"):
        outbox.confirm(shown)
    outbox.tamper("DELETE FROM bulk_previews")
    clock.advance(minutes=-1)
    with pytest.raises(PreviewOutdated):
        outbox.confirm(shown)
    assert outbox.count(BulkEnvelope) == 0


def test_a_changed_or_archived_template_makes_the_preview_outdated(outbox: Outbox) -> None:
    shown = outbox.preview(outbox.conversations(1))
    outbound.change_template(outbox.template_id, outbox.ada, name="Lost pallet", subject="S", body="Other")
    with pytest.raises(PreviewOutdated, match="version 2"):
        outbox.confirm(shown)
    outbound.archive_template(outbox.template_id, outbox.ada)
    with pytest.raises(TemplateGone):
        outbox.confirm(shown)
    assert outbox.count(BulkEnvelope) == 0


def test_a_change_of_the_template_after_the_confirmation_changes_nothing(outbox: Outbox) -> None:
    envelope = outbox.submitted(1)
    before = envelope.body
    outbound.change_template(outbox.template_id, outbox.ada, name="Lost pallet", subject="S", body="Other")
    found = outbound.get_envelope(envelope.id)
    assert found is not None and (found.body, found.template_version) == (before, 1)
    assert outbox.bodies() == ["Dear Customer 1,\nit is on its way."]


def test_who_was_reopened_since_drops_out_and_is_listed(outbox: Outbox) -> None:
    ids = outbox.conversations(3)
    shown = outbox.preview(ids)
    conversations.reopen(ids[1], outbox.ada)
    envelope = outbox.confirm(shown)
    assert envelope.count == 2
    assert [(one["conversation_id"], one["customer"]) for one in envelope.left_out] == [
        (ids[1], "Customer 2")
    ]
    assert "open again" in envelope.left_out[0]["reason"]


@pytest.mark.parametrize(
    "change", ["name = 'Somebody Else'", "email = 'other@example.com'", "email = NULL", "name = ''"]
)
def test_whose_message_would_now_differ_drops_out_instead_of_getting_other_words(
    outbox: Outbox, change: str
) -> None:
    ids = outbox.conversations(2)
    shown = outbox.preview(ids)
    outbox.tamper(f"UPDATE customers SET {change} WHERE name = 'Customer 1'")
    envelope = outbox.confirm(shown)
    assert envelope.count == 1 and outbox.bodies() == ["Dear Customer 2,\nit is on its way."]
    assert [one["conversation_id"] for one in envelope.left_out] == [ids[0]]


def test_a_new_name_of_the_sender_leaves_nobody_with_other_words(outbox: Outbox) -> None:
    template = outbox.template("Signed", "S", "Yours, {{ operator.name }}")
    shown = outbox.preview([outbox.conversation()], template_id=template.template_id)
    outbox.tamper("UPDATE operators SET name = 'Benjamin' WHERE name = 'Ben Weiss'")
    assert outbox.confirm(shown).count == 0 and outbox.bodies() == []


def test_a_conversation_that_is_gone_drops_out(outbox: Outbox) -> None:
    ids = outbox.conversations(2)
    shown = outbox.preview(ids)
    outbox.tamper(f"DELETE FROM conversations WHERE id = {ids[0]}")
    envelope = outbox.confirm(shown)
    assert envelope.count == 1 and "does not exist" in envelope.left_out[0]["reason"]


def test_a_cap_that_was_lowered_meanwhile_refuses_and_is_recorded(
    app: Flask, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = outbox.preview(outbox.conversations(3))
    narrow = app.config["SETTINGS"].model_copy(update={"max_batch_size": 2})
    monkeypatch.setitem(app.config, "SETTINGS", narrow)
    for _ in range(2):
        with pytest.raises(BatchTooLarge) as refusal:
            outbox.confirm(shown)
        assert refusal.value.envelope.id == shown.envelope_id and refusal.value.cap == 2
    assert outbox.count(Delivery) == 0 and outbox.log() == ["bulk_refused"]


def test_whoever_was_deactivated_confirms_nothing(outbox: Outbox) -> None:
    shown = outbox.preview(outbox.conversations(1))
    outbox.tamper("UPDATE operators SET active = false WHERE name = 'Ben Weiss'")
    with pytest.raises(errors.Forbidden):
        outbox.confirm(shown)
