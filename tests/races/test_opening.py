"""However many ask at once: one proposal, one lane, equal answers."""

from __future__ import annotations

from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from console import governance
from console.db import db
from console.governance import LaneAlreadyOpen
from console.models import ToolActionEvent, ToolApproval, ToolProposal
from tests.desk import Desk
from tests.races.crowd import crowd, sorted_out


def counted(model: type) -> int:
    db.session.remove()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize("tool_ref", ["refund", "peek"])
@pytest.mark.parametrize("before", ["nothing", "proposed"])
def test_submitting_at_once_makes_one_row_and_equal_answers(
    app: Flask, desk: Desk, tool_ref: str, before: str
) -> None:
    with crowd(app) as people:
        for number in range(1, 11):
            token = f"round-{number}"
            if before == "proposed":
                governance.propose(tool_ref, "agent:iris", desk.context(token))
            answers = people.at_once(*[partial(desk.submit, tool_ref, token=token)] * 8)
            won, _ = sorted_out(answers, LaneAlreadyOpen)
            assert len(won) == 8
            assert len({(one.proposal.id, one.lane.id) for one in won}) == 1
            assert (counted(ToolProposal), counted(ToolApproval)) == (number, number)
            assert counted(ToolActionEvent) == 2 * number and len(desk.enqueued.jobs) == number


def test_blocked_attempts_at_once_are_recorded_once(app: Flask, desk: Desk) -> None:
    with crowd(app) as people:
        for number in range(1, 11):
            answers = people.at_once(*[partial(desk.submit, "refund", token=f"r{number}", amount=0)] * 8)
            won, _ = sorted_out(answers, LaneAlreadyOpen)
            assert len({one.proposal.id for one in won}) == 1
            assert (counted(ToolProposal), counted(ToolActionEvent)) == (number, number)


def test_requests_for_approval_at_once_open_one_lane(app: Flask, desk: Desk) -> None:
    with crowd(app) as people:
        for number in range(1, 11):
            proposal = governance.propose("refund", "agent:iris", desk.context())
            assert isinstance(proposal, ToolProposal)
            acts = [partial(governance.request_approval, proposal, enqueue=desk.enqueued)] * 8
            won, refused = sorted_out(people.at_once(*acts), LaneAlreadyOpen)
            assert (len(won), len(refused)) == (1, 7) and counted(ToolApproval) == number


def test_a_request_and_a_decision_on_the_lane_before_it_leave_one_open_lane_at_most(
    app: Flask, desk: Desk
) -> None:
    with crowd(app) as people:
        for _ in range(20):
            lane = desk.pending("refund")
            acts = [partial(governance.request_approval, lane.proposal, enqueue=desk.enqueued)] * 3
            reject = partial(governance.defer, lane.id, desk.ben, reason="Later.")
            won, _ = sorted_out(people.at_once(*acts, reject), LaneAlreadyOpen)
            lanes = db.session.scalars(
                select(ToolApproval.status).where(ToolApproval.tool_proposal_id == lane.tool_proposal_id)
            ).all()
            assert lanes.count("pending") == len(won) - 1 <= 1
