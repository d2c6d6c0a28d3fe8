"""What the web and the API call: propose, and then by mode."""

from __future__ import annotations

import pytest
from flask import Flask

from console import governance
from console.db import db, transaction
from console.governance import Blocked, ToolContext
from console.models import ToolApproval, ToolProposal
from tests.desk import Desk, Ears


def test_what_requires_approval_gets_a_lane_in_the_same_transaction(desk: Desk, ears: Ears) -> None:
    submission = desk.submit("refund", amount=5)
    assert submission.lane is not None and submission.lane.status == "pending"
    assert desk.events(submission.lane) == ["proposal_created", "approval_requested"]
    assert desk.enqueued.names == ["expire"]
    assert desk.enqueued.jobs[0][2]["at"] == submission.lane.expires_at
    assert {"approvals", "lanes", "inbox"} <= set(ears.heard())


def test_a_lane_that_cannot_be_opened_takes_the_proposal_with_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the lane cannot be written")

    monkeypatch.setattr("console.governance.lanes.open_lane", broken)
    with pytest.raises(RuntimeError):
        desk.submit("refund", amount=5)
    assert db.session.query(ToolProposal).count() == 0 and desk.enqueued.names == []


def test_what_is_automatic_waits_to_run_at_once_and_leaves_a_full_trail(desk: Desk) -> None:
    lane = desk.submit("peek").lane
    assert lane is not None and (lane.status, lane.decided_by) == ("execution_pending", "policy")
    assert desk.events(lane) == ["proposal_created", "execution_enqueued"]
    assert desk.enqueued.names == ["execute"]


def test_what_is_always_blocked_stops_after_the_proposal(desk: Desk) -> None:
    submission = desk.submit("wipe")
    assert submission.proposal is not None and submission.lane is None and submission.blocked is None
    assert desk.enqueued.names == []


def test_a_blocked_attempt_has_a_reason_and_no_lane(desk: Desk) -> None:
    submission = desk.submit("refund", amount=0)
    assert isinstance(submission.blocked, Blocked) and submission.lane is None
    assert submission.proposal is submission.blocked.proposal


@pytest.mark.parametrize("tool_ref", ["refund", "peek"])
def test_the_same_key_returns_the_same_lane(desk: Desk, tool_ref: str) -> None:
    first, second = (desk.submit(tool_ref, token="same") for _ in range(2))
    assert first.lane is not None and second.lane is not None
    assert first.lane.id == second.lane.id and len(desk.enqueued.jobs) == 1


def test_the_same_key_returns_a_lane_that_was_decided_and_opens_no_second_one(desk: Desk) -> None:
    lane = desk.pending("refund", token="same")
    governance.reject(lane.id, desk.ben, reason="No.")
    again = desk.submit("refund", token="same")
    assert again.lane is not None and (again.lane.id, again.lane.status) == (lane.id, "rejected")
    assert db.session.query(ToolApproval).count() == 1


def test_submitting_what_was_only_proposed_opens_its_lane(desk: Desk) -> None:
    proposal = governance.propose("refund", "agent:iris", desk.context("same"))
    assert isinstance(proposal, ToolProposal)
    submission = desk.submit("refund", token="same")
    assert submission.lane is not None and submission.lane.tool_proposal_id == proposal.id


def test_jobs_leave_after_the_outermost_commit(desk: Desk, app: Flask) -> None:
    with transaction():
        desk.submit("refund")
        assert desk.enqueued.names == []
    assert desk.enqueued.names == ["expire"]


def test_jobs_of_what_was_rolled_back_never_leave(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        desk.submit("refund")
        raise ZeroDivisionError
    assert desk.enqueued.names == []


def test_the_record_comes_before_the_job(desk: Desk) -> None:
    seen: list[str] = []

    def watching(job: str, lane_id: int, **options: object) -> None:
        found = governance.get_approval(lane_id)
        seen.append(found.status if found else "nothing")

    context = ToolContext(conversation_id=desk.conversation_id)
    governance.submit("adjust", "agent:iris", context, enqueue=watching)
    assert seen == ["pending"]
