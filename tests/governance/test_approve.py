"""Approving is bound to what was shown, made once, by somebody who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from console import governance
from console.db import db, transaction
from console.governance import (
    FourEyesRequired,
    GovernanceError,
    LaneExpired,
    NotAllowed,
    NotFound,
    NotPending,
    ReasonRequired,
    StaleView,
    approve,
)
from console.governance.policy import Policy
from tests.conftest import Clock
from tests.desk import Desk, Ears


def test_an_approval_is_recorded_and_the_resume_job_leaves(desk: Desk, clock: Clock) -> None:
    lane = desk.pending()
    clock.advance(minutes=1)
    done = approve(lane.id, desk.ben, note=" Fine. ", version=1, digest=lane.digest, enqueue=desk.enqueued)
    assert (done.status, done.decided_by, done.reason, done.version) == ("approved", "operator:2", "Fine.", 2)
    assert done.decided_at == clock.moment
    assert desk.enqueued.jobs[-1][:2] == ("jobs.actions.resume", lane.id)


def test_an_approval_is_audited(desk: Desk) -> None:
    event = governance.list_events(desk.approved().tool_proposal_id)[-1]
    assert (event.event_type, event.actor_id) == ("approved", desk.ben)
    assert (event.from_status, event.to_status) == ("pending", "approved")


def test_an_approval_is_announced_after_the_commit_alone(desk: Desk, ears: Ears) -> None:
    lane = desk.pending()
    ears.heard()
    with pytest.raises(ZeroDivisionError), transaction():
        approve(lane.id, desk.ben, enqueue=desk.enqueued)
        assert ears.heard() == []
        raise ZeroDivisionError
    assert ears.heard() == [] and desk.fresh(lane).status == "pending" and "resume" not in desk.enqueued.names
    approve(lane.id, desk.ben, enqueue=desk.enqueued)
    assert {"inbox", "approvals", "lanes", f"conversation:{lane.conversation_id}"} <= set(ears.heard())


@pytest.mark.parametrize(("minutes", "later_one"), [(1, "expires_at"), (60 * 48 - 1, "now")])
def test_the_time_to_run_is_the_deadline_or_fifteen_minutes_from_now(
    desk: Desk, clock: Clock, minutes: int, later_one: str
) -> None:
    lane = desk.pending()
    clock.advance(minutes=minutes)
    done = approve(lane.id, desk.ben, enqueue=desk.enqueued)
    expected = lane.expires_at if later_one == "expires_at" else clock.moment + timedelta(minutes=15)
    assert done.execute_by == expected


def test_who_comes_second_reads_who_decided_what_and_when(desk: Desk) -> None:
    lane = desk.approved()
    with pytest.raises(NotPending) as refusal:
        approve(lane.id, desk.ada)
    assert refusal.value.code == "not_pending" and refusal.value.status == 409
    assert "Ben Weiss approved this at" in refusal.value.sentence


@pytest.mark.parametrize(
    "actor", ["agent:iris", "system", "policy", "operator:99", "nobody", "operator:0", ""]
)
def test_no_software_and_no_stranger_decides(desk: Desk, actor: str) -> None:
    lane = desk.pending()
    with pytest.raises(NotAllowed):
        approve(lane.id, actor)
    assert desk.fresh(lane).status == "pending"


def test_a_deactivated_operator_does_not_decide(desk: Desk) -> None:
    lane = desk.pending()
    desk.tamper("UPDATE operators SET active = false WHERE id = :id", id=desk.cast.ben.id)
    with pytest.raises(NotAllowed, match="deactivated"):
        approve(lane.id, desk.ben)


def test_a_role_that_the_policy_does_not_name_does_not_decide(desk: Desk) -> None:
    lane = desk.pending()
    desk.rule(Policy.model_validate({"tier": {"low_write": {"decide": ["admin"]}}}))
    with pytest.raises(NotAllowed, match="admin"):
        approve(lane.id, desk.ben)
    approve(lane.id, desk.ada, enqueue=desk.enqueued)


def test_a_role_that_no_longer_agrees_with_the_policy_of_the_lane_is_told_so(desk: Desk) -> None:
    desk.rule(Policy.model_validate({"tier": {"low_write": {"decide": ["admin"]}}}))
    lane = desk.pending()
    desk.rule(Policy.model_validate({"tier": {"low_write": {"decide": ["operator"]}}}))
    with pytest.raises(NotAllowed, match="nobody"):
        approve(lane.id, desk.ada)


def test_who_asked_does_not_decide_where_four_eyes_are_wanted(desk: Desk) -> None:
    ben = desk.cast.ben
    lane = desk.submit("refund", ben.actor_id).lane
    assert lane is not None
    for verb, words in (
        (approve, {}),
        (governance.reject, {"reason": "x"}),
        (governance.defer, {"reason": "x"}),
    ):
        with pytest.raises(FourEyesRequired) as refusal:
            verb(lane.id, ben.actor_id, **words)
        assert refusal.value.status == 403
    approve(lane.id, desk.cleo, enqueue=desk.enqueued)


@pytest.mark.parametrize(
    "spelling", ["operator:02", "operator: 2", "operator:2 ", "operator:+2", "operator:٢"]
)
def test_another_spelling_of_a_name_does_not_lend_a_second_pair_of_eyes(desk: Desk, spelling: str) -> None:
    lane = desk.submit("refund", desk.ben).lane
    assert lane is not None
    with pytest.raises(GovernanceError):
        approve(lane.id, spelling)
    assert desk.fresh(lane).status == "pending"


def test_who_asked_for_the_lane_again_counts_as_who_asked(desk: Desk) -> None:
    lane = desk.pending("refund")
    governance.defer(lane.id, desk.ada, reason="Later.")
    lane = governance.request_approval(lane.proposal, actor_id=desk.ben, enqueue=desk.enqueued)
    with pytest.raises(FourEyesRequired):
        approve(lane.id, desk.ben)


def test_where_four_eyes_are_not_wanted_who_asked_may_decide(desk: Desk) -> None:
    lane = desk.submit("adjust", desk.ben).lane
    assert lane is not None
    assert approve(lane.id, desk.ben, enqueue=desk.enqueued).status == "approved"


def test_approve_refuses_a_card_that_changed_since_it_was_shown(desk: Desk) -> None:
    lane = desk.pending()
    for stale in ({"version": 2}, {"version": 0}, {"digest": "0" * 64}, {"version": 1, "digest": "f" * 64}):
        with pytest.raises(StaleView) as refusal:
            approve(lane.id, desk.ben, **stale)  # type: ignore[arg-type]
        assert refusal.value.code == "stale_view"
    assert desk.fresh(lane).status == "pending"


def test_an_input_changed_in_the_database_before_the_decision_is_not_approved(desk: Desk) -> None:
    lane = desk.pending(amount=5)
    desk.tamper("UPDATE tool_proposals SET input = jsonb_set(input, '{amount}', '500')")
    with pytest.raises(StaleView, match="changed"):
        approve(lane.id, desk.ben, version=lane.version, digest=lane.digest)
    assert desk.fresh(lane).status == "pending" and "resume" not in desk.enqueued.names
    governance.reject(lane.id, desk.ben, reason="Somebody changed it.")


def test_a_decision_after_the_deadline_closes_the_lane_then_and_there(
    desk: Desk, clock: Clock, ears: Ears
) -> None:
    lane = desk.pending()
    clock.advance(days=2)
    ears.heard()
    with pytest.raises(LaneExpired) as refusal:
        approve(lane.id, desk.ben, enqueue=desk.enqueued)
    assert refusal.value.code == "expired" and desk.enqueued.names == ["expire"]
    assert desk.fresh(lane).status == "expired" and desk.events(lane)[-1] == "expired"
    assert "approvals" in ears.heard()
    with pytest.raises(LaneExpired):
        approve(lane.id, desk.ben)
    assert desk.events(lane).count("expired") == 1


def test_the_late_lane_stays_closed_when_the_refusal_is_caught_in_a_larger_transaction(
    desk: Desk, clock: Clock
) -> None:
    lane = desk.pending()
    clock.advance(days=2)
    with transaction(), pytest.raises(LaneExpired):
        approve(lane.id, desk.ben)
    db.session.expire_all()
    assert desk.fresh(lane).status == "expired"


def test_a_second_before_the_deadline_is_in_time(desk: Desk, clock: Clock) -> None:
    lane = desk.pending()
    clock.advance(days=2, seconds=-1)
    assert approve(lane.id, desk.ben, enqueue=desk.enqueued).status == "approved"


def test_somebody_who_may_not_decide_does_not_close_a_late_lane(desk: Desk, clock: Clock) -> None:
    lane = desk.pending()
    clock.advance(days=3)
    with pytest.raises(NotAllowed):
        approve(lane.id, "agent:iris")
    assert desk.fresh(lane).status == "pending"


@pytest.mark.parametrize("lane_id", [999, 0, -1, 2**63, 10**30])
def test_a_lane_that_does_not_exist_is_not_found(desk: Desk, lane_id: int) -> None:
    with pytest.raises(NotFound) as refusal:
        approve(lane_id, desk.ben)
    assert refusal.value.status == 404


def test_a_note_is_optional_and_has_its_limit(desk: Desk) -> None:
    lane = desk.pending()
    with pytest.raises(ReasonRequired, match="2,001"):
        approve(lane.id, desk.ben, note="x" * 2001)
    assert approve(lane.id, desk.ben, note="  ", enqueue=desk.enqueued).reason is None


def test_an_approval_never_runs_the_tool(desk: Desk, app: Flask) -> None:
    lane = desk.approved()
    assert lane.attempt == 0 and "execution_started" not in desk.events(lane)


def test_the_conversation_counts_the_lanes_that_wait(desk: Desk) -> None:
    first, second = desk.pending(), desk.pending("refund")
    assert desk.waiting == 2
    approve(first.id, desk.ben, enqueue=desk.enqueued)
    governance.reject(second.id, desk.ben, reason="No.")
    assert desk.waiting == 0
