"""Opening a lane: one pending lane a proposal, and none for what needs no approval."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from console import governance
from console.db import transaction
from console.governance import LaneAlreadyOpen, NotFound, NotRequiresApproval, request_approval
from console.governance.policy import Policy
from console.models import ToolProposal
from tests.conftest import Clock
from tests.desk import Desk, Ears


def proposed(desk: Desk, tool_ref: str = "refund", **params: object) -> ToolProposal:
    found = governance.propose(tool_ref, "agent:iris", desk.context(**params))
    assert isinstance(found, ToolProposal)
    return found


def test_a_lane_opens_with_digest_deadline_and_rules(desk: Desk, clock: Clock) -> None:
    lane = request_approval(proposed(desk), actor_id="operator:2", enqueue=desk.enqueued)
    assert (lane.status, lane.requested_by, lane.version) == ("pending", "operator:2", 1)
    assert lane.expires_at == clock.moment + timedelta(seconds=172_800)
    assert len(lane.digest) == 64 and lane.policy_snapshot["four_eyes"] is True
    assert desk.enqueued.jobs[0][:2] == ("jobs.actions.expire", lane.id)


def test_a_lane_may_be_given_its_own_deadline(desk: Desk, clock: Clock) -> None:
    lane = request_approval(proposed(desk), ttl_seconds=60, enqueue=desk.enqueued)
    assert lane.expires_at == clock.moment + timedelta(seconds=60)


def test_the_request_is_audited_and_announced(desk: Desk, ears: Ears) -> None:
    proposal = proposed(desk)
    ears.heard()
    with pytest.raises(ZeroDivisionError), transaction():
        request_approval(proposal, enqueue=desk.enqueued)
        raise ZeroDivisionError
    assert ears.heard() == [] and desk.enqueued.names == []
    lane = request_approval(proposal, enqueue=desk.enqueued)
    assert f"conversation:{desk.conversation_id}" in ears.heard()
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert (event.event_type, event.from_status, event.to_status) == ("approval_requested", None, "pending")


@pytest.mark.parametrize("tool_ref", ["peek", "wipe"])
def test_what_asks_for_no_approval_is_refused(desk: Desk, tool_ref: str) -> None:
    with pytest.raises(NotRequiresApproval) as refusal:
        request_approval(proposed(desk, tool_ref), enqueue=desk.enqueued)
    assert refusal.value.code == "not_requires_approval"


def test_a_blocked_attempt_is_refused(desk: Desk) -> None:
    blocked = desk.submit("refund", amount=0).proposal
    assert blocked is not None
    with pytest.raises(NotRequiresApproval):
        request_approval(blocked)


def test_what_the_policy_has_since_blocked_is_refused(desk: Desk) -> None:
    proposal = proposed(desk, "adjust")
    desk.rule(Policy.model_validate({"tool": {"adjust": {"mode": "always_block"}}}))
    with pytest.raises(NotRequiresApproval):
        request_approval(proposal)


def test_a_tool_that_is_not_offered_any_more_is_refused(desk: Desk) -> None:
    proposal = proposed(desk, "adjust")
    del desk.tools._tools["adjust"]
    with pytest.raises(NotRequiresApproval):
        request_approval(proposal)


@pytest.mark.parametrize("state", ["pending", "approved", "to_run"])
def test_while_a_lane_is_open_there_is_no_second_one(desk: Desk, state: str) -> None:
    lane = getattr(desk, state)("adjust")
    with pytest.raises(LaneAlreadyOpen):
        request_approval(lane.proposal)


@pytest.mark.parametrize("verb", ["reject", "defer"])
def test_after_a_decision_against_it_a_new_lane_may_be_opened(desk: Desk, verb: str) -> None:
    lane = desk.pending()
    getattr(governance, verb)(lane.id, desk.ben, reason="Later.")
    again = request_approval(lane.proposal, enqueue=desk.enqueued)
    assert again.id != lane.id and again.status == "pending"
    latest, active = (
        f(lane.tool_proposal_id) for f in (governance.get_latest_approval, governance.get_active_approval)
    )
    assert latest is not None and active is not None and latest.id == active.id == again.id


def test_a_proposal_that_does_not_exist_is_not_found(desk: Desk) -> None:
    for number in (999, 10**30):
        with pytest.raises(NotFound):
            request_approval(ToolProposal(id=number))


def test_the_database_too_allows_one_pending_lane(desk: Desk) -> None:
    lane = desk.pending()
    with pytest.raises(IntegrityError, match="one_pending"):
        desk.tamper(
            "INSERT INTO tool_approvals (tool_proposal_id, status, version, digest, policy_snapshot, requested_by,"
            " expires_at, attempt, attempt_open, starts, created_at, updated_at) SELECT tool_proposal_id, status,"
            " version, digest, policy_snapshot, requested_by, expires_at, attempt, attempt_open, starts, created_at,"
            " updated_at FROM tool_approvals WHERE id = :id",
            id=lane.id,
        )
