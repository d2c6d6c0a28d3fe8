"""Asking for an action: which are offered to whom, one form is one proposal, and what was typed stays."""

from __future__ import annotations

import pytest

from console import governance
from tests.conftest import Cast
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import HTMX, NUL, TEN_MEGABYTES, Page, read, send


def home(cast: Cast) -> str:
    return f"/conversations/{cast.conversation.id}"


def count(cast: Cast) -> int:
    return len(governance.list_proposals_for_conversation(cast.conversation.id))


def test_asking_without_javascript_leads_to_the_card(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    answer = send(ben, read(ben, home(cast)).form("/proposals", tool_ref="refund"), amount="48")
    [proposal] = governance.list_proposals_for_conversation(cast.conversation.id)
    lane = proposal.approvals[-1]
    assert (answer.status_code, answer.location) == (303, f"{home(cast)}#lane-{lane.id}")
    assert proposal.title == "Refund of 48" and proposal.input["amount"] == 48
    assert read(ben, home(cast)).cards == {str(lane.id): "pending"}


def test_a_double_click_is_one_proposal_and_a_new_page_is_a_new_intent(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    form = read(ben, home(cast)).form("/proposals", tool_ref="refund")
    for _ in range(2):
        assert send(ben, form, amount="48").status_code == 303
    assert count(cast) == 1
    send(ben, read(ben, home(cast)).form("/proposals", tool_ref="refund"), amount="48")
    assert count(cast) == 2


def test_htmx_gets_a_fresh_form_and_the_rail(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    form = read(ben, home(cast)).form("/proposals", tool_ref="adjust")
    answer = send(ben, form, htmx=True, amount="3")
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.form("/proposals", tool_ref="adjust").values["token"] != form.values["token"]
    assert list(page.cards.values()) == ["pending"] and 'hx-target="#rail"' in answer.text


def test_an_automatic_read_needs_nobody(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    send(ben, read(ben, home(cast)).form("/proposals", tool_ref="peek"))
    assert list(read(ben, home(cast)).cards.values()) == ["execution_pending"]


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize("amount", ["", "0", "1001", "many", "1.5", "9" * 400, "'; DROP TABLE messages; --"])
def test_a_wrong_field_comes_back_with_what_was_typed(as_: As, cast: Cast, amount: str, htmx: bool) -> None:
    ben = as_("ben")
    form = read(ben, home(cast)).form("/proposals", tool_ref="refund")
    answer = send(ben, form, htmx=htmx, amount=amount, does="fail")
    if amount == "":
        assert answer.status_code in (200, 303), "an empty field takes its default"
        return
    assert answer.status_code == 422
    again = Page(answer.text).form("/proposals", tool_ref="refund").values
    assert (again["amount"], again["does"]) == (amount, "fail")
    assert 'aria-invalid="true"' in answer.text and 'id="propose-refund" name="propose" open' in answer.text


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"tool_ref": "nonsense"}, 404),
        ({}, 404),
        ({"tool_ref": "refund"}, 422),
        ({"tool_ref": "refund", "token": "t" * 5000}, 422),
        ({"tool_ref": "refund", "token": "t", "amount": NUL}, 400),
        ({"tool_ref": "refund", "token": "t", "amount": TEN_MEGABYTES}, 413),
        ({"tool_ref": "silent", "token": "t"}, 403),
        ({"tool_ref": "moody", "token": "t"}, 403),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_bad_requests_are_answered_and_open_no_lane(
    as_: As, cast: Cast, data: dict[str, str], status: int, headers: dict[str, str]
) -> None:
    ben = as_("ben")
    token = read(ben, home(cast)).form("/messages").values["csrf_token"]
    answer = ben.post(f"{home(cast)}/proposals", data={"csrf_token": token, **data}, headers=headers)
    assert answer.status_code == status and "Traceback" not in answer.text
    assert not governance.list_pending_approvals()


def test_what_someone_may_not_use_is_named_with_the_reason_and_refused(as_: As, cast: Cast) -> None:
    cleo = as_("cleo")
    page = read(cleo, home(cast))
    with pytest.raises(AssertionError):
        page.form("/proposals", tool_ref="refund")
    assert "Needs the permission orders:refund" in page.text and "Policy never lets this run" in page.text
    token = page.form("/messages").values["csrf_token"]
    data = {"csrf_token": token, "tool_ref": "refund", "token": "t", "amount": "5"}
    answer = cleo.post(f"{home(cast)}/proposals", data=data, headers=HTMX)
    assert answer.status_code == 403 and "orders:refund" in answer.text
    assert list(Page(answer.text).cards.values()) == ["blocked"]


def test_a_conversation_that_is_none_takes_no_proposal(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    token = read(ben, home(cast)).form("/messages").values["csrf_token"]
    data = {"csrf_token": token, "tool_ref": "adjust", "token": "t"}
    for wrong in (4711, 2**63):
        assert ben.post(f"/conversations/{wrong}/proposals", data=data).status_code == 404


def test_ask_again_opens_the_form_as_it_was_filled(as_: As, cast: Cast, desk: Desk) -> None:
    lane = desk.pending("refund", amount=48)
    governance.reject(lane.id, cast.ada.actor_id, reason="Not yet.", enqueue=desk.enqueued)
    ben = as_("ben")
    assert "Ask again" in read(ben, home(cast)).text
    html = ben.get(f"{home(cast)}?again={lane.tool_proposal_id}").text
    assert Page(html).form("/proposals", tool_ref="refund").values["amount"] == "48"
    assert 'id="propose-refund" name="propose" open' in html
