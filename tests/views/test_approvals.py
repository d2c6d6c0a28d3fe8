"""The queue as a page: its addresses, its queries, and what each row says."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from console import conversations, governance
from console.db import db, now, transaction
from console.governance.policy import Policy, Section
from console.governance.returning import bring_back
from tests.conftest import Cast, Clock
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import HTMX, send
from tests.views.queue import card_form, due, opened, rows


def test_a_page_of_fifty_is_four_queries_at_most_whatever_it_shows(
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
            assert answer.status_code == 200 and len(statements) <= 4, (query, statements)
        statements.clear()
        ben.get(f"/approvals{query}")
        assert len(statements) == 3, (query, statements)
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


def test_a_lane_that_takes_several_approvals_says_how_far_it_is(as_: As, desk: Desk) -> None:
    desk.rule(Policy(tool={"adjust": Section(approvals=2)}))
    lane, ben = desk.pending(), as_("ben")
    assert "0 of 2 approved, You, Ada or Cleo can decide" in rows(ben.get("/approvals").text)[lane.id]
    answer = send(ben, card_form(ben, "/approvals", lane, "approval"), htmx=True)
    assert "Your approval counts" in answer.headers["HX-Trigger"] and rows(answer.text) == {}
    row = rows(ben.get("/approvals?whose=all").text)[lane.id]
    assert "You approved." in row and "1 of 2 approved, Ada or Cleo can decide" in row
    assert "1 of 2 approved, You or Cleo can decide" in as_("ada").get("/approvals").text


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
    assert len(statements) == 4
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
