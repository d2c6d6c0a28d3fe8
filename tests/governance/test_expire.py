"""The end of waiting: by the scheduled job, the sweep, or an admin."""

from __future__ import annotations

import pytest

from console import governance
from console.db import transaction
from console.governance import LaneExpired, NotAllowed, NotFound, NotPending, execution, expire
from jobs import actions
from tests.conftest import Clock
from tests.desk import Desk, Ears


def test_the_system_ends_the_waiting(desk: Desk, ears: Ears) -> None:
    lane = desk.pending()
    ears.heard()
    assert expire(lane.id).status == "expired"
    assert "approvals" in ears.heard()
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert (event.event_type, event.actor_id, event.to_status) == ("expired", "system", "expired")


def test_a_rolled_back_expiry_is_not_announced(desk: Desk, ears: Ears) -> None:
    lane = desk.pending()
    ears.heard()
    with pytest.raises(ZeroDivisionError), transaction():
        expire(lane.id)
        raise ZeroDivisionError
    assert ears.heard() == [] and desk.fresh(lane).status == "pending"


def test_an_admin_ends_the_waiting_and_is_named_to_who_comes_second(desk: Desk) -> None:
    lane = desk.pending()
    assert expire(lane.id, actor_id=desk.ada).decided_by == desk.ada
    with pytest.raises(NotPending, match="Ada Okafor let lapse this at"):
        governance.approve(lane.id, desk.ben)


@pytest.mark.parametrize("actor", ["operator:2", "operator:3", "agent:iris", "policy", "operator:99"])
def test_nobody_else_ends_the_waiting(desk: Desk, actor: str) -> None:
    lane = desk.pending()
    with pytest.raises(NotAllowed):
        expire(lane.id, actor_id=actor)
    assert desk.fresh(lane).status == "pending"


@pytest.mark.parametrize("state", ["approved", "to_run"])
def test_only_what_waits_for_a_decision_expires(desk: Desk, state: str) -> None:
    lane = getattr(desk, state)()
    with pytest.raises(NotPending):
        expire(lane.id)


def test_what_the_system_closed_answers_a_decision_with_expired(desk: Desk) -> None:
    lane = desk.pending()
    expire(lane.id)
    with pytest.raises(LaneExpired):
        governance.approve(lane.id, desk.ben)


def test_a_lane_that_does_not_exist_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        expire(999)
    actions.expire(999)
    assert execution.expire_due(10**30) is False


def test_the_scheduled_job_leaves_a_lane_alone_whose_deadline_has_not_come(desk: Desk, clock: Clock) -> None:
    lane = desk.pending()
    actions.expire(lane.id)
    assert desk.fresh(lane).status == "pending"
    clock.advance(days=2)
    actions.expire(lane.id)
    actions.expire(lane.id)
    assert desk.fresh(lane).status == "expired" and desk.events(lane).count("expired") == 1


def test_the_scheduled_job_leaves_a_decided_lane_alone(desk: Desk, clock: Clock) -> None:
    lane = desk.approved()
    clock.advance(days=3)
    actions.expire(lane.id)
    assert desk.fresh(lane).status == "approved"
