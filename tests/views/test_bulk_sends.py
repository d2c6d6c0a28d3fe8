"""Bulk sends on their pages: how they stand, what stops them, what tries them again, and the list of all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from console.models import BulkEnvelope
from console.outbound import BatchTooLarge
from tests.conftest import Clock
from tests.outbound.desk import Outbox
from tests.views.conftest import As
from tests.views.forms import HTMX, read, send


def become(outbox: Outbox, *states: str) -> None:
    """Put deliveries into states, in the order in which they were written, behind everybody's back."""
    for delivery, state in zip(outbox.deliveries(), states, strict=False):
        outbox.tamper(
            "UPDATE deliveries SET state = :state, claim_id = 1, reason = :reason, attempts = 1 WHERE id = :id",
            state=state,
            reason="The mailbox is full." if state in ("failed", "uncertain") else None,
            id=delivery.id,
        )


def press(client: FlaskClient, address: str, action: str, *, htmx: bool = False) -> TestResponse:
    """Press a button that leads to `action`; whether the page shows it just now is another question."""
    form = read(client, address).form("/logout")
    form.action = action
    return send(client, form, htmx=htmx)


def page(envelope: BulkEnvelope) -> str:
    return f"/bulk/{envelope.id}"


def test_in_the_undo_window_all_of_it_can_be_undone(as_: As, outbox: Outbox) -> None:
    envelope, client = outbox.submitted(3), as_("ben")
    html = client.get(page(envelope)).text
    assert "3 messages leave in" in html and 'data-key="u"' in html and "data-ends=" in html
    answer = press(client, page(envelope), f"{page(envelope)}/undo")
    assert answer.status_code == 303
    text = read(client, page(envelope)).text
    assert "Undone: 3 messages were stopped before leaving." in text
    assert "Undone, all 3 were stopped in time" in text and "Preview it again" in text
    assert {str(one.state) for one in outbox.deliveries()} == {"cancelled"}


def test_an_undo_on_the_open_page_answers_with_the_page_as_it_then_is(as_: As, outbox: Outbox) -> None:
    envelope, client = outbox.submitted(2), as_("cleo")
    answer = press(client, page(envelope), f"{page(envelope)}/undo", htmx=True)
    assert answer.text.lstrip().startswith('<div id="envelope"')
    assert "2 messages were stopped" in json.loads(answer.headers["HX-Trigger"])["console:toast"]


def test_what_was_undone_can_be_previewed_again(as_: As, outbox: Outbox) -> None:
    envelope, client = outbox.submitted(2), as_("ben")
    press(client, page(envelope), f"{page(envelope)}/undo")
    answer = send(client, read(client, page(envelope)).form("/bulk/preview"))
    assert "Write to 2 customers" in read(client, str(answer.location)).text


def test_too_late_an_undo_says_so(as_: As, outbox: Outbox, clock: Clock) -> None:
    envelope, client = outbox.submitted(2), as_("ben")
    clock.advance(seconds=11)
    assert "Undo, send none" not in client.get(page(envelope)).text
    answer = press(client, page(envelope), f"{page(envelope)}/undo", htmx=True)
    assert answer.status_code == 409 and "The time to undo is over." in answer.text


def test_under_way_it_says_how_it_stands_and_the_rest_can_be_stopped(
    as_: As, outbox: Outbox, clock: Clock
) -> None:
    envelope, client = outbox.submitted(5), as_("ben")
    clock.advance(seconds=11)
    become(outbox, "sent", "failed", "uncertain")
    html = client.get(page(envelope)).text
    for words in (
        "1 of 5 sent, two need you",
        'aria-label="1 sent, 2 waiting, 1 failed, 1 uncertain"',
        "Cancel the 2 still waiting",
        "Try the failed one again",
        "The mailbox is full.",
        "Mark as sent",
    ):
        assert words in html, words
    order = re.findall(r"chip--(\w+)", html.partition("<table")[2])
    assert order == ["unsure", "bad", "wait", "wait", "good"]
    press(client, page(envelope), f"{page(envelope)}/cancellation")
    text = read(client, page(envelope)).text
    assert "2 messages were stopped before leaving." in text
    assert "1 of 5 sent, two stopped, two need you" in text


def test_what_failed_is_tried_again(as_: As, outbox: Outbox, clock: Clock) -> None:
    envelope, client = outbox.submitted(3), as_("ben")
    clock.advance(seconds=11)
    become(outbox, "failed", "failed", "sent")
    assert "Try the 2 that failed again" in client.get(page(envelope)).text
    press(client, page(envelope), f"{page(envelope)}/retry")
    assert "2 messages are tried again." in client.get(page(envelope)).text
    assert [str(one.state) for one in outbox.deliveries()] == ["pending", "pending", "sent"]


@pytest.mark.parametrize(
    ("state", "action", "after", "words"),
    [
        ("pending", "cancellation", "cancelled", "Cancelled: it will not be sent."),
        ("failed", "retry", "pending", "It is tried again now."),
        ("uncertain", "sent", "sent", "Marked as sent."),
        ("uncertain", "repeat", "uncertain", "It is sent again."),
    ],
)
def test_one_delivery_is_settled_by_a_person(
    as_: As, outbox: Outbox, clock: Clock, state: str, action: str, after: str, words: str
) -> None:
    envelope, client = outbox.submitted(1), as_("ben")
    clock.advance(seconds=11)
    become(outbox, state)
    delivery = outbox.deliveries()[0]
    address = f"/deliveries/{delivery.id}/{action}"
    answer = press(client, page(envelope), address)
    assert str(answer.location).startswith(f"{page(envelope)}#delivery-")
    assert str(outbox.deliveries()[0].state) == after
    assert words in client.get(page(envelope)).text


def test_one_that_moved_on_is_refused_with_a_sentence(as_: As, outbox: Outbox, clock: Clock) -> None:
    envelope, client = outbox.submitted(1), as_("ben")
    clock.advance(seconds=11)
    become(outbox, "sent")
    delivery = outbox.deliveries()[0]
    for action in ("cancellation", "retry"):
        answer = press(client, page(envelope), f"/deliveries/{delivery.id}/{action}", htmx=True)
        assert answer.status_code in (200, 409), action
    assert press(client, page(envelope), "/deliveries/4711/sent", htmx=True).status_code == 404


def test_what_was_sent_again_asks_for_nothing_more(as_: As, outbox: Outbox, clock: Clock) -> None:
    envelope, client = outbox.submitted(1), as_("ben")
    clock.advance(seconds=11)
    become(outbox, "uncertain")
    press(client, page(envelope), f"/deliveries/{outbox.deliveries()[0].id}/repeat")
    html = client.get(page(envelope)).text
    assert "The mailbox is full. It was sent again." in html and "Mark as sent" not in html


def test_recipients_are_a_page_at_a_time_and_by_state(
    as_: As, outbox: Outbox, cap: Callable[[int], None], clock: Clock
) -> None:
    cap(100)
    envelope, client = outbox.submitted(60), as_("ben")
    clock.advance(seconds=11)
    become(outbox, "failed", "sent", "sent")
    first = client.get(page(envelope)).text
    following = re.search(r'href="(/bulk/[^"]+)" rel="next"', first)
    assert first.count('<tr id="delivery-') == 50 and following
    second = client.get(following[1].replace("&amp;", "&")).text
    assert second.count('<tr id="delivery-') == 10 and "Back to the start" in second
    assert client.get(f"{page(envelope)}?state=sent").text.count('<tr id="delivery-') == 2
    assert "Nobody is in this state" in client.get(f"{page(envelope)}?state=uncertain").text
    for query in ("state=nonsense", "after=nonsense", "state=sent&after=sent-x"):
        answer = client.get(f"{page(envelope)}?{query}")
        assert answer.status_code in (400, 422) and "Traceback" not in answer.text


def test_the_page_does_not_grow_with_its_recipients(
    as_: As, outbox: Outbox, cap: Callable[[int], None], statements: list[str]
) -> None:
    cap(200)
    client, sizes = as_("ben"), []
    for number in (52, 70):
        envelope = outbox.submitted(number)
        statements.clear()
        sizes.append(len(client.get(page(envelope)).text))
        assert len(statements) <= 7
        assert not any("bulk_envelopes.conversation_ids" in statement for statement in statements)
    assert sizes[1] - sizes[0] < 1_000


def test_the_live_part_answers_alone_and_with_304(as_: As, outbox: Outbox, clock: Clock) -> None:
    envelope, client = outbox.submitted(2), as_("ben")
    clock.advance(seconds=11)
    first = client.get(page(envelope), headers=HTMX)
    assert (
        first.text.lstrip().startswith('<div id="envelope"')
        and f"envelope-{envelope.id} from:body" in first.text
    )
    again = {**HTMX, "If-None-Match": first.headers["ETag"]}
    assert client.get(page(envelope), headers=again).status_code == 304
    become(outbox, "sent")
    assert client.get(page(envelope), headers=again).status_code == 200


def test_the_list_shows_submitted_and_refused_alike(as_: As, outbox: Outbox, clock: Clock) -> None:
    outbox.submitted(2)
    clock.advance(seconds=1)
    with pytest.raises(BatchTooLarge):
        outbox.bulk(list(range(1, 32)))
    client = as_("cleo")
    html = client.get("/bulk").text
    assert "31 is six more than one send may hold" in html and ">Refused</span>" in html
    assert "2 messages leave in a moment" in html and html.count('<tr id="send-') == 2
    assert client.get("/bulk?status=refused_cap_exceeded").text.count('<tr id="send-') == 1
    assert client.get("/bulk?status=submitted").text.count('<tr id="send-') == 1
    assert client.get("/bulk?status=nonsense").status_code == 422
    assert client.get("/bulk?before=nonsense").status_code == 400
    refused = re.search(r'href="(/bulk/[0-9a-f-]{36})">31', html)
    assert refused
    shown = client.get(refused[1]).text
    assert "Deselect six, or send in two halves." in shown and "31 recipients, 25 allowed" in shown


def test_older_sends_are_a_page_further(as_: As, outbox: Outbox, clock: Clock) -> None:
    for _ in range(52):
        clock.advance(seconds=1)
        with pytest.raises(BatchTooLarge):
            outbox.bulk(list(range(1, 32)))
    client = as_("ben")
    first = client.get("/bulk").text
    older = re.search(r'href="(/bulk\?before=[^"]+)" rel="next"', first)
    assert first.count('<tr id="send-') == 50 and older
    assert client.get(older[1]).text.count('<tr id="send-') == 2


def test_the_navigation_counts_the_sends_under_way(as_: As, outbox: Outbox) -> None:
    client = as_("ben")
    number = r"Bulk sends</span><span class=\"side-nav__count\">(\d+)<span"
    assert not re.search(number, client.get("/navigation").text)
    outbox.submitted(2)
    outbox.submitted(3)
    found = re.search(number, client.get("/navigation").text)
    assert found and found[1] == "2"


def test_a_send_that_is_not_there_is_a_sentence(as_: As, outbox: Outbox) -> None:
    client = as_("ben")
    assert "This bulk send does not exist" in read(client, f"/bulk/{uuid4()}", 404).text
    assert client.get("/bulk/nonsense").status_code == 404
