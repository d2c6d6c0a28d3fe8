"""However many workers and sweeps there are: every lane runs once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import select

from console.db import db
from console.governance import execution
from console.models import Customer
from console.tools import RiskTier, RunContext
from jobs import actions
from jobs.sweep import sweep
from tests.conftest import Clock
from tests.desk import Desk
from tests.races.crowd import crowd, sorted_out
from tests.tools import Acting


def written() -> int:
    db.session.remove()
    return len(db.session.scalars(select(Customer.id).where(Customer.ref.is_not(None))).all())


def test_workers_at_once_run_a_lane_once(app: Flask, desk: Desk) -> None:
    with crowd(app, 4) as people:
        for number in range(1, 11):
            lane = desk.to_run()
            sorted_out(people.at_once(*[partial(actions.execute, lane.id)] * 4), KeyError)
            assert written() == number
            assert desk.events(lane)[-2:] == ["execution_started", "execution_succeeded"]


def test_while_one_worker_runs_a_lane_the_others_go_away_and_people_are_not_kept_waiting(
    app: Flask, desk: Desk
) -> None:
    inside, go_on = threading.Event(), threading.Event()

    class Launch(Acting):
        risk_tier, title, description = RiskTier.LOW_WRITE, "Launch", "Takes its time."

        def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
            inside.set()
            assert go_on.wait(10)
            return {}

    lane = desk.to_run("launch")
    desk.offer(Launch())
    with ThreadPoolExecutor(1) as worker:
        running = worker.submit(_run, app, lane.id)
        assert inside.wait(10)
        actions.execute(lane.id)
        assert desk.fresh(lane).status == "execution_pending" and desk.fresh(lane).starts == 1
        assert sweep()["execution_pending"] == 0
        go_on.set()
        running.result(10)
    assert desk.fresh(lane).status == "executed" and desk.fresh(lane).starts == 1


def _run(app: Flask, lane_id: int) -> None:
    with app.app_context():
        actions.execute(lane_id)


def test_a_resume_and_the_end_of_its_time_never_both_count(app: Flask, desk: Desk, clock: Clock) -> None:
    with crowd(app, 4) as people:
        for _ in range(10):
            lane = desk.approved()
            late = partial(execution.resume, lane.id, enqueue=desk.enqueued)
            sorted_out(people.at_once(late, late, partial(execution.expire_due, lane.id), late), KeyError)
            assert desk.events(lane)[3:] == ["revalidation_passed"]
        assert desk.enqueued.names.count("execute") == 10


def test_two_sweeps_at_once_send_each_lane_once_and_expire_each_once(
    app: Flask, desk: Desk, clock: Clock
) -> None:
    lanes = [desk.pending() for _ in range(10)]
    clock.advance(days=2)
    waiting = [desk.approved() for _ in range(10)] + [desk.to_run() for _ in range(10)]
    clock.advance(seconds=11)
    redis = app.extensions["console_redis"]
    redis.flushall()
    with crowd(app, 4) as people:
        for _ in range(3):
            sorted_out(people.at_once(*[sweep] * 4), KeyError)
    queued = [job.decode() for job in redis.lrange("rq:queue:actions", 0, -1)]
    assert len(queued) == len(set(queued)) == len(waiting)
    assert all(desk.events(lane).count("expired") == 1 for lane in lanes)
