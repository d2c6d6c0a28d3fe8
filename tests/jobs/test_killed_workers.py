"""Workers die at any moment and the queue forgets everything: nothing is lost, and nothing happens twice."""

from __future__ import annotations

from collections import Counter

import pytest
from redis import Redis
from sqlalchemy import select, text

from console import governance, queue
from console.db import db
from console.models import Customer, ToolApproval
from jobs.sweep import sweep
from tests.desk import Desk, wait_until
from tests.jobs.conftest import Start


def approve(desk: Desk, tool_ref: str, **params: object) -> ToolApproval:
    """Through the real queue, from the approval on."""
    lane = desk.pending(tool_ref, **params)
    return governance.approve(lane.id, desk.ben)


def over(lanes: list[ToolApproval]) -> bool:
    """Whether no lane is under way any more; sweeps while some are."""
    db.session.rollback()
    waiting = select(ToolApproval.id).where(ToolApproval.status.in_(["approved", "execution_pending"]))
    if db.session.scalars(waiting).first() is None:
        return True
    db.session.rollback()
    sweep()
    return False


def blocked_in_the_database() -> bool:
    db.session.rollback()
    return bool(db.session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


@pytest.mark.parametrize("forget", [False, True], ids=["the queue remembers", "the queue forgets too"])
def test_workers_killed_at_any_moment_lose_and_double_nothing(
    desk: Desk, start: Start, impatient: Redis, forget: bool
) -> None:
    before_start = desk.to_run("refund")
    with db.engine.connect() as somebody:
        somebody.execute(
            text("SELECT 1 FROM tool_approvals WHERE id = :id FOR UPDATE"), {"id": before_start.id}
        )
        queue.push("jobs.actions.execute", before_start.id, job_id=f"execute-{before_start.id}-3")
        lanes = {
            "inside": approve(desk, "refund", does="wait"),
            "before commit": approve(desk, "refund", does="wait_to_commit"),
            "idempotent": approve(desk, "ping", does="wait"),
            "unsafe": approve(desk, "launch", does="wait"),
        }
        workers = start(5)
        assert wait_until(lambda: impatient.llen("effects") == 4, 60), impatient.lrange("effects", 0, -1)
        assert wait_until(blocked_in_the_database)
        workers.kill()
        somebody.rollback()
    not_started = approve(desk, "refund")
    impatient.delete("effects") if not forget else impatient.flushall()
    impatient.set("go-on", 1)
    start(2)
    everything = [before_start, not_started, *lanes.values()]
    assert wait_until(lambda: over(everything), 60)

    ends = {name: desk.fresh(lane) for name, lane in lanes.items()}
    assert {name: lane.status for name, lane in ends.items()} == {
        "inside": "executed",
        "before commit": "executed",
        "idempotent": "executed",
        "unsafe": "execution_failed",
    }
    assert ends["unsafe"].proposal.status == "unknown"
    assert desk.fresh(before_start).status == desk.fresh(not_started).status == "executed"
    written = Counter(
        name.split()[0] for name in db.session.scalars(select(Customer.name).where(Customer.ref.is_not(None)))
    )
    assert written == {"refund": 4, "ping": 1}
    again = [key.decode() for key in impatient.lrange("effects", 0, -1)]
    assert len(again) == 3, "the unsafe tool must not act a second time"
    for lane in everything:
        assert desk.events(lane).count("execution_succeeded") == (lane.id != lanes["unsafe"].id)


def test_a_queue_that_forgets_everything_loses_no_approval(
    desk: Desk, start: Start, impatient: Redis
) -> None:
    start(2)
    assert wait_until(lambda: impatient.scard("rq:workers") == 2, 60)
    for _ in range(2):
        lanes = [approve(desk, "adjust", amount=amount) for amount in range(1, 11)]
        impatient.flushall()
        assert wait_until(lambda lanes=lanes: over(lanes), 60)
        assert {desk.fresh(lane).status for lane in lanes} == {"executed"}
        assert all(desk.fresh(lane).starts == 1 for lane in lanes)


def test_a_failed_attempt_is_tried_again_by_the_queue_alone(
    desk: Desk, start: Start, impatient: Redis
) -> None:
    lane = approve(desk, "adjust", does="fail")
    start(1)
    assert wait_until(lambda: desk.fresh(lane).status == "execution_failed", 60)
    assert desk.fresh(lane).attempt == 3 and desk.events(lane)[-1] == "execution_failed"
