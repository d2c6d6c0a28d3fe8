"""Stale lanes as admins see to them: the lists, the confirmation by name, a result a row, starting again."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from console import governance
from console.models import ToolApproval
from tests.conftest import Clock
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import HTMX
from tests.views.test_session import token


@pytest.fixture
def lanes(desk: Desk) -> list[ToolApproval]:
    """One near its deadline, two that are old, and one that is neither."""
    found = [
        desk.pending("refund", amount=48),
        desk.pending(amount=2),
        desk.pending(amount=3),
        desk.pending(amount=9),
    ]
    for lane, opened, due in zip(found, (47, 30, 26, 1), (0.5, 18, 22, 47), strict=True):
        desk.tamper(
            "UPDATE tool_approvals SET created_at = now() - :o * interval '1 hour',"
            " expires_at = now() + :d * interval '1 hour' WHERE id = :id",
            o=opened,
            d=due,
            id=lane.id,
        )
    return found


def sections(html: str) -> dict[str, list[int]]:
    found = re.findall(r'id="kind-(\w+)".*?</section>', html, re.DOTALL)
    parts = re.split(r'id="kind-\w+" ', html)[1:]
    return {
        kind: [int(one) for one in re.findall(r'<tr id="stale-(\d+)"', part)]
        for kind, part in zip(found, parts, strict=True)
    }


def post(client: FlaskClient, path: str, **data: object) -> TestResponse:
    return client.post(path, data={"csrf_token": token(client), **data})


def test_the_page_tells_each_kind_apart(as_: As, lanes: list[ToolApproval]) -> None:
    html = as_("ada").get("/admin/lanes").text
    assert sections(html) == {"near": [lanes[0].id], "old": [lanes[1].id, lanes[2].id]}
    for words in ("3 actions need a look", "Due within the hour", "Older than a day", "Refund of 48", "Iris"):
        assert words in html, words


def test_the_age_is_chosen_and_one_kind_has_pages(as_: As, lanes: list[ToolApproval], desk: Desk) -> None:
    ada = as_("ada")
    assert sections(ada.get("/admin/lanes?age=3d").text) == {"near": [lanes[0].id]}
    for _ in range(55):
        desk.pending()
    desk.tamper("UPDATE tool_approvals SET created_at = now() - interval '2 days' WHERE id > 4")
    html = ada.get("/admin/lanes").text
    assert len(sections(html)["old"]) == 15 and "All 57 of these" in html
    first = ada.get("/admin/lanes?kind=old").text
    later = re.search(r'href="(/admin/lanes\?kind=old&amp;after=[^"]+)"', first)
    assert later and len(sections(first)["old"]) == 50
    rest = sections(ada.get(later[1].replace("&amp;", "&")).text)["old"]
    assert len(rest) == 7 and not set(rest) & set(sections(first)["old"])


def test_a_calm_desk_says_so(as_: As, desk: Desk) -> None:
    desk.pending()
    assert "Nothing is stale" in as_("ada").get("/admin/lanes").text


def test_ending_is_confirmed_by_name_and_told_a_row_each(
    as_: As, lanes: list[ToolApproval], desk: Desk
) -> None:
    ada = as_("ada")
    ids = ",".join(str(lane.id) for lane in lanes[:3])
    html = ada.get(f"/admin/lanes/expiry?lane_ids={ids}").text
    assert "3 actions end here, none of them will run" in html
    for words in ("Refund of 48", "Adjustment of 2", "Adjustment of 3", "Riya Chen: Charged twice"):
        assert words in html, words
    assert all(desk.fresh(lane).status == "pending" for lane in lanes)
    governance.approve(lanes[1].id, desk.ben, enqueue=desk.enqueued)
    answer = post(ada, "/admin/lanes/expiry", lane_ids=[str(lane.id) for lane in lanes[:3]])
    assert answer.status_code == 303
    html = ada.get(answer.location).text
    assert "2 expired, 1 was decided meanwhile by Ben." in html
    assert html.count("Ended. Nothing will run.") == 2 and "Ben approved it at" in html
    assert [desk.fresh(lane).status for lane in lanes] == ["expired", "approved", "expired", "pending"]
    assert governance.list_events(lanes[0].tool_proposal_id)[-1].actor_id == desk.ada


def test_the_confirmation_leaves_out_what_is_over(as_: As, lanes: list[ToolApproval], desk: Desk) -> None:
    ada = as_("ada")
    governance.reject(lanes[0].id, desk.ben, reason="No.")
    html = ada.get(f"/admin/lanes/expiry?lane_ids={lanes[0].id}&lane_ids={lanes[1].id}&lane_ids=4711").text
    assert "One action ends here" in html and "Ben rejected it" in html and "There is no such action." in html
    assert f'value="{lanes[0].id}"' not in html and f'value="{lanes[1].id}"' in html
    assert "None of these waits any more" in ada.get(f"/admin/lanes/expiry?lane_ids={lanes[0].id}").text


def test_the_card_that_was_ended_says_by_whom(as_: As, lanes: list[ToolApproval], desk: Desk) -> None:
    post(as_("ada"), "/admin/lanes/expiry", lane_ids=f"{lanes[0].id}, {lanes[0].id}")
    ben = as_("ben")
    assert "Ada ended the waiting. Nothing ran." in ben.get(f"/lanes/{lanes[0].id}").text
    card = ben.get(f"/conversations/{desk.conversation_id}").text
    assert "Ada ended the waiting." in card and "Ask again" in card


@pytest.mark.parametrize("path", ["", "/expiry?lane_ids=1", "/expired?lane_ids=1"])
def test_nobody_else_sees_the_pages(as_: As, lanes: list[ToolApproval], path: str) -> None:
    answer = as_("ben").get(f"/admin/lanes{path}")
    assert answer.status_code == 403 and "Refund of 48" not in answer.text
    assert "Stale lanes" not in as_("ben").get("/approvals").text


def test_nobody_else_ends_or_starts_anything(as_: As, lanes: list[ToolApproval], desk: Desk) -> None:
    ben, stuck = as_("ben"), desk.to_run()
    assert post(ben, "/admin/lanes/expiry", lane_ids="1").status_code == 403
    assert post(ben, f"/admin/lanes/{stuck.id}/start").status_code == 403
    assert desk.fresh(lanes[0]).status == "pending"


@pytest.mark.parametrize("chosen", ["", " , ", "one", "1,-2", "9" * 30, ",".join(map(str, range(1, 202)))])
def test_a_selection_that_is_none_is_refused(as_: As, lanes: list[ToolApproval], chosen: str) -> None:
    ada = as_("ada")
    assert post(ada, "/admin/lanes/expiry", lane_ids=chosen).status_code == 422
    assert ada.get("/admin/lanes/expiry", query_string={"lane_ids": chosen}).status_code == 422


@pytest.mark.parametrize("query", ["age=1y", "kind=x", "kind=old&after=x"])
def test_a_wrong_address_is_a_sentence(as_: As, desk: Desk, query: str) -> None:
    answer = as_("ada").get(f"/admin/lanes?{query}")
    assert answer.status_code == 400 and "Traceback" not in answer.text


def test_a_stuck_lane_is_started_again(as_: As, desk: Desk, clock: Clock) -> None:
    lane, ada = desk.approved(amount=7), as_("ada")
    assert "stuck" not in sections(ada.get("/admin/lanes").text)
    clock.advance(seconds=70)
    html = ada.get("/admin/lanes").text
    assert sections(html)["stuck"] == [lane.id] and "Ben approved it" in html
    answer = post(ada, f"/admin/lanes/{lane.id}/start")
    assert (answer.status_code, answer.location) == (303, "/admin/lanes")
    html = ada.get("/admin/lanes").text
    assert "Started again: Adjustment of 7" in html and "stuck" not in sections(html)
    assert "You started it again" in ada.get(f"/lanes/{lane.id}").text
    post(ada, f"/admin/lanes/{desk.pending().id}/start")
    assert "This is not waiting to run." in ada.get("/admin/lanes").text
    assert post(ada, "/admin/lanes/4711/start").status_code == 404


def test_the_list_is_a_live_region(as_: As, lanes: list[ToolApproval]) -> None:
    ada = as_("ada")
    first = ada.get("/admin/lanes", headers=HTMX)
    assert first.text.startswith('<section id="stale"') and 'hx-trigger="lanes from:body' in first.text
    again = ada.get("/admin/lanes", headers={**HTMX, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
