"""The clock sends what is due, leaves no pile, and yields to one that is at work already."""

from __future__ import annotations

from flask import Flask
from redis.exceptions import ConnectionError as Unreachable
from rq import Queue
from rq.cron import CronJob

from console import vitals
from jobs.clock import Clock


def ticking(app: Flask) -> Clock:
    return Clock(app)


def due_again(clock: Clock) -> CronJob:
    sweep = next(job for job in clock.get_jobs() if job.name == "sweep")
    sweep.next_enqueue_time = sweep.latest_enqueue_time
    return sweep


def test_the_sweep_is_sent_at_once_and_then_every_fifteen_seconds(app: Flask) -> None:
    clock = ticking(app)
    assert [job.name for job in clock.enqueue_jobs()] == ["sweep"]
    assert clock.enqueue_jobs() == []
    assert due_again(clock).interval == 15
    assert [job.name for job in clock.enqueue_jobs()] == ["sweep"]


def test_one_sweep_waits_however_long_nobody_works(app: Flask) -> None:
    clock = ticking(app)
    for _ in range(5):
        clock.enqueue_jobs()
        due_again(clock)
    assert Queue("maintenance", connection=clock.connection).count == 1


def test_what_the_clock_sends_can_be_run(app: Flask) -> None:
    ticking(app).enqueue_jobs()
    job = Queue("maintenance", connection=app.extensions["console_redis"]).jobs[0]
    job.perform()


def test_only_one_clock_is_at_work(app: Flask) -> None:
    first, second = ticking(app), ticking(app)
    assert first.enqueue_jobs()
    assert second.enqueue_jobs() == []
    first.register_death()
    assert second.enqueue_jobs()


def test_its_heartbeat_is_seen_again_after_the_queue_forgot_everything(app: Flask) -> None:
    clock = ticking(app)
    clock.register_birth()
    clock.connection.flushall()
    assert not vitals.seen(clock.connection, "clock")
    clock.heartbeat()
    assert vitals.seen(clock.connection, "clock")


def test_a_queue_that_is_away_makes_it_wait_and_not_spin(app: Flask) -> None:
    clock = ticking(app)

    def away(*_args: object, **_options: object) -> None:
        raise Unreachable("away")

    clock.connection.connection_pool.get_connection, before = (
        away,
        clock.connection.connection_pool.get_connection,
    )
    try:
        assert clock.enqueue_jobs() == []
        clock.heartbeat()
        assert clock.calculate_sleep_interval() >= 0.5
    finally:
        clock.connection.connection_pool.get_connection = before
    assert clock.enqueue_jobs()
