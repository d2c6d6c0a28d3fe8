"""The sweep finds by state alone what was lost, and sends it again: each row of its table that concerns lanes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import text

from console.config import Settings
from console.db import db
from console.governance import execution
from jobs import actions
from jobs.sweep import sweep
from tests.conftest import Clock
from tests.desk import Desk

NOTHING = {
    "overdue": 0,
    "deferred": 0,
    "approved": 0,
    "execution_pending": 0,
    "deliveries_lost": 0,
    "deliveries_due": 0,
}


def waiting(app: Flask) -> list[str]:
    redis: Redis = app.extensions["console_redis"]
    return [job.decode() for job in redis.lrange("rq:queue:actions", 0, -1)]


def test_a_pending_lane_past_its_deadline_is_expired(desk: Desk, clock: Clock, app: Flask) -> None:
    lane, in_time = desk.pending(), desk.pending()
    desk.tamper(
        "UPDATE tool_approvals SET expires_at = now() + interval '9 days' WHERE id = :id", id=in_time.id
    )
    assert sweep() == NOTHING
    clock.advance(days=2)
    assert sweep() == NOTHING | {"overdue": 1}
    assert desk.fresh(lane).status == "expired" and desk.fresh(in_time).status == "pending"
    assert sweep() == NOTHING and waiting(app) == []


@pytest.mark.parametrize(("state", "verb"), [("approved", "resume"), ("to_run", "execute")])
def test_a_lane_that_nothing_moved_for_ten_seconds_is_sent_again(
    desk: Desk, clock: Clock, app: Flask, state: str, verb: str
) -> None:
    lane = getattr(desk, state)()
    clock.advance(seconds=9)
    assert sweep() == NOTHING and waiting(app) == []
    clock.advance(seconds=1)
    sweep()
    assert waiting(app) == [f"{verb}-{lane.id}-{lane.version}"]
    sweep()
    assert len(waiting(app)) == 1


def test_a_lane_that_a_worker_holds_is_left_alone(desk: Desk, clock: Clock, app: Flask) -> None:
    lane = desk.to_run()
    clock.advance(seconds=30)
    with db.engine.connect() as worker:
        worker.execute(text("SELECT pg_advisory_lock(:key)"), {"key": execution.lock_key(lane.id)})
        assert sweep() == NOTHING
        worker.execute(text("SELECT pg_advisory_unlock_all()"))
    assert sweep()["execution_pending"] == 1


def test_the_lock_of_another_database_or_of_another_kind_does_not_count(
    desk: Desk, clock: Clock, app: Flask, settings: Settings
) -> None:
    lane = desk.to_run()
    clock.advance(seconds=30)
    with db.engine.connect() as other:
        key = execution.lock_key(lane.id)
        other.execute(
            text("SELECT pg_advisory_lock(:high, :low)"), {"high": key >> 32, "low": key & 0x7FFFFFFF}
        )
        assert sweep()["execution_pending"] == 1
        other.execute(text("SELECT pg_advisory_unlock_all()"))


def test_a_pause_between_two_attempts_is_kept(desk: Desk, clock: Clock, app: Flask) -> None:
    lane = desk.to_run(does="fail")
    actions.execute(lane.id)
    app.extensions["console_redis"].flushall()
    desk.tamper("UPDATE tool_approvals SET retry_at = retry_at + interval '1 minute'")
    clock.advance(seconds=30)
    assert sweep() == NOTHING
    clock.advance(seconds=40)
    assert sweep()["execution_pending"] == 1 and len(waiting(app)) == 1


def test_a_retry_that_the_queue_lost_is_sent_again(desk: Desk, clock: Clock, app: Flask) -> None:
    lane = desk.to_run(does="fail")
    actions.execute(lane.id)
    assert app.extensions["console_redis"].zcard("rq:scheduled:actions") == 1
    app.extensions["console_redis"].flushall()
    clock.advance(seconds=11)
    sweep()
    assert waiting(app) == [f"execute-{lane.id}-{desk.fresh(lane).version}"]


def test_a_retry_that_the_queue_still_has_becomes_the_one_that_is_sent(
    desk: Desk, clock: Clock, app: Flask
) -> None:
    lane = desk.to_run(does="fail")
    actions.execute(lane.id)
    clock.advance(seconds=11)
    sweep()
    assert len(waiting(app)) == 1 and app.extensions["console_redis"].zcard("rq:scheduled:actions") == 0


def test_a_run_that_its_worker_left_is_sent_again(desk: Desk, clock: Clock, app: Flask) -> None:
    lane = desk.to_run("launch")
    assert execution.start(lane.id) is not None
    clock.advance(seconds=11)
    assert sweep()["execution_pending"] == 1
    actions.execute(lane.id)
    assert desk.fresh(lane).proposal.status == "unknown"


@pytest.mark.parametrize("verb", ["reject", "defer", "expire"])
def test_what_is_over_is_left_alone(desk: Desk, clock: Clock, app: Flask, verb: str) -> None:
    from console import governance

    lane = desk.pending()
    words = {} if verb == "expire" else {"actor_id": desk.ben, "reason": "No."}
    getattr(governance, verb)(lane.id, **words)
    done = desk.to_run()
    actions.execute(done.id)
    clock.advance(days=9)
    assert sweep() == NOTHING


def test_lanes_that_get_nowhere_do_not_keep_the_sweep_from_those_behind_them(
    desk: Desk, clock: Clock, app: Flask, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update={"sweep_batch": 2}))
    lanes = [desk.approved() for _ in range(5)]
    late = [desk.pending() for _ in range(5)]
    desk.tamper("UPDATE tool_approvals SET updated_at = (SELECT min(updated_at) FROM tool_approvals)")
    desk.tamper("UPDATE conversations SET waiting_lanes = 4")
    clock.advance(days=2)
    found = sweep()
    assert found["approved"] == 5 and len(waiting(app)) == 5
    # One counter is broken on purpose: the last expiry is refused by the database, the others are made.
    assert found["overdue"] == 4 and [desk.fresh(lane).status for lane in late].count("expired") == 4
    assert lanes


def test_a_lane_that_somebody_is_deciding_is_not_waited_for(desk: Desk, clock: Clock, app: Flask) -> None:
    lane = desk.pending()
    clock.advance(days=2)
    with db.engine.connect() as decider:
        decider.execute(text("SELECT id FROM tool_approvals WHERE id = :id FOR UPDATE"), {"id": lane.id})
        with ThreadPoolExecutor(1) as worker:
            assert worker.submit(_sweep, app).result(5) == NOTHING
        decider.rollback()
    assert sweep()["overdue"] == 1


def _sweep(app: Flask) -> dict[str, int]:
    with app.app_context():
        return sweep()


def test_a_thousand_lanes_without_workers_hold_one_job_each(desk: Desk, clock: Clock, app: Flask) -> None:
    lane = desk.approved()
    desk.tamper(
        "WITH asked AS (INSERT INTO tool_proposals (tool_ref, actor_id, input, idempotency_key, status, risk_tier,"
        " approval_mode, title, consequence, input_snapshot, scope_snapshot, policy_snapshot, attempts, created_at)"
        " SELECT tool_ref, actor_id, input, lpad(n::text, 64, '0'), status, risk_tier, approval_mode, title,"
        " consequence, input_snapshot, scope_snapshot, policy_snapshot, 0, created_at"
        " FROM tool_proposals, generate_series(1, 999) n RETURNING id)"
        " INSERT INTO tool_approvals (tool_proposal_id, status, version, digest, policy_snapshot, requested_by,"
        " expires_at, execute_by, decided_by, decided_at, attempt, attempt_open, starts, created_at, updated_at)"
        " SELECT asked.id, a.status, a.version, a.digest, a.policy_snapshot, a.requested_by, a.expires_at,"
        " a.execute_by, a.decided_by, a.decided_at, 0, false, 0, a.created_at, a.updated_at"
        " FROM tool_approvals a, asked WHERE a.id = :id",
        id=lane.id,
    )
    for _ in range(3):
        clock.advance(seconds=15)
        assert sweep()["approved"] == 1000
        assert len(waiting(app)) == len(set(waiting(app))) == 1000
    app.extensions["console_redis"].flushall()
    clock.moment += timedelta(seconds=15)
    sweep()
    assert len(set(waiting(app))) == 1000
