"""The inbox as a page: its addresses, its queries, its words, and what a wrong address is told."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from console import conversations
from console.db import db
from tests.conftest import Cast, Clock
from tests.desk import Desk
from tests.views.test_session import sign_in

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ben(client: FlaskClient, cast: Cast) -> FlaskClient:
    sign_in(client)
    return client


def rows(html: str) -> list[str]:
    return re.findall(r'<li class="inbox-row.*?</li>', html, re.DOTALL)


def test_a_page_is_three_queries_whatever_it_shows(
    ben: FlaskClient, cast: Cast, statements: list[str]
) -> None:
    for number in range(60):
        conversations.start(cast.riya, f"Question {number}", "Hello")
    for query in ("", "?view=all&q=hello", "?assignee=0&channel=email", "?view=unassigned&pending=1"):
        statements.clear()
        assert ben.get(f"/inbox{query}").status_code == 200
        assert len(statements) == 3, query


def test_a_row_says_who_what_and_how_urgent(ben: FlaskClient, cast: Cast, desk: Desk) -> None:
    conversations.receive(cast.conversation.id, "Is there any news?\nMy rent goes out on Monday.")
    conversations.assign(cast.conversation.id, cast.ben.actor_id, cast.ben.id)
    lane = desk.pending()
    [row] = rows(ben.get("/inbox").text)
    for words in (
        "Riya Chen", "Charged twice", "Is there any news? My rent goes out on Monday.", "waits for an answer", "Ben",
        lane.proposal.title, "waiting for approval", f'href="/conversations/{cast.conversation.id}"', "time left: ",
    ):  # fmt: skip
        assert words in row, words
    assert re.search(r'class="inbox-row inbox-row--unread edge-(low|high)"', row)


def test_what_customers_write_is_text(ben: FlaskClient, cast: Cast) -> None:
    conversations.start(cast.riya, "<script>alert(1)</script>", '<b>bold</b> & "quoted"')
    html = ben.get("/inbox").text
    assert "&lt;script&gt;alert(1)" in html and "<script>alert" not in html and "<b>bold" not in html
    assert "<img" not in ben.get("/inbox?q=%3Cimg%20src=x%3E").text


def test_every_tab_is_an_address_with_its_exact_count(ben: FlaskClient, cast: Cast) -> None:
    for number in range(3):
        conversations.resolve(conversations.start(cast.riya, f"Done {number}").id, cast.ben.actor_id)
    html = ben.get("/inbox?view=resolved").text
    found = re.findall(
        r'href="([^"]+)"( aria-current="page")?>([\w ]+) <span class="view-tabs__count">([\d,]+)', html
    )
    assert [(href, bool(here), word.strip(), number) for href, here, word, number in found] == [
        ("/inbox", False, "Open", "1"),
        ("/inbox?view=needs_decision", False, "Needs decision", "0"),
        ("/inbox?view=mine", False, "Mine", "0"),
        ("/inbox?view=unassigned", False, "Unassigned", "1"),
        ("/inbox?view=resolved", True, "Resolved", "3"),
        ("/inbox?view=all", False, "All", "4"),
    ]
    assert "1–3 of 3, newest first" in html


def test_the_links_below_lead_through_every_page_and_back(ben: FlaskClient, cast: Cast, clock: Clock) -> None:
    for number in range(70):
        clock.advance(seconds=1)
        conversations.start(cast.riya, f"Question {number}")
    first = ben.get("/inbox").text
    older = re.search(r'href="(/inbox\?before=[^"]+)" rel="next"', first)
    assert older and "1–50 of 71" in first
    second = ben.get(older[1]).text
    assert len(rows(second)) == 21 and 'rel="next"' not in second
    assert 'href="/inbox">' in second and "Back to the newest" in second


def test_a_search_looks_everywhere_unless_a_view_is_asked_for(ben: FlaskClient, cast: Cast) -> None:
    conversations.receive(cast.conversation.id, "the zip broke")
    conversations.resolve(cast.conversation.id, cast.ben.actor_id)
    assert len(rows(ben.get("/inbox?q=zip").text)) == 1
    assert "Nothing matches “zip”" in ben.get("/inbox?q=zip&view=open").text
    assert 'value="zip"' in ben.get("/inbox?q=zip&view=open").text


@pytest.mark.parametrize("view", conversations.VIEWS)
def test_an_empty_view_says_so_in_a_sentence(ben: FlaskClient, cast: Cast, view: str) -> None:
    db.session.execute(text("DELETE FROM conversations"))
    db.session.commit()
    html = ben.get(f"/inbox?view={view}").text
    assert rows(html) == [] and 'class="empty__title"' in html


@pytest.mark.parametrize(
    "query",
    ["view=x", "view=open%27", "before=x", "before=1-1%27", "before=zzzzzzzzzzzz-1", "assignee=-1", "assignee=ben",
     "assignee=%D9%A3", "assignee=" + "9" * 30, "channel=" + "x" * 33, "q=" + "x" * 201, "q=a%00b", "channel=%00"],
)  # fmt: skip
def test_a_wrong_address_is_a_sentence(ben: FlaskClient, query: str) -> None:
    answer = ben.get(f"/inbox?{query}")
    assert answer.status_code == 400 and "Traceback" not in answer.text
    assert ben.get(f"/inbox?{query}", headers=HTMX).status_code == 400


def test_the_region_answers_alone_and_with_304_when_nothing_changed(ben: FlaskClient, cast: Cast) -> None:
    first = ben.get("/inbox?view=all", headers=HTMX)
    assert first.text.lstrip().startswith('<div class="page-list" id="inbox"') and "<html" not in first.text
    again = ben.get("/inbox?view=all", headers={**HTMX, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    conversations.receive(cast.conversation.id, "News")
    assert (
        ben.get("/inbox?view=all", headers={**HTMX, "If-None-Match": first.headers["ETag"]}).status_code
        == 200
    )


def test_a_failed_action_is_told_until_it_was_asked_again(ben: FlaskClient, cast: Cast, desk: Desk) -> None:
    lane = desk.to_run()
    failed = "UPDATE tool_approvals SET status = 'execution_failed' WHERE id = :id"
    desk.tamper(failed, id=lane.id)
    desk.tamper("UPDATE tool_proposals SET status = 'failed' WHERE id = :id", id=lane.tool_proposal_id)
    [row] = rows(ben.get("/inbox").text)
    assert lane.proposal.title in row and ">failed</span>" in row
    desk.tamper("UPDATE tool_proposals SET status = 'unknown' WHERE id = :id", id=lane.tool_proposal_id)
    assert ">unknown</span>" in ben.get("/inbox").text
    desk.pending()
    html = ben.get("/inbox").text
    assert ">unknown</span>" not in html and "waiting for approval" in html


def test_drafts_are_kept_by_the_server(ben: FlaskClient, cast: Cast) -> None:
    token = re.search(r'name="csrf-token" content="([^"]+)"', ben.get("/inbox").text)
    assert token
    form = {"csrf_token": token[1], "key": "conversation:1:reply", "body": "Half a sen"}
    assert ben.post("/drafts", data=form).status_code == 204
    assert conversations.draft(cast.ben.id, "conversation:1:reply") == "Half a sen"
    assert ben.post("/drafts", data={**form, "key": "no such place"}).status_code == 400
    assert ben.post("/drafts", data={**form, "body": "x" * 20_001}).status_code == 422
