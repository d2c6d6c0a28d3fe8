"""Deciding in place: the next one is open afterwards, and what did not count is said where it was decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from console import governance
from console.conversations import draft
from tests.conftest import Cast
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import HTMX, Page, send
from tests.views.queue import card_form, due, opened, rows


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
