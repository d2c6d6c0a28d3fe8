"""Several writers of one trail at once: their events come one after the other, in one chain."""

from __future__ import annotations

from flask import Flask

from console import governance
from console.db import transaction
from console.governance.transitions import record
from console.models import EventType
from tests.desk import Desk
from tests.races.crowd import crowd
from tests.trail.tampering import found


def test_writers_who_hold_no_lock_of_the_proposal_make_one_chain_all_the_same(desk: Desk, app: Flask) -> None:
    proposal_id = desk.pending().tool_proposal_id

    def write() -> None:
        with transaction():
            proposal = governance.get_proposal(proposal_id)
            assert proposal is not None
            for _ in range(3):
                record(proposal, EventType.EXECUTION_ENQUEUED, "system")

    with crowd(app) as people:
        for answer in people.at_once(*[write] * 8):
            assert answer is None, answer
    events = governance.list_events(proposal_id)
    assert [event.sequence for event in events] == list(range(1, 27)) and found() == []


def test_decisions_about_many_lanes_at_once_leave_whole_trails(desk: Desk, app: Flask) -> None:
    lanes = [desk.pending().id for _ in range(4)]
    acts = [lambda lane=lane, who=who: governance.approve(lane, who, enqueue=desk.enqueued)  # type: ignore[misc]
            for lane in lanes for who in (desk.ada, desk.ben)]  # fmt: skip
    with crowd(app) as people:
        people.at_once(*acts)
    assert found() == []
