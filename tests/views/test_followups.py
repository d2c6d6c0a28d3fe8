"""One follow-up to one customer: seen before it is sent, now or later, and told in the timeline."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from console import conversations, outbound
from tests.conftest import Clock
from tests.outbound.desk import Outbox
from tests.views.conftest import As
from tests.views.forms import HTMX, Page, read, send


def shown(client: FlaskClient, conversation_id: int, template_id: int) -> Page:
    """The form with the letter."""
    return read(client, f"/conversations/{conversation_id}/followups/new?template_id={template_id}")


def sending(
    client: FlaskClient, conversation_id: int, outbox: Outbox, *, htmx: bool = False, **typed: str
) -> TestResponse:
    """Look at the letter and send it."""
    page = shown(client, conversation_id, outbox.template_id)
    form = page.form("/followups", template_id=str(outbox.template_id))
    return send(client, form, htmx=htmx, **typed)


def timeline(client: FlaskClient, conversation_id: int) -> str:
    return client.get(f"/conversations/{conversation_id}/timeline", headers=HTMX).text


def test_the_letter_is_shown_before_it_is_sent_and_sent_as_shown(as_: As, outbox: Outbox) -> None:
    client, number = as_("ben"), outbox.conversation("Sofia Marin")
    page = shown(client, number, outbox.template_id)
    for words in ("To Sofia Marin", "customer1@example.com", "Sofia, your parcel", "Send to Sofia Marin"):
        assert words in re.sub(r"\s+", " ", page.text), words
    answer = sending(client, number, outbox)
    assert (answer.status_code, answer.location) == (303, f"/conversations/{number}")
    assert outbox.bodies() == ["Dear Sofia Marin,\nit is on its way."]
    html = timeline(client, number)
    assert "“Lost pallet”, version 1, by you" in html and "To customer1@example.com." in html
    assert "Next in line." in html and f"/deliveries/{outbox.deliveries()[0].id}/cancellation" in html


def test_only_a_resolved_conversation_offers_it(as_: As, outbox: Outbox) -> None:
    client, number = as_("ben"), outbox.conversation()
    assert "Send a follow-up…" in client.get(f"/conversations/{number}").text
    page = shown(client, number, outbox.template_id)
    conversations.reopen(number, outbox.ben)
    assert "Send a follow-up…" not in client.get(f"/conversations/{number}").text
    answer = send(client, page.form("/followups", template_id=str(outbox.template_id)))
    assert (
        answer.status_code in (200, 409) and "Only resolved conversations can be written to." in answer.text
    )
    assert outbox.deliveries() == []


def test_later_it_leaves_at_the_time_that_was_chosen(as_: As, outbox: Outbox, clock: Clock) -> None:
    client, number = as_("ben"), outbox.conversation()
    at = (clock.moment + timedelta(days=2)).replace(second=0, microsecond=0)
    answer = sending(client, number, outbox, htmx=True, when="later", send_at=f"{at:%Y-%m-%dT%H:%M}")
    assert answer.status_code == 200 and "Planned: it leaves on" in answer.headers["HX-Trigger"]
    assert outbox.deliveries()[0].send_after == at
    html = timeline(client, number)
    assert ">Planned</span>" in html.replace("</svg>", "") or "Planned" in html
    assert f"Leaves on {at.day} {at:%B}" in html


@pytest.mark.parametrize(
    ("send_at", "words"),
    [
        ("", "Choose a day and a time."),
        ("soon", "Choose a day and a time."),
        ("2001-01-01T10:00", "from now on"),
        ("2999-01-01T10:00", "at most 90 days ahead"),
    ],
)
def test_a_moment_that_cannot_be_is_refused_at_its_field(
    as_: As, outbox: Outbox, send_at: str, words: str
) -> None:
    client, number = as_("ben"), outbox.conversation()
    for htmx in (False, True):
        answer = sending(client, number, outbox, htmx=htmx, when="later", send_at=send_at)
        assert answer.status_code == 422 and words in answer.text and 'value="later" checked' in answer.text
    assert outbox.deliveries() == []


def test_a_planned_one_is_cancelled_before_it_is_due(as_: As, outbox: Outbox) -> None:
    client, number = as_("ben"), outbox.conversation()
    outbox.trigger(number, schedule_in=3600)
    [delivery] = outbox.deliveries()
    form = read(client, f"/conversations/{number}").form(f"/deliveries/{delivery.id}/cancellation")
    answer = send(client, form)
    assert answer.location == f"/conversations/{number}#message-{delivery.message_id}"
    assert "before it left." in timeline(client, number)


def test_the_same_one_again_is_told_first_and_sent_on_purpose_only(as_: As, outbox: Outbox) -> None:
    client, number = as_("ben"), outbox.conversation()
    outbox.trigger(number, actor=outbox.cleo)
    [first] = outbox.deliveries()
    page = shown(client, number, outbox.template_id)
    assert "The same one is planned already, by Cleo" in page.text and "Send it again" not in page.text
    sent = "UPDATE deliveries SET state = 'sent', reference = 'r' WHERE id = :id"
    outbox.tamper(sent, id=first.id)
    page = shown(client, number, outbox.template_id)
    assert "The same one was already sent" in page.text and "by Cleo" in page.text
    form = page.form("/followups", template_id=str(outbox.template_id))
    told = send(client, form, htmx=True)
    assert told.status_code == 409 and "already sent" in told.text and len(outbox.deliveries()) == 1
    assert send(client, form, again="yes").status_code == 303
    assert [one.repeats_id for one in outbox.deliveries()] == [None, first.id]
    assert "It was sent again." in timeline(client, number)


def test_what_changed_since_it_was_looked_at_is_shown_again(as_: As, outbox: Outbox) -> None:
    client, number = as_("ben"), outbox.conversation()
    form = shown(client, number, outbox.template_id).form("/followups", template_id=str(outbox.template_id))
    outbound.change_template(outbox.template_id, outbox.ada, name="Lost pallet", subject="Hi", body="Other")
    answer = send(client, form, htmx=True)
    assert answer.status_code == 409 and "nothing was sent" in answer.text and "Other" in answer.text
    assert outbox.deliveries() == []


def test_who_cannot_be_reached_is_told_and_offered_no_button(as_: As, outbox: Outbox) -> None:
    client, number = as_("ben"), outbox.conversation(email=None)
    page = shown(client, number, outbox.template_id)
    assert "No address of this customer is known." in page.text and "Send to" not in page.text


def test_trouble_is_told_in_the_timeline_with_its_next_steps(as_: As, outbox: Outbox) -> None:
    client, number = as_("ben"), outbox.conversation()
    outbox.trigger(number)
    [delivery] = outbox.deliveries()
    for state, steps in (("failed", ("Try again",)), ("uncertain", ("Mark as sent", "Send again"))):
        trouble = "UPDATE deliveries SET state = :state, reason = 'The mailbox is full.' WHERE id = :id"
        outbox.tamper(trouble, state=state, id=delivery.id)
        html = timeline(client, number)
        assert "The mailbox is full." in html and all(step in html for step in steps)
        row = client.get("/inbox?view=resolved").text
        assert "Follow-up" in row and f'chip__state">{state}<' in row
    assert client.get("/inbox?view=resolved", headers=HTMX).status_code == 200


def test_one_of_a_bulk_send_leads_to_it(as_: As, outbox: Outbox) -> None:
    envelope = outbox.submitted(1)
    [delivery] = outbox.deliveries()
    html = timeline(as_("ben"), delivery.conversation_id)
    assert f'href="/bulk/{envelope.id}"' in html and "Part of a bulk send" in html


def test_a_followup_costs_the_conversation_no_further_query(
    as_: As, outbox: Outbox, statements: list[str]
) -> None:
    client, number = as_("ben"), outbox.conversation()
    statements.clear()
    client.get(f"/conversations/{number}")
    without = len(statements)
    outbox.trigger(number)
    statements.clear()
    client.get(f"/conversations/{number}")
    assert len(statements) == without


def test_a_conversation_that_is_not_there_is_a_sentence(as_: As, outbox: Outbox) -> None:
    assert "does not exist" in read(as_("ben"), "/conversations/4711/followups/new", 404).text
