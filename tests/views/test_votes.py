"""An action that takes several people, as each of them sees it: who approved, what one more comes to, who may stop."""

from __future__ import annotations

import re

import pytest

from console import governance
from console.conversations import draft
from console.governance import execution
from console.governance.policy import Policy
from console.models import ToolApproval
from jobs import actions
from tests.conftest import Cast
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import Page, read, send


@pytest.fixture
def lane(desk: Desk) -> ToolApproval:
    """A refund that Iris asked for and that takes two people."""
    desk.rule(Policy.model_validate({"tool": {"refund": {"approvals": 2}}}))
    return desk.pending("refund", amount=48)


def home(cast: Cast) -> str:
    return f"/conversations/{cast.conversation.id}"


def words(html: str) -> str:
    return " ".join(Page(html).text.split())


def seen_by(as_: As, name: str, cast: Cast) -> str:
    return words(as_(name).get(home(cast)).text)


def test_before_anyone_approved_the_card_says_how_many_it_takes(
    as_: As, cast: Cast, lane: ToolApproval
) -> None:
    seen = seen_by(as_, "ben", cast)
    assert "2 approvals" in seen and "Yours would be approval 1 of 2. Nothing runs before the last." in seen
    assert "You decide" in seen and "Someone else" in seen and "One more person" in seen


def test_the_first_approval_keeps_the_card_open_and_says_that_it_counted(
    as_: As, cast: Cast, lane: ToolApproval, desk: Desk
) -> None:
    ben = as_("ben")
    form = read(ben, home(cast)).form(f"/lanes/{lane.id}/approval")
    answer = send(ben, form, htmx=True, note="Checked by phone.")
    assert answer.status_code == 200 and Page(answer.text).cards == {str(lane.id): "pending"}
    assert "1 of 2 approvals" in words(answer.text) and "You approved" in words(answer.text)
    assert "It takes 1 more; until then you can still stop it." in words(answer.text)
    assert 'data-version="2"' in answer.text and draft(cast.ben.id, f"lane:{lane.id}:approval") == ""
    assert f'action="/lanes/{lane.id}/approval"' not in answer.text
    assert f'action="/lanes/{lane.id}/rejection"' in answer.text


def test_the_second_person_reads_who_approved_and_that_theirs_is_the_last(
    as_: As, cast: Cast, lane: ToolApproval, desk: Desk
) -> None:
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    ada = as_("ada")
    page = read(ada, home(cast))
    seen = " ".join(page.text.split())
    assert "Ben approved" in seen and "1 of 2 approved. With yours it runs." in seen
    assert "Ben approved, waits for more" in seen, "in the timeline"
    answer = send(ada, page.form(f"/lanes/{lane.id}/approval"), htmx=True)
    assert Page(answer.text).cards == {str(lane.id): "approved"}
    assert "You and Ben approved it" in words(answer.text)
    execution.resume(lane.id, enqueue=desk.enqueued)
    actions.execute(lane.id)
    assert "Ben and Ada approved" in seen_by(as_, "cleo", cast)
    record = words(as_("cleo").get(f"/lanes/{lane.id}/history").text)
    assert "Ben approved, 1 of 2" in record and "Ada approved, 2 of 2" in record
    assert "2 different people" in record


@pytest.mark.parametrize("htmx", [True, False])
def test_a_second_approval_by_the_same_person_is_refused_and_the_note_stays(
    as_: As, cast: Cast, lane: ToolApproval, desk: Desk, htmx: bool
) -> None:
    ben = as_("ben")
    form = read(ben, home(cast)).form(f"/lanes/{lane.id}/approval")
    send(ben, form)
    answer = send(ben, form, htmx=htmx, note="Once more.")
    assert answer.status_code == 409 and "Counted once." in answer.text
    assert "You approved this already. It takes 1 more from someone else." in answer.text
    assert len(desk.fresh(lane).votes) == 1


@pytest.mark.parametrize("htmx", [True, False])
def test_an_approval_of_the_card_from_before_the_first_one_is_asked_to_look_again(
    as_: As, cast: Cast, lane: ToolApproval, desk: Desk, htmx: bool
) -> None:
    ada = as_("ada")
    form = read(ada, home(cast)).form(f"/lanes/{lane.id}/approval")
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    answer = send(ada, form, htmx=htmx, note="Seen.")
    assert answer.status_code == 409 and "changed since you opened it" in answer.text
    assert "Ben approved" in answer.text and "Seen." in answer.text
    assert desk.fresh(lane).status == "pending"


def test_whoever_approved_can_still_reject(as_: As, cast: Cast, lane: ToolApproval, desk: Desk) -> None:
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    ben = as_("ben")
    answer = send(
        ben, read(ben, home(cast)).form(f"/lanes/{lane.id}/rejection"), reason="The bank voided it."
    )
    assert answer.status_code == 303 and desk.fresh(lane).status == "rejected"


def test_whoever_asked_sees_the_approvals_and_gives_none(as_: As, cast: Cast, desk: Desk) -> None:
    desk.rule(Policy.model_validate({"tool": {"adjust": {"approvals": 2, "four_eyes": False}}}))
    lane = desk.submit("adjust", desk.ben).lane
    assert lane is not None
    governance.approve(lane.id, desk.ada, enqueue=desk.enqueued)
    page = read(as_("ben"), home(cast))
    seen = " ".join(page.text.split())
    assert "Ada approved" in seen and "someone else has to decide it" in seen and "1 of 2 approvals" in seen
    assert not [form for form in page.forms if form.action.startswith("/lanes/")]


def test_an_approval_that_does_not_count_any_more_is_shown_as_such(
    as_: As, cast: Cast, lane: ToolApproval, desk: Desk
) -> None:
    governance.approve(lane.id, desk.cleo, enqueue=desk.enqueued)
    ben = as_("ben")
    assert "1 of 2 approved." in words(ben.get(home(cast)).text)
    desk.tamper("UPDATE operators SET active = false WHERE id = :id", id=desk.cast.cleo.id)
    seen = words(ben.get(home(cast)).text)
    assert "Cleo approved" in seen and "Does not count any more" in seen
    assert "Yours would be approval 1 of 2." in seen


def test_a_policy_that_became_stricter_shows_on_a_card_that_waits(as_: As, cast: Cast, desk: Desk) -> None:
    lane = desk.pending("adjust", amount=300)
    ben = as_("ben")
    assert "One approval" in words(ben.get(home(cast)).text)
    section = {"when": {"field": "amount", "over": 200}, "approvals": 2}
    desk.rule(Policy.model_validate({"tool": {"adjust": section}}))
    seen = words(ben.get(home(cast)).text)
    assert "2 approvals" in seen and "Iris may not" in seen
    policy = words(ben.get(f"/lanes/{lane.id}/history?part=policy").text)
    assert "2 different people" in policy and "Amount over 200" in policy


def test_a_form_says_beforehand_how_many_people_it_takes(as_: As, cast: Cast, desk: Desk) -> None:
    desk.rule(
        Policy.model_validate(
            {
                "tool": {
                    "refund": {"approvals": 2},
                    "adjust": {"approvals": 2, "when": {"field": "amount", "over": 5}},
                }
            }
        )
    )
    html = as_("ben").get(home(cast)).text
    assert "Waits for 2 people other than you" in html
    assert "Waits for one approval; what you fill in may change that" in html


def test_too_few_approvals_in_time_are_told_as_what_they_were(
    as_: As, cast: Cast, lane: ToolApproval, desk: Desk
) -> None:
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    governance.expire(lane.id, enqueue=desk.enqueued)
    seen = seen_by(as_, "ada", cast)
    assert re.search("Ben approved, and nobody else within (47 h|2 d). Nothing ran.", seen)
