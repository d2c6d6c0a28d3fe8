"""The queue as a page: its addresses, its queries, what each row says, and deciding in place."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from console import conversations, governance
from console.conversations import draft
from console.db import db, now, transaction
from console.governance.returning import bring_back
from console.models import ToolApproval
from tests.conftest import Cast, Clock
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import HTMX, Form, Page, read, send


def rows(html: str) -> dict[int, str]:
    """The rows of the list by lane id, in their order."""
    found = re.findall(r'<article class="[^"]*lane-card--compact.*?</article>', html, re.DOTALL)
    return {int(re.findall(r'id="row-(\d+)"', row)[0]): row for row in found}


def opened(html: str) -> int:
    """The lane that is open beside the list."""
    found = re.search(r'id="queue-lane" name="lane" value="(\d+)"', html)
    return int(found[1]) if found else 0


def due(desk: Desk, *lanes: ToolApproval) -> None:
    """Have these lanes lapse in this order, an hour apart."""
    for hours, lane in enumerate(lanes, 2):
        desk.tamper(
            "UPDATE tool_approvals SET expires_at = now() + :h * interval '1 hour' WHERE id = :id",
            h=hours,
            id=lane.id,
        )


def card_form(client: FlaskClient, address: str, lane: ToolApproval, verb: str) -> Form:
    return read(client, address).form(f"/lanes/{lane.id}/{verb}")


def test_a_page_of_fifty_is_three_queries_whatever_it_shows(
    as_: As, desk: Desk, cast: Cast, statements: list[str]
) -> None:
    ben = as_("ben")
    for number in range(55):
        desk.submit("refund" if number % 2 else "adjust", desk.ben if number % 5 == 0 else None)
    other = conversations.start(cast.riya, "Another one", "Hello")
    desk.tamper("UPDATE tool_approvals SET conversation_id = :c WHERE id % 3 = 0", c=other.id)
    done = desk.approved()
    with transaction():
        cast.iris.scopes = []
        db.session.add(cast.iris)
    for query in ("", "?whose=all", "?whose=all&tool=refund&risk=high_write", f"?whose=all&lane={done.id}"):
        for headers in ({}, HTMX):
            statements.clear()
            answer = ben.get(f"/approvals{query}", headers=headers)
            assert answer.status_code == 200 and len(statements) == 3, (query, statements)
    assert len(rows(ben.get("/approvals?whose=all").text)) == 50


def test_a_row_says_what_waits_for_whom_and_how_long(as_: As, desk: Desk) -> None:
    lane, low = desk.pending("refund", amount=48), desk.pending(amount=3)
    due(desk, lane, low)
    found = rows(as_("ben").get("/approvals").text)
    assert list(found) == [lane.id, low.id]
    for words in ("Refund of 48", "High risk", "edge-high", "Riya Chen: Charged twice", "Asked by Iris", "1 h 59 m",
                  "You, Ada or Cleo can decide", "lane-card--cursor"):  # fmt: skip
        assert words in found[lane.id], words
    assert "Low risk" in found[low.id] and "lane-card--cursor" not in found[low.id]


def test_what_one_asked_says_so_and_who_else_decides(as_: As, desk: Desk) -> None:
    lane = desk.submit("refund", desk.ben).lane
    assert lane is not None
    ben = as_("ben")
    assert rows(ben.get("/approvals").text) == {}
    row = rows(ben.get("/approvals?whose=asked").text)[lane.id]
    assert "You asked." in row and "Ada or Cleo can decide" in row
    assert "Someone else" in ben.get("/approvals?whose=asked").text


def test_what_cannot_succeed_any_more_is_marked_with_its_reason(as_: As, desk: Desk, cast: Cast) -> None:
    lane = desk.pending("refund")
    with transaction():
        cast.iris.scopes = []
        db.session.add(cast.iris)
    html = as_("ben").get("/approvals").text
    assert "Would fail now: iris no longer holds the permission orders:refund." in rows(html)[lane.id]
    assert (
        f'action="/lanes/{lane.id}/approval"' not in html and f'action="/lanes/{lane.id}/rejection"' in html
    )


def test_a_conversation_that_was_resolved_meanwhile_is_marked(
    as_: As, desk: Desk, cast: Cast, statements: list[str], clock: Clock
) -> None:
    lanes = [desk.pending() for _ in range(6)]
    clock.advance(seconds=1)
    conversations.resolve(cast.conversation.id, cast.ada.actor_id)
    ben = as_("ben")
    statements.clear()
    found = rows(ben.get("/approvals").text)
    assert len(statements) == 3
    assert all("The conversation was resolved after this was asked" in found[lane.id] for lane in lanes)


def test_what_came_back_says_what_it_was_put_off_for(as_: As, desk: Desk, clock: Clock) -> None:
    lane = desk.pending("refund")
    governance.defer(lane.id, desk.ada, reason="Until the bank confirms.", until=now() + timedelta(hours=1))
    clock.advance(hours=1)
    assert bring_back(lane.id)
    [row] = rows(as_("ben").get("/approvals").text).values()
    assert "Back from Ada’s deferral: Until the bank confirms." in row


def test_the_tabs_and_filters_are_addresses_with_their_numbers(as_: As, desk: Desk) -> None:
    desk.pending("refund")
    desk.pending()
    desk.submit("refund", desk.ben)
    html = as_("ben").get("/approvals?whose=all&tool=refund").text
    for words in (
        'href="/approvals?tool=refund">Needs me <span class="muted">2</span>',
        'href="/approvals?whose=asked&amp;tool=refund">I asked <span class="muted">1</span>',
        'aria-current="page">All <span class="muted">3</span>',
        'href="/approvals?whose=all&amp;tool=adjust"',
        'href="/approvals?whose=all&amp;tool=refund&amp;risk=high_write"',
        f'href="/approvals?whose=all&amp;tool=refund&amp;requester={desk.ben}"',
        "2 decisions wait, the first lapses",
    ):
        assert words in html, words
    assert "<title>Approvals (3)" in html


def test_the_links_below_lead_through_every_page_and_back(as_: As, desk: Desk) -> None:
    for _ in range(55):
        desk.pending()
    ben = as_("ben")
    first = ben.get("/approvals").text
    later = re.search(r'href="(/approvals\?after=[^"]+)" rel="next"', first)
    assert later and len(rows(first)) == 50 and "50+" in first
    second = ben.get(later[1]).text
    assert len(rows(second)) == 5 and 'rel="next"' not in second and "Back to the soonest" in second
    assert not set(rows(first)) & set(rows(second)) and "Deciding brings the next" in second
    assert "Nothing further" in ben.get("/approvals?after=zzzzzzzzzz-zz").text


def test_an_empty_queue_says_so(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    assert "Nothing waits for you" in ben.get("/approvals").text
    assert "Nothing that you asked for waits" in ben.get("/approvals?whose=asked").text
    assert "Everything is signed" in ben.get("/approvals?whose=all").text
    assert "Nothing fits" in ben.get("/approvals?whose=all&tool=refund").text


@pytest.mark.parametrize(
    "query",
    ["whose=x", "after=x", "past=1", "lane=one", "lane=-1", "lane=" + "9" * 19, "tool=" + "x" * 201],
)
def test_a_wrong_address_is_a_sentence(as_: As, cast: Cast, query: str) -> None:
    answer = as_("ben").get(f"/approvals?{query}")
    assert answer.status_code == 400 and "Traceback" not in answer.text


def test_the_open_card_is_the_same_card_with_what_was_said_last(as_: As, desk: Desk, cast: Cast) -> None:
    conversations.receive(cast.conversation.id, "Is there any news?")
    conversations.add_note(cast.conversation.id, cast.ada.actor_id, "The bank is slow.")
    lane = desk.pending("refund", amount=48)
    html = as_("ben").get("/approvals").text
    assert (
        opened(html) == lane.id
        and f'<article class="lane-card lane-card--pending edge-high" id="lane-{lane.id}"' in html
    )
    for words in (
        "Exactly this runs, nothing else",
        "Is there any news?",
        "The bank is slow.",
        ", note",
        "1 of 1",
    ):
        assert words in html, words
    assert f'href="/conversations/{cast.conversation.id}#lane-{lane.id}"' in html


def test_any_lane_can_be_opened_beside_the_list(as_: As, desk: Desk) -> None:
    first, second, done = desk.pending(), desk.pending("refund"), desk.approved(amount=5)
    due(desk, first, second)
    ben = as_("ben")
    html = ben.get(f"/approvals?lane={second.id}").text
    assert opened(html) == second.id and "2 of 2" in html
    part = ben.get(f"/approvals/focus?lane={done.id}", headers=HTMX).text
    assert part.startswith("<section") and "No longer waiting" in part and "You approved it" in part
    assert opened(ben.get("/approvals?lane=4711").text) == first.id
    assert ben.get(f"/approvals/focus?lane={done.id}").location == f"/approvals?lane={done.id}"


def test_the_list_answers_alone_and_with_304_when_nothing_changed(as_: As, desk: Desk) -> None:
    desk.pending()
    ben = as_("ben")
    for path in ("/approvals", "/approvals/focus"):
        first = ben.get(path, headers=HTMX)
        assert "<html" not in first.text
        again = ben.get(path, headers={**HTMX, "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("verb", "status"), [("approval", "approved"), ("rejection", "rejected"), ("deferral", "deferred")]
)
def test_without_javascript_a_decision_leads_to_the_next(as_: As, desk: Desk, verb: str, status: str) -> None:
    first, second, third = desk.pending("refund"), desk.pending(), desk.pending()
    due(desk, first, second, third)
    ben = as_("ben")
    form = card_form(ben, f"/approvals?whose=all&lane={second.id}", second, verb)
    assert form.values["back"] == "/approvals?whose=all"
    answer = send(ben, form, reason="Because.")
    assert answer.status_code == 303 and answer.location.startswith("/approvals?whose=all&past=")
    html = ben.get(answer.location).text
    assert opened(html) == third.id and list(rows(html)) == [first.id, third.id]
    assert desk.fresh(second).status == status


def test_after_the_last_one_the_first_is_next(as_: As, desk: Desk) -> None:
    first, second = desk.pending(), desk.pending()
    due(desk, first, second)
    ben = as_("ben")
    answer = send(ben, card_form(ben, f"/approvals?lane={second.id}", second, "approval"))
    assert opened(ben.get(answer.location).text) == first.id


def test_htmx_gets_the_next_card_and_the_list_without_the_one_that_was_decided(as_: As, desk: Desk) -> None:
    first, second = desk.pending(amount=1), desk.pending("refund", amount=48)
    due(desk, first, second)
    ben = as_("ben")
    answer = send(ben, card_form(ben, "/approvals", first, "approval"), htmx=True)
    assert answer.status_code == 200 and answer.headers["HX-Retarget"] == "#queue-focus"
    assert answer.headers["HX-Replace-Url"] == f"/approvals?lane={second.id}"
    assert "Approved: Adjustment of 1" in answer.headers["HX-Trigger"]
    assert opened(answer.text) == second.id and list(rows(answer.text)) == [second.id]
    assert f'<a href="/lanes/{second.id}" autofocus>' in answer.text
    last = send(ben, card_form(ben, "/approvals", second, "rejection"), htmx=True, reason="No.")
    assert opened(last.text) == 0 and "Nothing waits for you" in last.text and "autofocus" in last.text


def test_the_second_of_two_reads_who_was_faster_and_keeps_the_reason(as_: As, desk: Desk, cast: Cast) -> None:
    lane, other = desk.pending("refund"), desk.pending()
    due(desk, lane, other)
    ben = as_("ben")
    form = card_form(ben, "/approvals", lane, "rejection")
    governance.approve(lane.id, cast.ada.actor_id, enqueue=desk.enqueued)
    for htmx in (True, False):
        answer = send(ben, form, htmx=htmx, reason="The bank voided it.")
        assert answer.status_code == 409
        assert "Ada Okafor approved this at" in answer.text and "The bank voided it." in answer.text
    assert opened(answer.text) == lane.id and list(rows(answer.text)) == [other.id]
    assert draft(cast.ben.id, f"lane:{lane.id}:rejection") == "The bank voided it."


@pytest.mark.parametrize("htmx", [True, False])
def test_a_reason_that_is_none_stays_in_its_open_panel(as_: As, desk: Desk, htmx: bool) -> None:
    lane, ben = desk.pending(), as_("ben")
    form = card_form(ben, "/approvals?whose=all", lane, "rejection")
    answer = send(ben, form, htmx=htmx, reason=" ")
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
    assert Page(answer.text).form("/rejection").values["back"] == "/approvals?whose=all"


def test_a_deferral_takes_the_day_on_which_it_comes_back(as_: As, desk: Desk, cast: Cast) -> None:
    lane, ben = desk.pending(), as_("ben")
    form = card_form(ben, "/approvals", lane, "deferral")
    day = (datetime.now(UTC) + timedelta(days=3)).replace(second=0, microsecond=0, tzinfo=None)
    for wrong, says in (("soon", "This is no day and time."), ("2020-01-01T09:00", "still to come")):
        answer = send(ben, form, htmx=True, reason="Later.", until=wrong)
        assert answer.status_code == 422 and says in answer.text and f'value="{wrong}"' in answer.text
    assert desk.fresh(lane).status == "pending"
    assert send(ben, form, htmx=True, reason="Later.", until=day.isoformat()).status_code == 200
    assert desk.fresh(lane).wake_at == day.replace(tzinfo=UTC)
    assert "Comes back on" in ben.get(f"/conversations/{cast.conversation.id}").text
    assert (
        f"deferred until {day.day} {day:%b}"
        in ben.get(f"/lanes/{lane.id}/history?part=steps", headers=HTMX).text
    )


def test_nobody_is_led_elsewhere_after_a_decision(as_: As, desk: Desk, cast: Cast) -> None:
    ben = as_("ben")
    for back in (
        "//evil.example/approvals",
        "https://evil.example/approvals",
        "/approvals\\evil",
        "/approvals@evil",
    ):
        lane = desk.pending()
        answer = send(ben, card_form(ben, f"/approvals?lane={lane.id}", lane, "approval"), back=back)
        assert answer.location.startswith(("/inbox", "/approvals")) and "evil.example" not in answer.location


def test_the_navigation_counts_what_waits(as_: As, desk: Desk) -> None:
    ben = as_("ben")
    counted = re.compile(r'Approvals</span><span class="side-nav__count[^"]*">(\d+)')
    for _ in range(3):
        desk.pending()
    for path in ("/inbox", "/approvals", "/navigation?at=inbox"):
        found = counted.search(ben.get(path).text)
        assert found and found[1] == "3", path


def test_what_is_asked_is_text_in_every_row(as_: As, desk: Desk, cast: Cast) -> None:
    desk.tamper("UPDATE conversations SET subject = '<b>bold</b>'")
    desk.tamper("UPDATE customers SET name = '<script>alert(1)</script>'")
    desk.pending("internal_note", body="<img src=x onerror=alert(1)>")
    html = as_("ben").get("/approvals?whose=all").text
    assert "<b>bold" not in html and "<script>alert" not in html and "<img src=x" not in html
