"""From a selection to a bulk send, as a browser without JavaScript walks it, and what an open page is answered."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient

from console import conversations, outbound
from console.models import BulkEnvelope, Delivery
from tests.conftest import Clock
from tests.outbound.desk import Outbox
from tests.views.conftest import As
from tests.views.forms import HTMX, Form, read, send


def previewed(client: FlaskClient, ids: list[int], template_id: int) -> str:
    """Make a preview; its address."""
    form = read(client, "/inbox?view=resolved").form("/bulk/preview")
    answer = send(client, form, conversation_ids=",".join(map(str, ids)), template_id=str(template_id))
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def confirming(client: FlaskClient, address: str) -> Form:
    return read(client, address).form("/bulk")


def test_without_javascript_a_selection_becomes_a_send(as_: As, outbox: Outbox) -> None:
    client, ids = as_("ben"), outbox.conversations(2)
    form = read(client, "/inbox?view=resolved").form("/bulk/preview")
    chosen = send(client, form, conversation_ids=[str(one) for one in ids])
    assert chosen.status_code == 303 and str(chosen.location).startswith("/bulk/new?conversation_ids=")
    choice = read(client, str(chosen.location))
    assert "2 conversations are selected" in choice.text and "Lost pallet" in choice.text
    form = choice.form("/bulk/preview")
    shown = send(client, form, template_id=str(outbox.template_id))
    assert shown.status_code == 303
    page = read(client, str(shown.location))
    assert "Write to 2 customers" in page.text and "nobody is left out" in page.text
    assert "Nothing leaves for 10 seconds after you press." in page.text
    sent = send(client, page.form("/bulk"))
    assert sent.status_code == 303 and len(outbox.deliveries()) == 2
    assert "2 messages leave in" in read(client, str(sent.location)).text


def test_the_preview_shows_what_arrives_and_marks_what_differs(as_: As, outbox: Outbox) -> None:
    ids = [
        outbox.conversation(name) for name in ("Sofia Marin", "Kwame <b>Boateng</b>", "Elin Strand", "Otto")
    ]
    html = as_("ben").get(previewed(as_("ben"), ids, outbox.template_id)).text
    assert html.count('<article class="letter"') == 3 and "three of 4, underlined words differ" in html
    assert '<mark class="merge">Otto</mark>, your parcel' in html
    assert "Kwame &lt;b&gt;Boateng" in html and "<b>Boateng" not in html
    assert "+1 more" not in html and html.count("send__person") == 4


def test_who_is_left_out_is_named_with_the_reason(as_: As, outbox: Outbox) -> None:
    ids = [outbox.conversation("Ann"), outbox.conversation("Bob", status="open")]
    ids.append(outbox.conversation("Eve", email=None))
    text = read(as_("ben"), previewed(as_("ben"), ids, outbox.template_id)).text
    assert "Write to 1 customer" in text and "You selected 3, two are left out." in text
    assert "2 left out" in text and "Only resolved conversations can be written to." in text
    assert "No address of this customer is known." in text


def test_when_nobody_can_be_written_to_there_is_nothing_to_confirm(as_: As, outbox: Outbox) -> None:
    address = previewed(as_("ben"), [outbox.conversation(status="open")], outbox.template_id)
    html = as_("ben").get(address).text
    assert "Nobody can be written to" in html and 'type="submit" disabled>Send to 0 customers' in html


def test_over_the_cap_the_refusal_names_count_limit_and_a_way_out(
    as_: As, outbox: Outbox, cap: Callable[[int], None]
) -> None:
    cap(3)
    client = as_("ben")
    address = previewed(client, outbox.conversations(5), outbox.template_id)
    html = client.get(address).text
    for words in (
        "5 is two more than one send may hold",
        "The limit is 3 so that a mistake stays small.",
        "Deselect two, or send in two halves.",
        "Narrow the selection",
        'type="submit" disabled>Send to 5 customers',
    ):
        assert words in html, words
    assert send(client, confirming(client, address)).status_code == 400
    assert outbox.count(Delivery) == 0


def test_a_cap_that_was_lowered_after_the_preview_is_recorded_and_shown(
    as_: As, outbox: Outbox, cap: Callable[[int], None]
) -> None:
    client = as_("ben")
    form = confirming(client, previewed(client, outbox.conversations(5), outbox.template_id))
    cap(3)
    answer = send(client, form)
    assert answer.status_code == 303
    text = read(client, str(answer.location)).text
    assert "5 is two more than one send may hold" in text and "Refused attempts are kept" in text
    assert outbox.count(Delivery) == 0


def test_a_forged_or_altered_confirmation_is_refused_where_it_was_pressed(as_: As, outbox: Outbox) -> None:
    client = as_("ben")
    form = confirming(client, previewed(client, outbox.conversations(2), outbox.template_id))
    for token in ("", "nonsense", form.values["token"][:-2] + "xx"):
        for htmx in (False, True):
            answer = send(client, form, htmx=htmx, token=token)
            assert answer.status_code == 400 and "nothing was sent" in answer.text
            assert 'id="send"' in answer.text and ("<html" in answer.text) is not htmx
    assert outbox.count(BulkEnvelope) == 0


def test_an_outdated_preview_is_refused_with_a_way_to_look_again(
    as_: As, outbox: Outbox, clock: Clock
) -> None:
    client, ids = as_("ben"), outbox.conversations(2)
    address = previewed(client, ids, outbox.template_id)
    form = confirming(client, address)
    clock.advance(minutes=16)
    answer = send(client, form)
    assert answer.status_code == 409 and "too old to be confirmed" in answer.text
    anew = send(client, read(client, address).form("/bulk/preview", template_id=str(outbox.template_id)))
    assert anew.status_code == 303 and anew.location != address
    assert "Write to 2 customers" in read(client, str(anew.location)).text


def test_a_confirmation_twice_is_one_send(as_: As, outbox: Outbox) -> None:
    client = as_("ben")
    address = previewed(client, outbox.conversations(2), outbox.template_id)
    form = confirming(client, address)
    first, second = send(client, form), send(client, form, htmx=True)
    assert second.headers["HX-Redirect"] == first.location and len(outbox.deliveries()) == 2
    assert client.get(address).location == first.location


def test_one_that_was_reopened_meanwhile_is_listed_on_the_send(as_: As, outbox: Outbox) -> None:
    client, ids = as_("ben"), outbox.conversations(2)
    form = confirming(client, previewed(client, ids, outbox.template_id))
    conversations.reopen(ids[0], outbox.ben)
    text = read(client, str(send(client, form).location)).text
    assert "1 message leaves in" in text and "1 left out" in text and "Not resolved, or open again." in text


def test_a_preview_is_its_makers_alone(as_: As, outbox: Outbox) -> None:
    address = previewed(as_("ben"), outbox.conversations(2), outbox.template_id)
    assert read(as_("cleo"), address, 404)
    form = confirming(as_("ben"), address)
    other = as_("cleo")
    csrf = read(other, "/inbox").form("/bulk/preview").values["csrf_token"]
    answer = send(other, form, csrf_token=csrf)
    assert answer.status_code == 403 and "Someone else made this preview" in answer.text
    for path in (f"/bulk/preview/{uuid4()}", "/bulk/preview/nonsense"):
        assert other.get(path).status_code == 404


def test_all_names_are_a_page_at_a_time(as_: As, outbox: Outbox, cap: Callable[[int], None]) -> None:
    cap(100)
    client, ids = as_("ben"), outbox.conversations(60)
    address = previewed(client, ids, outbox.template_id)
    html = client.get(address).text
    assert "+55 more" in html and html.count("send__person") == 5
    first = client.get(f"{address.partition('?')[0]}/recipients", headers=HTMX).text
    second = client.get(f"{address.partition('?')[0]}/recipients?after=50", headers=HTMX).text
    assert "after=50" in first and "More names" not in second
    assert first.count("send__person") + second.count("send__person") == 55
    assert "<html" in client.get(f"{address.partition('?')[0]}/recipients").text


def test_a_long_selection_is_asked_about_without_an_address(as_: As, outbox: Outbox) -> None:
    client = as_("ben")
    form = read(client, "/inbox").form("/bulk/preview")
    answer = send(client, form, conversation_ids=",".join(str(10**9 + n) for n in range(400)))
    assert answer.status_code == 200 and "400 conversations are selected" in answer.text


def test_nothing_selected_and_no_channel_are_said_before_a_template_is_chosen(
    as_: As, outbox: Outbox, app: Flask
) -> None:
    client = as_("ben")
    form = read(client, "/inbox").form("/bulk/preview")
    assert client.get("/bulk/new").status_code == 422
    app.extensions["console_channel"] = None
    answer = client.get("/bulk/new?conversation_ids=1")
    assert "no channel yet" in answer.text and "disabled>Preview" in answer.text
    assert send(client, form, conversation_ids="1", template_id=str(outbox.template_id)).status_code == 409


def test_the_way_back_stays_in_the_console(as_: As, outbox: Outbox) -> None:
    client = as_("ben")
    address = previewed(client, outbox.conversations(1), outbox.template_id)
    assert 'href="/inbox?view=resolved" data-key="Escape"' in client.get(address).text
    elsewhere = address.partition("?")[0] + "?back=//evil.example/"
    assert "evil.example" not in client.get(elsewhere).text


def test_a_confirmed_preview_is_what_was_shown(as_: As, outbox: Outbox) -> None:
    client, ids = as_("ben"), outbox.conversations(2)
    address = previewed(client, ids, outbox.template_id)
    form = confirming(client, address)
    outbound.change_template(outbox.template_id, outbox.ada, name="Lost pallet", subject="New", body="New")
    answer = send(client, form, htmx=True)
    assert answer.status_code == 409 and "was changed after this preview" in answer.text
    assert UUID(form.values["envelope_id"]) and outbox.count(BulkEnvelope) == 0


def test_an_attempt_over_the_cap_can_be_narrowed_and_is_listed_as_refused(as_: As, outbox: Outbox) -> None:
    client = as_("ben")
    address = previewed(client, list(range(1, 32)), outbox.template_id)
    page = client.get(address).text
    assert "31 is six more than one send may hold" in page and "Narrow the selection" in page
    (envelope,) = outbound.list_envelopes()
    assert f'href="/bulk/{envelope.id}"' in page
    assert ">Refused</span>" in client.get("/bulk").text
    assert as_("ada").get(address).location == f"/bulk/{envelope.id}"
