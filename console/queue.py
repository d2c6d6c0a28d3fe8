"""Jobs: sent after the commit, at most one waiting for one purpose. The rows are the truth; the queue is a hint."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from flask import Flask, current_app
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job
from rq.utils import utcformat

from console.config import Settings
from console.db import after_commit
from console.logs import request_id

ACTIONS, DELIVERIES, MAINTENANCE = "actions", "deliveries", "maintenance"
QUEUES = (ACTIONS, DELIVERIES, MAINTENANCE)
FAILED_JOBS_SECONDS = 86_400
HEARTBEAT_LOST_SECONDS = 10
"""A running job's worker says so every five seconds."""
PATIENCE_SECONDS = 0.2
LEFT_ALONE_SECONDS = 5.0

# In one step, so that two sweeps at once send one job. KEYS: the job, its queue, the jobs that wait for their time.
TAKE_OVER = """
if redis.call('LPOS', KEYS[2], ARGV[1]) then return 0 end
local job = redis.call('HMGET', KEYS[1], 'status', 'last_heartbeat')
if job[1] == 'started' and job[2] and job[2] > ARGV[2] then return 0 end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[1])
return 1
"""

log = structlog.get_logger(__name__)


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its connection; nothing is sent yet."""
    app.extensions["console_redis"] = connect(settings)


def connect(settings: Settings) -> Redis:
    """A client that gives up fast: an operator's click must not hang on a queue that is away."""
    return Redis.from_url(
        settings.redis_url or "redis://127.0.0.1:6379/0",
        socket_connect_timeout=0.5,
        socket_timeout=0.5,
        retry=Retry(NoBackoff(), 1),
    )


def redis() -> Redis:
    """The application's client."""
    found: Redis = current_app.extensions["console_redis"]
    return found


def later(job: str, *args: Any, send: Callable[..., None] | None = None, **options: Any) -> None:
    """Send a job, as `push` does, when the open transaction has committed; never when it rolls back.

    A test passes its own `send` to watch.
    """
    after_commit(lambda: (send or push)(job, *args, **options))


def push(job: str, *args: Any, job_id: str, at: datetime | None = None, queue: str = ACTIONS) -> None:
    """Send a job now, or for `at`, unless one with its id is waiting already or running just now.

    A queue that is away is logged and not raised: what should have been sent is visible in the rows, and the sweep
    sends it again. An id that was left behind by a job that failed, vanished or died with its worker is taken over.
    """
    options: dict[str, Any] = {
        "job_id": job_id,
        "job_timeout": current_app.config["SETTINGS"].job_timeout_seconds,
        "result_ttl": 0,
        "failure_ttl": FAILED_JOBS_SECONDS,
        "meta": {"request_id": request_id()},
    }
    hint(lambda client: _send(Queue(queue, connection=client), job, args, at, options), about=job_id)


def anything_waits() -> bool:
    """Whether a job waits in any queue, so that one that could go on for long makes room. False when nobody knows."""
    try:
        with redis().pipeline(transaction=False) as asked:
            for name in QUEUES:
                asked.llen(f"rq:queue:{name}")
            return any(asked.execute())
    except RedisError:
        return False


def not_needed(*, job_id: str) -> None:
    """Take back a job that waits for its time, once the open transaction has committed; one that runs finds nothing."""
    after_commit(lambda: hint(lambda client: _forget(client, job_id), about=job_id))


def _forget(client: Redis, job_id: str) -> None:
    with suppress(NoSuchJobError):
        job = Job.fetch(job_id, connection=client)
        if job.is_scheduled:
            job.delete()


def hint(send: Callable[[Redis], object], *, about: str) -> None:
    """Tell the queue's server something that may be lost.

    One that hangs is left alone for a moment: nobody's next click waits for it again.
    """
    app = current_app.extensions
    started = time.monotonic()
    if started < app.get("console_queue_hangs_until", 0.0):
        log.debug("queue_left_alone", about=about)
        return
    try:
        send(redis())
    except RedisError as error:
        log.warning("queue_unreachable", about=about, error=type(error).__name__)
        if time.monotonic() - started > PATIENCE_SECONDS:
            app["console_queue_hangs_until"] = time.monotonic() + LEFT_ALONE_SECONDS


def _send(target: Queue, job: str, args: Any, at: datetime | None, options: dict[str, Any]) -> None:
    if at is not None:
        # RQ's scheduler counts whole seconds and cuts off the rest: a job must not come before its time.
        target.enqueue_at(at + timedelta(microseconds=-at.microsecond % 1_000_000), job, *args, **options)
        return
    with suppress(DuplicateJobError):
        target.enqueue(job, *args, **options, unique=True)
        return
    if _take_over(target, options["job_id"]):
        with suppress(DuplicateJobError):
            target.enqueue(job, *args, **options, unique=True)


def _take_over(target: Queue, job_id: str) -> bool:
    """Whether an id that is known is free now: its job neither waits in the queue nor runs."""
    dead_since = utcformat(datetime.now(UTC) - timedelta(seconds=HEARTBEAT_LOST_SECONDS))
    keys = [Job.key_for(job_id), target.key, target.scheduled_job_registry.key]
    return bool(target.connection.eval(TAKE_OVER, len(keys), *keys, job_id, dead_since))
