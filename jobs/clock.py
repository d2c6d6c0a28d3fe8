"""The clock: RQ's cron, which leaves no pile behind when nobody works, and of which one is at work at a time."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import structlog
from flask import Flask
from redis.exceptions import RedisError
from rq.cron import CronJob, CronScheduler
from rq.exceptions import SchedulerNotFound
from rq.scripts import acquire_or_refresh_lock, release_lock
from rq.utils import now

from console import queue, vitals
from jobs.cron import schedule

LEADER = "console:clock"
LEADER_SECONDS = 20
LONGEST_SLEEP_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Clock(CronScheduler):
    """Sends each job that is due, at most one waiting of each, if no other clock is at work."""

    def __init__(self, app: Flask, **options: Any) -> None:
        super().__init__(connection=app.extensions["console_redis"], **options)
        self.app = app
        self._cron_jobs = schedule()

    def enqueue_jobs(self) -> list[CronJob]:
        try:
            outcome = acquire_or_refresh_lock(self.connection, LEADER, self.name, LEADER_SECONDS)
        except RedisError as error:
            log.warning("clock_waits_for_queue", error=type(error).__name__)
            return []
        if outcome == "taken":
            return []
        due = [job for job in self.get_jobs() if job.should_run()]
        with self.app.app_context():
            for job in due:
                queue.push(job.func_name, job_id=f"clock-{job.name}", queue=job.queue_name)
                job.set_enqueue_time(now())
        return due

    def calculate_sleep_interval(self) -> float:
        """Seconds until the next look: soon enough for a heartbeat, never none at all."""
        return max(0.5, min(super().calculate_sleep_interval(), LONGEST_SLEEP_SECONDS))

    def heartbeat(self) -> None:
        # A queue that is away comes back; the clock stays, and the next heartbeat registers it again.
        with suppress(RedisError):
            super().heartbeat()
            vitals.leave_sign(self.connection, "clock")

    def save(self, pipeline: Any = None) -> None:
        with suppress(RedisError):
            super().save(pipeline)

    def register_death(self, pipeline: Any = None) -> None:
        with suppress(RedisError, SchedulerNotFound):
            release_lock(self.connection, LEADER, self.name)
            super().register_death(pipeline)
