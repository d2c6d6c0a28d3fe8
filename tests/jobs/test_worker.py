"""The worker pool against crashing, hanging and killed processes, and a queue that loses everything."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psutil
import pytest
from flask import Flask
from redis import Redis
from rq import Queue, Worker
from rq.job import Job

from console import vitals
from console.cli import roles
from console.config import Settings
from console.processes import Process, stop_all
from jobs.sharing import Share


@pytest.fixture
def queue(app: Flask) -> Queue:
    return Queue("actions", connection=app.extensions["console_redis"])


@pytest.fixture
def pool(queue: Queue, settings: Settings) -> Iterator[Process]:
    """Two workers at work."""
    process = Process("worker", roles.worker_command(settings), roles.environment(settings))
    process.start()
    try:
        eventually(lambda: len(Worker.all(queue.connection)) == 2 and idle(queue.connection))
        yield process
    finally:
        stop_all([process], seconds=8)


def idle(connection: Redis) -> bool:
    return all(worker.get_state() == "idle" for worker in Worker.all(connection))


def eventually(true: Callable[[], Any], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def outcome(job: Job, seconds: float = 30) -> Any:
    eventually(lambda: job.get_status(refresh=True) in {"finished", "failed"}, seconds)
    return job.return_value(refresh=True) if job.get_status() == "finished" else "failed"


def worker_pids(pool: Process) -> set[int]:
    """The workers of the pool; their horses and the scheduler are children of these."""
    assert pool.handle is not None
    return {child.pid for child in psutil.Process(pool.handle.pid).children()}


def test_jobs_run_in_the_application_and_share_a_horse_while_all_goes_well(
    pool: Process, queue: Queue
) -> None:
    pids = [outcome(queue.enqueue("tests.jobs.deeds.pid", result_ttl=60)) for _ in range(6)]
    assert len(set(pids)) <= 2
    assert not set(pids) & worker_pids(pool)


def test_a_job_that_raises_leaves_a_new_horse_to_the_next(pool: Process, queue: Queue) -> None:
    before = {outcome(queue.enqueue("tests.jobs.deeds.pid", result_ttl=60)) for _ in range(6)}
    for _ in range(6):
        assert outcome(queue.enqueue("tests.jobs.deeds.fail")) == "failed"
    after = {outcome(queue.enqueue("tests.jobs.deeds.pid", result_ttl=60)) for _ in range(6)}
    assert len(after - before) >= 1


def test_a_crash_costs_the_horse_and_not_the_worker(pool: Process, queue: Queue) -> None:
    workers = worker_pids(pool)
    for _ in range(3):
        assert outcome(queue.enqueue("tests.jobs.deeds.crash")) == "failed"
    assert isinstance(outcome(queue.enqueue("tests.jobs.deeds.pid", result_ttl=60)), int)
    assert worker_pids(pool) == workers


def test_a_hang_that_hears_no_alarm_is_ended_from_outside(pool: Process, queue: Queue) -> None:
    workers = worker_pids(pool)
    started = time.monotonic()
    assert outcome(queue.enqueue("tests.jobs.deeds.hang", job_timeout=1)) == "failed"
    assert time.monotonic() - started < 15
    assert worker_pids(pool) == workers


def test_workers_are_seen_again_after_the_queue_forgot_everything(pool: Process, queue: Queue) -> None:
    queue.connection.flushall()
    assert not vitals.seen(queue.connection, "worker")
    eventually(lambda: len(Worker.all(queue.connection)) == 2 and vitals.seen(queue.connection, "worker"), 15)
    assert isinstance(outcome(queue.enqueue("tests.jobs.deeds.pid", result_ttl=60)), int)
    later = queue.enqueue_in(timedelta(seconds=1), "tests.jobs.deeds.moment", result_ttl=60)
    assert isinstance(outcome(later), float)


def test_the_queue_may_forget_a_job_while_it_runs(pool: Process, queue: Queue) -> None:
    queue.enqueue("tests.jobs.deeds.hang", 1.5)
    eventually(lambda: not idle(queue.connection))
    queue.connection.flushall()
    eventually(lambda: len(Worker.all(queue.connection)) == 2, 20)
    assert isinstance(outcome(queue.enqueue("tests.jobs.deeds.pid", result_ttl=60)), int)


def test_a_killed_worker_takes_its_horse_along_and_is_replaced(pool: Process, queue: Queue) -> None:
    queue.enqueue("tests.jobs.deeds.hang", 60, job_timeout=120)
    eventually(lambda: not idle(queue.connection))
    busy = next(worker for worker in Worker.all(queue.connection) if worker.get_state() == "busy")
    assert busy.pid is not None
    orphans = psutil.Process(busy.pid).children(recursive=True)
    os.kill(busy.pid, signal.SIGKILL)
    _gone, alive = psutil.wait_procs(orphans, timeout=10)
    assert not alive
    eventually(lambda: len(worker_pids(pool)) == 2)
    assert isinstance(outcome(queue.enqueue("tests.jobs.deeds.pid", result_ttl=60)), int)


def test_a_killed_pool_leaves_nobody_behind(pool: Process, queue: Queue) -> None:
    assert pool.handle is not None
    family = psutil.Process(pool.handle.pid).children(recursive=True)
    assert len(family) >= 4
    os.kill(pool.handle.pid, signal.SIGKILL)
    _gone, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def test_an_idle_pool_stops_within_four_seconds(pool: Process, queue: Queue) -> None:
    assert pool.handle is not None
    started = time.monotonic()
    pool.ask_to_stop()
    pool.handle.wait(timeout=10)
    assert time.monotonic() - started < 4


def test_delayed_jobs_start_within_two_seconds_of_their_time(pool: Process, queue: Queue) -> None:
    due = time.time() + 1
    job = queue.enqueue_in(timedelta(seconds=1), "tests.jobs.deeds.moment", result_ttl=60)
    assert -0.1 < outcome(job) - due < 2.5


def test_a_queue_that_never_runs_dry_keeps_no_other_from_its_turn(pool: Process, queue: Queue) -> None:
    decisions = [queue.enqueue("tests.jobs.deeds.wait", 0.05, result_ttl=60) for _ in range(100)]
    others = [Queue(name, connection=queue.connection) for name in ("deliveries", "maintenance")]
    for job in [other.enqueue("tests.jobs.deeds.pid", result_ttl=60) for other in others]:
        assert outcome(job) != "failed"
    assert decisions[-1].get_status(refresh=True) == "queued"


def test_horses_without_their_worker_do_not_linger(settings: Settings) -> None:
    script = (
        "import os, time; from jobs.horse import Horse, Order\n"
        "horse = Horse(lambda order: time.sleep(60) or True); horse.give(Order('a', 'b', 'c'))\n"
        "print(horse.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [roles.sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=roles.ROOT
    )
    assert parent.stdout is not None
    horse = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    horse.wait(timeout=5)


def test_of_a_pool_one_worker_stays_away_from_deliveries_and_one_that_is_alone_does_not(app: Flask) -> None:
    connection: Redis = app.extensions["console_redis"]
    first, second = Share("first", 2, 100), Share("second", 2, 100)
    assert [one.look(connection, 100) for one in (first, second)] == [True, False]
    assert [one.look(connection, 110) for one in (first, second)] == [True, False]
    connection.flushall()
    assert [one.look(connection, 114) for one in (second, first)] == [False, True]
    assert [one.look(connection, 115) for one in (second, first)] == [True, False]
    connection.flushall()
    assert not first.look(connection, 130)
    assert not Share("only", 1, 0).look(connection, 130)
