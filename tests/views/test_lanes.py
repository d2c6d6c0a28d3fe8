"""Deciding in the browser: what a card offers to whom, what binds it, and what the one who came second reads."""

from __future__ import annotations

import pytest

from console import governance
from console.conversations import draft
from console.db import db, transaction
from console.models import Operator
from tests.conftest import Cast, Clock
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import HTMX, NUL, TEN_MEGABYTES, Page, read, send

VERBS = ("approval", "rejection", "deferral")


def home(cast: Cast) -> str:
    return f"/conversations/{cast.conversation.id}"


@pytest.mark.parametrize(("verb", "status"), [*zip(VERBS, ("approved", "rejected", "deferred"), strict=True)])
def test_each_decision_works_without_javascript(
    as_: As, cast: Cast, desk: Desk, verb: str, status: str
) -> None:
    lane, ben = desk.pending("refund"), as_("ben")
    form = read(ben, home(cast)).form(f"/lanes/{lane.id}/{verb}")
    assert form.values["digest"] == lane.digest and form.values["version"] == "1"
    answer = send(ben, form, reason="The bank said so.", note="Checked by phone.")
    assert (answer.status_code, answer.location) == (303, f"{home(cast)}#lane-{lane.id}")
    assert read(ben, home(cast)).cards == {str(lane.id): status}
    assert desk.fresh(lane).decided_by == cast.ben.actor_id


def test_htmx_gets_the_card_as_it_now_is(as_: As, cast: Cast, desk: Desk) -> None:
    lane, ben = desk.pending(), as_("ben")
    form = read(ben, home(cast)).form(f"/lanes/{lane.id}/approval")
    answer = send(ben, form, htmx=True)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<article") and Page(answer.text).cards == {
        str(lane.id): "approved"
    }


def test_a_high_risk_approval_takes_a_second_click_that_repeats_the_consequence(
    as_: As, cast: Cast, desk: Desk
) -> None:
    low, high = desk.pending("adjust"), desk.pending("refund", amount=48)
    html = as_("ben").get(home(cast)).text
    assert f'id="lane-{high.id}-arm"' in html and f'id="lane-{low.id}-arm"' not in html
    assert 'type="submit">Refund of 48</button>' in html


def test_the_second_of_two_reads_who_decided_what_and_keeps_the_reason(
    as_: As, cast: Cast, desk: Desk
) -> None:
    lane, ben = desk.pending("refund"), as_("ben")
    form = read(ben, home(cast)).form(f"/lanes/{lane.id}/rejection")
    governance.approve(lane.id, cast.ada.actor_id, enqueue=desk.enqueued)
    for htmx in (True, False):
        answer = send(ben, form, htmx=htmx, reason="The bank voided it.")
        assert answer.status_code == 409
        assert "Ada Okafor approved this at" in answer.text
        assert "The bank voided it." in answer.text and "not sent" in answer.text
    assert draft(cast.ben.id, f"lane:{lane.id}:rejection") == "The bank voided it."


@pytest.mark.parametrize("htmx", [True, False])
def test_the_note_of_an_approval_that_came_too_late_stays(
    as_: As, cast: Cast, desk: Desk, htmx: bool
) -> None:
    lane, ben = desk.pending("refund"), as_("ben")
    form = read(ben, home(cast)).form(f"/lanes/{lane.id}/approval")
    governance.reject(lane.id, cast.ada.actor_id, reason="No.", enqueue=desk.enqueued)
    answer = send(ben, form, htmx=htmx, note="Checked <b>by phone</b>.")
    assert answer.status_code == 409 and "Ada Okafor rejected this at" in answer.text
    assert "Checked &lt;b&gt;by phone&lt;/b&gt;." in answer.text
    assert "Checked &lt;b&gt;by phone" in ben.get(home(cast)).text, "and it is there after a reload"


def test_what_was_typed_in_a_second_tab_after_the_own_decision_stays(as_: As, cast: Cast, desk: Desk) -> None:
    lane, ben = desk.pending("refund"), as_("ben")
    page = read(ben, home(cast))
    send(ben, page.form(f"/lanes/{lane.id}/approval"))
    answer = send(ben, page.form(f"/lanes/{lane.id}/rejection"), htmx=True, reason="The bank voided it.")
    assert answer.status_code == 409 and "The bank voided it." in answer.text


def test_what_someone_typed_who_may_not_decide_any_more_stays(as_: As, cast: Cast, desk: Desk) -> None:
    lane = desk.submit("refund", cast.ben.actor_id).lane
    assert lane is not None
    ben = as_("ben")
    data = {"csrf_token": read(ben, home(cast)).form("/messages").values["csrf_token"], "reason": "My words."}
    answer = ben.post(f"/lanes/{lane.id}/rejection", data=data, headers=HTMX)
    assert answer.status_code == 403 and "My words." in answer.text


def test_a_note_that_is_too_long_is_said_and_stays(as_: As, cast: Cast, desk: Desk) -> None:
    lane, ben = desk.pending(), as_("ben")
    answer = send(ben, read(ben, home(cast)).form(f"/lanes/{lane.id}/approval"), htmx=True, note="y" * 2001)
    assert answer.status_code == 422 and "at most 2,000 fit" in answer.text and "y" * 2001 in answer.text
    assert desk.fresh(lane).status == "pending"


@pytest.mark.parametrize("missing", ["version", "digest"])
@pytest.mark.parametrize("value", [None, "", "one", "9" * 5000])
def test_a_decision_that_does_not_say_what_it_was_about_is_stale(
    as_: As, cast: Cast, desk: Desk, missing: str, value: str | None
) -> None:
    lane, ben = desk.pending(), as_("ben")
    form = read(ben, home(cast)).form(f"/lanes/{lane.id}/approval")
    del form.values[missing]
    answer = send(ben, form, htmx=True, **({} if value is None else {missing: value}))
    assert answer.status_code == 409 and desk.fresh(lane).status == "pending"


@pytest.mark.parametrize("reason", ["", "   ", "\n\t", "x" * 2001])
@pytest.mark.parametrize("verb", ["rejection", "deferral"])
def test_a_reason_that_is_none_stays_in_its_open_panel(
    as_: As, cast: Cast, desk: Desk, reason: str, verb: str
) -> None:
    lane, ben = desk.pending(), as_("ben")
    answer = send(ben, read(ben, home(cast)).form(f"/lanes/{lane.id}/{verb}"), htmx=True, reason=reason)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text and Page(answer.text).cards == {str(lane.id): "pending"}
    assert Page(answer.text).form(f"/{verb}").values["reason"] == reason
    assert desk.fresh(lane).status == "pending"


def test_a_decision_on_a_stale_view_is_refused_with_the_current_card(as_: As, cast: Cast, desk: Desk) -> None:
    lane, ben = desk.pending(), as_("ben")
    form = read(ben, home(cast)).form(f"/lanes/{lane.id}/approval")
    for stale in ({"version": "2"}, {"digest": "0" * 64}):
        answer = send(ben, form, htmx=True, **stale)
        assert answer.status_code == 409 and "changed since you opened it" in answer.text
    assert desk.fresh(lane).status == "pending"


def test_whoever_asked_reads_why_they_may_not_decide(as_: As, cast: Cast, desk: Desk) -> None:
    lane = desk.submit("refund", cast.ben.actor_id).lane
    assert lane is not None
    ben = as_("ben")
    page = read(ben, home(cast))
    assert "someone else has to decide it" in page.text
    assert not [form for form in page.forms if form.action.startswith("/lanes/")]
    token = page.form("/messages").values["csrf_token"]
    answer = ben.post(f"/lanes/{lane.id}/approval", data={"csrf_token": token}, headers=HTMX)
    assert answer.status_code == 403 and "someone else has to decide it" in answer.text


def test_after_the_deadline_nobody_can_decide(as_: As, cast: Cast, desk: Desk, clock: Clock) -> None:
    lane, ben = desk.pending(), as_("ben")
    form = read(ben, home(cast)).form(f"/lanes/{lane.id}/approval")
    clock.advance(days=3)
    assert "deadline to decide has passed" in read(ben, home(cast)).text
    answer = send(ben, form, htmx=True)
    assert answer.status_code == 409
    assert Page(answer.text).cards == {str(lane.id): "expired"} and "Ask again" in answer.text


def test_a_card_says_before_anyone_decides_that_it_would_fail(as_: As, cast: Cast, desk: Desk) -> None:
    lane = desk.pending("refund")
    with transaction():
        cast.iris.scopes = []
        db.session.add(cast.iris)
    page = read(as_("ben"), home(cast))
    assert "Would fail now." in page.text and "orders:refund" in page.text
    actions = [form.action for form in page.forms]
    assert f"/lanes/{lane.id}/approval" not in actions and f"/lanes/{lane.id}/rejection" in actions


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("wrong", ["0", "4711", str(2**63), "9" * 30, "one"])
def test_a_lane_that_is_none_is_not_found(as_: As, cast: Cast, verb: str, wrong: str) -> None:
    ben = as_("ben")
    token = read(ben, home(cast)).form("/messages").values["csrf_token"]
    answer = ben.post(f"/lanes/{wrong}/{verb}", data={"csrf_token": token, "reason": "No."})
    assert answer.status_code == 404
    assert ben.get(f"/lanes/{wrong}").status_code == 404


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"reason": NUL}, 400),
        ({"reason": TEN_MEGABYTES}, 413),
        ({"reason": "No.", "version": "one", "digest": "x"}, 409),
        ({"reason": "No.", "digest": "x" * 500}, 409),
        ({"reason": "No.", "version": "9" * 40}, 409),
    ],
)
def test_bad_decisions_are_answered_and_change_nothing(
    as_: As, cast: Cast, desk: Desk, data: dict[str, str], status: int
) -> None:
    lane, ben = desk.pending(), as_("ben")
    token = read(ben, home(cast)).form("/messages").values["csrf_token"]
    answer = ben.post(f"/lanes/{lane.id}/rejection", data={"csrf_token": token, **data}, headers=HTMX)
    assert answer.status_code == status and "Traceback" not in answer.text
    assert desk.fresh(lane).status == "pending"


def test_a_decision_without_the_forms_token_is_refused(as_: As, cast: Cast, desk: Desk) -> None:
    lane = desk.pending()
    assert as_("ben").post(f"/lanes/{lane.id}/approval").status_code == 400
    assert desk.fresh(lane).status == "pending"


def test_reasons_and_inputs_are_text(as_: As, cast: Cast, desk: Desk) -> None:
    lane, ben = desk.pending("internal_note", body="<img src=x onerror=alert(1)>"), as_("ben")
    send(ben, read(ben, home(cast)).form("/rejection"), reason="<b>no</b>")
    page = ben.get(home(cast)).text + ben.get(f"/lanes/{lane.id}").text
    assert "<img src=x" not in page and "<b>no</b>" not in page


def test_the_record_has_every_step_and_hides_secrets(as_: As, cast: Cast, desk: Desk) -> None:
    lane, ben = desk.approved(), as_("ben")
    whole = ben.get(f"/lanes/{lane.id}").text
    for words in ("Iris asked", "You approved", lane.digest, "Who decides"):
        assert words in whole
    for part in ("steps", "policy", "identifiers", "raw", ""):
        assert ben.get(f"/lanes/{lane.id}/history?part={part}", headers=HTMX).status_code == 200
    assert ben.get(f"/lanes/{lane.id}/history?part=../page").status_code == 404


def test_a_deactivated_operator_is_out(as_: As, cast: Cast, desk: Desk) -> None:
    lane, ben = desk.pending(), as_("ben")
    form = read(ben, home(cast)).form(f"/lanes/{lane.id}/approval")
    db.session.get_one(Operator, cast.ben.id).active = False
    db.session.commit()
    assert send(ben, form, htmx=True).status_code == 401
    assert desk.fresh(lane).status == "pending"
