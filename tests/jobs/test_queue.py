"""Sending jobs: one waiting for one purpose, none lost to an old id, nobody kept waiting by a queue that is away."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from rq.job import Job, JobStatus
from rq.utils import utcformat

from console import governance, queue
from console.config import Settings
from console.db import transaction
from tests.desk import Desk
from tests.races.crowd import crowd, sorted_out

ID = "execute-1-2"


@pytest.fixture
def redis(app: Flask) -> Redis:
    client: Redis = app.extensions["console_redis"]
    return client


def push(job_id: str = ID, at: datetime | None = None) -> None:
    queue.push("jobs.actions.execute", 1, job_id=job_id, at=at)


def waiting(redis: Redis) -> list[str]:
    return [job.decode() for job in redis.lrange("rq:queue:actions", 0, -1)]


def test_a_job_waits_once_however_often_it_is_sent(app: Flask, redis: Redis) -> None:
    for _ in range(3):
        push()
    assert waiting(redis) == [ID]
    job = Job.fetch(ID, connection=redis)
    assert (job.func_name, job.args, job.timeout) == ("jobs.actions.execute", (1,), 300)


def test_a_job_waits_once_when_it_is_sent_from_many_places_at_once(app: Flask, redis: Redis) -> None:
    with crowd(app) as people:
        for number in range(20):
            push(f"left-{number}", at=datetime.now(UTC) + timedelta(hours=1))
            sorted_out(people.at_once(*[partial(push, f"left-{number}")] * 8), KeyError)
    assert len(waiting(redis)) == len(set(waiting(redis))) == 20


@pytest.mark.parametrize(
    "status", [JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED, JobStatus.QUEUED]
)
def test_a_job_that_is_over_does_not_block_its_own_retry(app: Flask, redis: Redis, status: JobStatus) -> None:
    """Queued and not in the queue: popped by a worker that died before it began."""
    push()
    redis.delete("rq:queue:actions")
    Job.fetch(ID, connection=redis).set_status(status)
    push()
    assert waiting(redis) == [ID] and Job.fetch(ID, connection=redis).get_status() == JobStatus.QUEUED


@pytest.mark.parametrize(("heartbeat_age", "sent"), [(0, False), (8, False), (12, True), (3600, True)])
def test_a_running_job_is_left_alone_and_one_that_died_with_its_worker_is_not(
    app: Flask, redis: Redis, heartbeat_age: int, sent: bool
) -> None:
    push()
    redis.delete("rq:queue:actions")
    beat = datetime.now(UTC) - timedelta(seconds=heartbeat_age)
    redis.hset(Job.key_for(ID), mapping={"status": "started", "last_heartbeat": utcformat(beat)})
    push()
    assert waiting(redis) == ([ID] if sent else [])


def test_what_is_sent_before_its_time_does_not_come_a_second_time(app: Flask, redis: Redis) -> None:
    push(at=datetime.now(UTC) + timedelta(seconds=60))
    assert waiting(redis) == [] and redis.zcard("rq:scheduled:actions") == 1
    push()
    assert waiting(redis) == [ID] and redis.zcard("rq:scheduled:actions") == 0


@pytest.mark.parametrize("microsecond", [0, 1, 999_999])
def test_a_planned_job_never_comes_before_its_time(app: Flask, redis: Redis, microsecond: int) -> None:
    """RQ cuts off fractions of a second; the run would find that its pause is not over, and be gone."""
    at = datetime(2040, 1, 1, 12, 0, 0, microsecond, tzinfo=UTC)
    push(at=at)
    score = redis.zscore("rq:scheduled:actions", ID)
    assert score is not None and 0 <= score - at.timestamp() < 1


def test_a_job_carries_the_request_that_sent_it(app: Flask, redis: Redis) -> None:
    import structlog

    with structlog.contextvars.bound_contextvars(request_id="request-1"):
        push()
    assert Job.fetch(ID, connection=redis).meta["request_id"] == "request-1"


def test_later_leaves_after_the_commit_and_never_on_rollback(app: Flask, redis: Redis) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        queue.later("jobs.actions.execute", 1, job_id=ID)
        raise ZeroDivisionError
    assert waiting(redis) == []
    with transaction():
        queue.later("jobs.actions.execute", 1, job_id=ID)
        assert waiting(redis) == []
    assert waiting(redis) == [ID]


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def without_queue(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Nobody listens where the queue should be."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client = queue.connect(Settings(redis_url=f"redis://127.0.0.1:{port}/0"))
    monkeypatch.setitem(app.extensions, "console_redis", client)
    yield app
    app.extensions.pop("console_queue_hangs_until", None)


def test_without_a_queue_a_decision_is_made_at_once(desk: Desk, without_queue: Flask) -> None:
    lane = governance.submit("adjust", desk.iris, desk.context()).lane
    assert lane is not None
    started = time.perf_counter()
    governance.approve(lane.id, desk.ben)
    assert time.perf_counter() - started < 0.5 and desk.fresh(lane).status == "approved"


def test_a_queue_that_hangs_keeps_one_click_waiting_and_not_the_next(
    desk: Desk, app: Flask, monkeypatch: pytest.MonkeyPatch, silent_server: str
) -> None:
    lanes = [desk.pending() for _ in range(3)]
    client = Redis.from_url(silent_server, socket_timeout=0.3, socket_connect_timeout=0.3)
    monkeypatch.setitem(app.extensions, "console_redis", client)
    took = []
    for lane in lanes:
        started = time.perf_counter()
        governance.approve(lane.id, desk.ben)
        took.append(time.perf_counter() - started)
    app.extensions.pop("console_queue_hangs_until", None)
    assert max(took[1:]) < 0.3 and all(desk.fresh(lane).status == "approved" for lane in lanes)


def test_what_could_not_be_sent_is_sent_by_the_sweep(
    desk: Desk, app: Flask, redis: Redis, without_queue: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = desk.pending()
    governance.approve(lane.id, desk.ben)
    monkeypatch.setitem(app.extensions, "console_redis", redis)
    assert Queue("actions", connection=redis).count == 0
    desk.tamper("UPDATE tool_approvals SET updated_at = updated_at - interval '11 seconds'")
    from jobs.sweep import sweep

    assert sweep()["approved"] == 1 and waiting(redis) == [f"resume-{lane.id}-2"]


def test_a_decision_takes_back_the_job_that_was_to_end_the_waiting(desk: Desk, app: Flask) -> None:
    context = desk.context(amount=5)
    lane = governance.submit("adjust", desk.iris, context).lane
    assert lane is not None
    scheduled = Queue("actions", connection=app.extensions["console_redis"]).scheduled_job_registry
    assert scheduled.get_job_ids() == [f"expire-{lane.id}-1"]
    governance.approve(lane.id, desk.ben)
    assert scheduled.get_job_ids() == []
