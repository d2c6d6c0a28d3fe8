"""Deferred until a day: on that day it is asked again, if whoever asked still may, and the trail tells either way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from console import conversations, governance
from console.db import db, now, transaction
from console.governance import DateNotUsable, Wanted, recovery
from console.governance.policy import Policy, Section
from console.governance.returning import bring_back
from console.models import ToolApproval
from console.tools import ApprovalMode
from jobs.sweep import sweep
from tests.conftest import Clock
from tests.desk import Desk, Ears


@pytest.fixture
def deferred(desk: Desk, clock: Clock) -> ToolApproval:
    """A refund that Ben put off for two days."""
    lane = desk.pending("refund")
    return governance.defer(
        lane.id, desk.ben, reason="The bank confirms by then.", until=now() + timedelta(days=2)
    )


def latest(lane: ToolApproval) -> ToolApproval:
    found = governance.get_latest_approval(lane.tool_proposal_id)
    assert found is not None
    return found


def test_a_deferral_says_until_when(desk: Desk, deferred: ToolApproval) -> None:
    assert deferred.status == "deferred" and deferred.wake_at == now() + timedelta(days=2)
    event = governance.list_events(deferred.tool_proposal_id)[-1]
    assert event.details == {"until": deferred.wake_at.isoformat()}


def test_without_a_day_it_stays_away(desk: Desk, clock: Clock) -> None:
    lane = governance.defer(desk.pending().id, desk.ben, reason="Some day.")
    clock.advance(days=80)
    assert lane.wake_at is None and list(recovery.due_back()) == []
    assert governance.list_events(lane.tool_proposal_id)[-1].details == {}


@pytest.mark.parametrize("until", [timedelta(), timedelta(seconds=-1), timedelta(days=90, seconds=1)])
def test_a_day_that_cannot_be_is_refused(desk: Desk, clock: Clock, until: timedelta) -> None:
    lane = desk.pending()
    with pytest.raises(DateNotUsable):
        governance.defer(lane.id, desk.ben, reason="Later.", until=now() + until)
    with pytest.raises(DateNotUsable):
        governance.defer(lane.id, desk.ben, reason="Later.", until=datetime(2199, 1, 1))  # noqa: DTZ001
    assert desk.fresh(lane).status == "pending"


def test_it_comes_back_on_its_day_by_the_sweep(
    desk: Desk, deferred: ToolApproval, clock: Clock, ears: Ears
) -> None:
    clock.advance(days=2, seconds=-1)
    assert sweep()["deferred"] == 0
    clock.advance(seconds=1)
    ears.heard()
    assert sweep()["deferred"] == 1
    assert {"approvals", f"conversation:{desk.conversation_id}"} <= set(ears.heard())
    again = latest(deferred)
    assert (again.status, again.requested_by, again.returns_id) == ("pending", "system", deferred.id)
    assert again.expires_at == now() + timedelta(days=2)
    event = governance.list_events(again.tool_proposal_id)[-1]
    assert (event.event_type, event.actor_id, event.tool_approval_id) == (
        "approval_requested",
        "system",
        again.id,
    )
    assert desk.waiting == 1 and sweep()["deferred"] == 0


def test_the_queue_says_what_it_was_put_off_for(desk: Desk, deferred: ToolApproval, clock: Clock) -> None:
    clock.advance(days=2)
    assert bring_back(deferred.id)
    [row] = governance.list_queue(desk.cast.ada, Wanted(), limit=5).rows
    assert (row.deferred_by, row.deferred_why) == (desk.ben, "The bank confirms by then.")


def test_who_asked_first_still_may_not_decide_it(desk: Desk, clock: Clock) -> None:
    lane = desk.submit("refund", desk.ben).lane
    assert lane is not None
    governance.defer(lane.id, desk.ada, reason="Later.", until=now() + timedelta(hours=1))
    clock.advance(hours=1)
    bring_back(lane.id)
    with pytest.raises(governance.FourEyesRequired):
        governance.approve(latest(lane).id, desk.ben)
    assert governance.approve(latest(lane).id, desk.ada, enqueue=desk.enqueued).status == "approved"


def revoke(desk: Desk) -> None:
    with transaction():
        desk.cast.iris.scopes = []
        db.session.add(desk.cast.iris)


def deactivate(desk: Desk) -> None:
    with transaction():
        desk.cast.iris.active = False
        db.session.add(desk.cast.iris)


def withdraw(desk: Desk) -> None:
    del desk.tools._tools["refund"]


def block(desk: Desk) -> None:
    desk.rule(Policy(tool={"refund": Section(mode=ApprovalMode.ALWAYS_BLOCK)}))


@pytest.mark.parametrize(
    ("taken", "says"),
    [
        (revoke, "iris no longer holds the permission orders:refund."),
        (deactivate, "iris, is no longer active."),
        (withdraw, "not offered any more."),
        (block, "The policy became stricter since this was asked."),
    ],
)
def test_what_may_not_come_back_says_why(
    desk: Desk, deferred: ToolApproval, clock: Clock, ears: Ears, taken: object, says: str
) -> None:
    assert callable(taken)
    taken(desk)
    clock.advance(days=2)
    ears.heard()
    assert sweep()["deferred"] == 0
    assert "approvals" in ears.heard()
    lane = latest(deferred)
    assert (lane.id, lane.status, lane.wake_at) == (deferred.id, "deferred", None)
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert (event.event_type, event.actor_id, event.to_status) == (
        "revalidation_failed",
        "system",
        "deferred",
    )
    assert event.reason is not None and event.reason.startswith("This was to come back now, and could not.")
    assert event.reason.endswith(says) and lane.last_error == event.reason
    sweep()
    assert governance.list_events(lane.tool_proposal_id)[-1].id == event.id, "said once"


def test_what_was_asked_again_by_hand_does_not_come_back_twice(
    desk: Desk, deferred: ToolApproval, clock: Clock
) -> None:
    again = governance.request_approval(deferred.proposal, actor_id=desk.ada, enqueue=desk.enqueued)
    clock.advance(days=2)
    assert sweep()["deferred"] == 0
    assert latest(deferred).id == again.id and desk.fresh(deferred).wake_at is None


def test_the_same_asked_anew_meanwhile_keeps_it_away(
    desk: Desk, deferred: ToolApproval, clock: Clock
) -> None:
    desk.pending("refund")
    clock.advance(days=2)
    assert not bring_back(deferred.id)
    assert "Somebody asked for the same again meanwhile." in (latest(deferred).last_error or "")


def test_another_amount_asked_meanwhile_does_not(desk: Desk, deferred: ToolApproval, clock: Clock) -> None:
    desk.pending("refund", amount=7)
    clock.advance(days=2)
    assert bring_back(deferred.id)


def test_a_conversation_that_was_resolved_after_the_deferral_keeps_nothing_away(
    desk: Desk, deferred: ToolApproval, clock: Clock
) -> None:
    clock.advance(hours=1)
    conversations.resolve(desk.conversation_id, desk.ben)
    clock.advance(days=2)
    assert bring_back(deferred.id)
    assert governance.would_fail(latest(deferred)) is None


def test_only_what_is_deferred_and_due_comes_back(desk: Desk, deferred: ToolApproval) -> None:
    for lane in (deferred, desk.pending(), desk.approved()):
        assert not bring_back(lane.id)
    assert not bring_back(4711)


def test_a_day_in_any_zone_is_the_same_moment(desk: Desk, clock: Clock) -> None:
    until = (now() + timedelta(hours=3)).astimezone(UTC)
    assert governance.defer(desk.pending().id, desk.ben, reason="Later.", until=until).wake_at == until
