"""Ending, starting again and bringing back, against decisions and against each other: each lane takes one way."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from flask import Flask

from console import governance
from console.db import now
from console.governance import GovernanceError
from console.governance.returning import bring_back
from jobs import actions
from tests.conftest import Clock
from tests.desk import Desk
from tests.races.crowd import crowd, sorted_out


def test_a_decision_and_an_ended_selection_never_both_count(app: Flask, desk: Desk) -> None:
    with crowd(app) as people:
        for _ in range(10):
            lanes = [desk.pending() for _ in range(3)]
            ids = [lane.id for lane in lanes]
            answers = people.at_once(
                partial(governance.expire_each, ids, actor_id=desk.ada),
                *[partial(governance.approve, one, desk.ben, enqueue=desk.enqueued) for one in ids],
            )
            ended = {one.lane_id: one.refusal for one in answers[0]}
            for lane_id, answer in zip(ids, answers[1:], strict=True):
                refused = isinstance(answer, GovernanceError)
                assert refused == (ended[lane_id] is None), "one of the two, and only one"
            assert all(len(desk.events(lane)) == 3 for lane in lanes)
    assert desk.waiting == 0


def test_two_who_start_it_at_once_start_one_run(app: Flask, desk: Desk) -> None:
    lane = desk.to_run()
    with crowd(app) as people:
        people.at_once(*[partial(governance.start_again, lane.id, desk.ada, enqueue=desk.enqueued)] * 4)
    for _ in range(4):
        actions.execute(lane.id)
    assert desk.events(lane).count("execution_started") == 1


def test_of_several_sweeps_at_once_one_brings_it_back(app: Flask, desk: Desk, clock: Clock) -> None:
    lane = desk.pending("refund")
    deferred = governance.defer(lane.id, desk.ben, reason="Later.", until=now() + timedelta(days=2))
    clock.advance(days=2)
    with crowd(app) as people:
        asked = partial(governance.request_approval, deferred.proposal, enqueue=desk.enqueued)
        won, _ = sorted_out(
            people.at_once(*[partial(bring_back, deferred.id)] * 6, asked), governance.GovernanceError
        )
    opened = [event for event in desk.events(deferred) if event == "approval_requested"]
    assert len(opened) == 2 and desk.waiting == 1
    assert sum(answer is True for answer in won) <= 1
