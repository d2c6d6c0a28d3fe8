"""The worker: RQ's, with a warm horse, watched from outside, and seen again soon after the queue lost everything.

Jobs run in a work-horse, a process beside the worker in which the application and every job are loaded already. A
tool that crashes or hangs takes its horse with it and nothing else.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import threading
import time
from contextlib import suppress
from typing import Any

import structlog
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, worker_registration
from rq.exceptions import NoSuchJobError, StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.scheduler import RQScheduler
from rq.timeouts import HorseMonitorTimeoutException
from rq.worker import Worker as ForkingWorker

import jobs
from console import create_app, logs, queue, vitals
from console.config import Settings
from console.db import db
from console.processes import end_with_parent
from jobs.horse import STAY, Horse, Order
from jobs.sharing import Share

HEARTBEAT_SECONDS = 5
MAINTENANCE_SECONDS = 30
KILL_AFTER_SECONDS = 5
"""How long past its time-out a horse may live that did not listen to its own alarm."""

log = structlog.get_logger(__name__)


# RQ's pool imports this module before it forks: its workers and their horses find all of this loaded.
settings = Settings.from_env()
logs.configure(settings)
app = create_app(settings)
for module in pkgutil.iter_modules(jobs.__path__):
    if module.name != "worker":
        importlib.import_module(f"jobs.{module.name}")


class Scheduler(RQScheduler):
    """RQ's scheduler of delayed jobs, which here ends with its worker and outlives a queue that was away."""

    def work(self) -> None:
        end_with_parent(signal.SIGTERM)()
        while not self._stop_requested:
            try:
                super().work()
            except RedisError as error:
                log.warning("scheduler_waits_for_queue", error=type(error).__name__)
                time.sleep(1)
            except StopRequested:
                with suppress(RedisError):
                    self.stop()

    def request_stop(self, signum: int | None = None, frame: Any = None) -> None:
        """Stop now and not after the current pause: the worker waits for it."""
        super().request_stop(signum, frame)
        raise StopRequested


class Worker(ForkingWorker):
    """Its horse stays for the next job while all goes well."""

    exponential_backoff_factor = 1.0
    max_connection_wait_time = 1.0
    horse: Horse | None = None
    served = ""
    """The queue of the last job."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("maintenance_interval", MAINTENANCE_SECONDS)
        kwargs.setdefault("job_monitoring_interval", HEARTBEAT_SECONDS)
        super().__init__(*args, **kwargs)
        self.share = Share(self.name, settings.workers, time.time())

    @property
    def dequeue_timeout(self) -> int:
        """Seconds to wait for a job before the next heartbeat."""
        return HEARTBEAT_SECONDS

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        end_with_parent(signal.SIGTERM)()
        self.horse = Horse(self._work)
        super().bootstrap(*args, **kwargs)

    def _start_scheduler(self, burst: bool = False, *args: Any, **kwargs: Any) -> None:
        self.scheduler = Scheduler(
            self.queues, connection=self.connection, serializer=self.serializer, logging_level="WARNING"
        )
        self.scheduler.acquire_locks(auto_start=True)

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say that we are at work, and register again when the queue's server has forgotten us."""
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)
            vitals.leave_sign(pipeline, "worker")
            return
        apart = self.share.look(self.connection, time.time())
        self._ordered_queues = [one for one in self._in_turn() if not apart or one.name != queue.DELIVERIES]
        with self.connection.pipeline() as own:
            super().heartbeat(timeout, own)
            vitals.leave_sign(own, "worker")
            own.sismember(self.redis_workers_keys, self.key)
            known = own.execute()[-1]
        if not known and self.birth_date:
            with self.connection.pipeline() as own:
                own.hset(self.key, mapping=self.serialize())
                worker_registration.register(self, own)
                own.expire(self.key, self.worker_ttl + 60)
                own.execute()
            log.info("worker_registered_again", worker=self.name)

    def reorder_queues(self, reference_queue: Queue) -> None:
        """Note whose turn it was."""
        self.served = reference_queue.name

    def _in_turn(self) -> list[Queue]:
        """Whoever was served comes last: a queue that never runs dry keeps neither deliveries nor the sweep waiting."""
        names = [one.name for one in self.queues]
        after = names.index(self.served) + 1 if self.served in names else 0
        return self.queues[after:] + self.queues[:after]

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Give the job to the horse; fork one when there is none, or it is gone."""
        execution = self.execution
        assert execution is not None
        order = Order(job.id, queue.name, execution.id)
        if self.horse is not None:
            try:
                self.horse.give(order)
            except OSError:
                self._dismiss()
        if self.horse is None:
            self.horse = Horse(self._work)
            self.horse.give(order)
        self._horse_pid = self.horse.pid

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Wait for the horse's word or its end; RQ takes status 0 for a job that was seen to its end."""
        if self.horse is None:
            return None, None, None
        if not self.horse.answered(HEARTBEAT_SECONDS - 1):
            raise HorseMonitorTimeoutException
        pid, word = self.horse.pid, self.horse.answer()
        if word == STAY and not self.horse.tired:
            return pid, os.EX_OK, None
        status = self._dismiss()
        return pid, os.EX_OK if word else status, None

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Execution) -> None:
        """Watch the horse; end it from outside when it does not hear its own alarm."""
        seconds = (job.timeout or self.queue_class.DEFAULT_TIMEOUT) + KILL_AFTER_SECONDS
        watchdog = threading.Timer(seconds, _end_group, [self.horse_pid])
        watchdog.daemon = True
        watchdog.start()
        try:
            super().monitor_work_horse(job, queue, execution)
        finally:
            watchdog.cancel()

    def _dismiss(self) -> int:
        horse, self.horse = self.horse, None
        return horse.bury() if horse else 0

    def _work(self, order: Order) -> bool:
        """In the horse: run one job. Answers whether the horse may stay."""
        if not self._is_horse:
            self._is_horse = True
            with app.app_context():
                # Connections that were open at the fork are the parent's.
                db.engine.dispose(close=False)
        try:
            job = self.job_class.fetch(order.job_id, connection=self.connection, serializer=self.serializer)
        except NoSuchJobError:
            return True
        job.redis_server_version = self.get_redis_server_version()
        queue = self.queue_class(order.queue_name, connection=self.connection, serializer=self.serializer)
        execution = Execution(order.execution_id, job.id, self.connection, worker_name=self.name)
        names = {"job_id": job.id, "request_id": job.meta.get("request_id")}
        with app.app_context(), structlog.contextvars.bound_contextvars(**names):
            return self.perform_job(job, queue, execution)


def _end_group(leader: int) -> None:
    log.error("horse_ended", reason="it did not stop at its time-out", pid=leader)
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
