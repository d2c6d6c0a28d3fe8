"""What Prometheus may read: requests of this process, events of the whole deployment, and what waits now.

Events are counted in the queue's server, since jobs end with their process. A lost count starts again at zero, which
Prometheus takes for a restart. Every label comes from a fixed set.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import structlog
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisError
from sqlalchemy import func, select

from console import queue, vitals
from console.db import after_commit, db
from console.models import ToolApproval

COUNTS = "console:counts"
OPEN_STATUSES = ("pending", "approved", "execution_pending")
WHO: tuple[vitals.Who, ...] = ("worker", "clock")

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "console_requests", "Answered requests.", ["method", "endpoint", "status"], registry=REGISTRY
)
SECONDS = Histogram("console_request_seconds", "Time to an answer.", ["endpoint"], registry=REGISTRY)
METHODS = {"GET", "HEAD", "POST", "OPTIONS"}

log = structlog.get_logger(__name__)


def proposed(outcome: str) -> None:
    """Count an attempt to propose, by how it ended."""
    _count("proposals", outcome)


def deliveries_moved(step: str, count: int) -> None:
    """Count deliveries that took a step, once that is committed."""
    _count("deliveries", step, count)


def lane_moved(event: str) -> None:
    """Count an event of a lane, once it is committed."""
    _count("lane_events", event)


def swept(kind: str, count: int) -> None:
    """Count lanes that the sweep found, by what they waited for."""
    if count:
        _count("swept", kind, count)


def _count(name: str, label: str, amount: int = 1) -> None:
    def leave() -> None:
        queue.hint(lambda client: client.hincrby(COUNTS, f"{name}:{label}", amount), about=f"{name}:{label}")

    if db.session.info.get("depth", 0):
        after_commit(leave)
    else:
        leave()


def init_app(app: Flask) -> None:
    """Count and time every request of `app`."""

    def begin() -> None:
        g.metrics_started = time.perf_counter()

    def end(response: Response) -> Response:
        endpoint = request.endpoint or "unknown"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, endpoint, str(response.status_code)).inc()
        if not response.is_streamed:
            SECONDS.labels(endpoint).observe(time.perf_counter() - g.metrics_started)
        return response

    app.before_request(begin)
    app.after_request(end)


def exposition() -> bytes:
    """Everything, in Prometheus' text format. Needs an application context."""
    asked = CollectorRegistry()
    asked.register(_Deployment())
    return generate_latest(_requests()) + generate_latest(asked)


def _requests() -> CollectorRegistry:
    """This process' numbers, or all web processes' where gunicorn gave them a folder to share."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)
    return shared


class _Deployment:
    """Numbers that are the same whichever process is asked."""

    def collect(self) -> Iterator[Metric]:
        try:
            yield from self._from_queue()
        except RedisError as error:
            log.warning("metrics_incomplete", missing="queue", error=type(error).__name__)
        yield from self._from_database()

    def _from_queue(self) -> Iterator[Metric]:
        client = queue.redis()
        families = {
            "proposals": CounterMetricFamily("console_proposals", "Attempts to propose.", labels=["outcome"]),
            "lane_events": CounterMetricFamily("console_lane_events", "Events of lanes.", labels=["event"]),
            "swept": CounterMetricFamily("console_swept_lanes", "Lanes the sweep found.", labels=["kind"]),
        }
        for field, value in client.hgetall(COUNTS).items():
            name, _, label = _word(field).partition(":")
            if name in families:
                families[name].add_metric([label], float(value))
        yield from families.values()
        waiting = GaugeMetricFamily("console_queue_jobs", "Jobs that wait.", labels=["queue"])
        for name in queue.QUEUES:
            waiting.add_metric([name], float(client.llen(f"rq:queue:{name}")))
        yield waiting
        seen = GaugeMetricFamily("console_seen", "1 when at work in the last minute.", labels=["who"])
        for who in WHO:
            seen.add_metric([who], float(vitals.seen(client, who)))
        yield seen

    def _from_database(self) -> Iterator[Metric]:
        lanes = GaugeMetricFamily("console_open_lanes", "Lanes that are not finished.", labels=["status"])
        rows = select(ToolApproval.status, func.count()).where(ToolApproval.status.in_(OPEN_STATUSES))
        counts = {
            str(status): count for status, count in db.session.execute(rows.group_by(ToolApproval.status))
        }
        for status in OPEN_STATUSES:
            lanes.add_metric([status], float(counts.get(status, 0)))
        yield lanes


def _word(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
