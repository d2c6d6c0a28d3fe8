"""What Prometheus may read: requests of this process, events of the whole deployment, and what waits now.

Events are counted in the queue's server, since jobs end with their process. A lost count starts again at zero, which
Prometheus takes for a restart. Every label comes from a fixed set.
"""

from __future__ import annotations

import os
import time
from collections import Counter as Counts
from collections.abc import Iterable, Iterator, Mapping

import structlog
from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.multiprocess import MultiProcessCollector
from redis import Redis
from redis.exceptions import RedisError

from console import governance, queue, vitals
from console.db import after_commit, db
from console.turns import arrived

COUNTS = "console:counts"
WHO: tuple[vitals.Who, ...] = ("worker", "clock")

COUNTERS = {
    "proposals": ("console_proposals", "Attempts to propose.", ["outcome"]),
    "lane_events": ("console_lane_events", "Events of lanes.", ["event"]),
    "swept": ("console_swept_lanes", "Lanes the sweep found.", ["kind"]),
    "outbound": ("console_outbound", "Follow-ups and bulk sends that were asked for.", ["outcome"]),
    "deliveries": ("console_deliveries", "Steps that deliveries took.", ["step"]),
    "attempts": ("console_send_attempts", "Attempts to send.", ["channel", "step", "reason"]),
    "swept_deliveries": ("console_swept_deliveries", "Deliveries the sweep found.", ["kind"]),
}
"""What is counted in the queue's server: the name it is exposed under, what it is, and its labels."""
SEND_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

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


def outbound(outcome: str) -> None:
    """Count what was asked of outbound, by how it ended."""
    _count("outbound", outcome)


def deliveries_moved(step: str, count: int) -> None:
    """Count deliveries that took a step, once that is committed."""
    _count("deliveries", step, count)


def delivered(attempts: Iterable[tuple[str, str, str, float]]) -> None:
    """Count attempts to send: channel, step that followed, code of the failure (or nothing), and seconds."""
    counts: Counts[str] = Counts()
    for channel, step, reason, seconds in attempts:
        bucket = next((str(edge) for edge in SEND_SECONDS if seconds <= edge), "+Inf")
        counts[f"attempts:{channel}/{step}/{reason}"] += 1
        counts[f"send_seconds:{channel}/{bucket}"] += 1
        counts[f"send_millis:{channel}"] += round(seconds * 1000)
    _leave(counts)


def lane_moved(event: str) -> None:
    """Count an event of a lane, once it is committed."""
    _count("lane_events", event)


def swept(kind: str, count: int) -> None:
    """Count lanes that the sweep found, by what they waited for."""
    if count:
        _count("swept", kind, count)


def deliveries_swept(kind: str, count: int) -> None:
    """Count what the sweep found among the deliveries, by what had become of it."""
    if count:
        _count("swept_deliveries", kind, count)


def _count(name: str, label: str, amount: int = 1) -> None:
    _leave({f"{name}:{label}": amount})


def _leave(counts: Mapping[str, int]) -> None:
    """Add to the counts, in one go, once what is counted is committed."""

    def send(client: Redis) -> None:
        with client.pipeline(transaction=False) as told:
            for field, amount in counts.items():
                told.hincrby(COUNTS, field, amount)
            told.execute()

    def leave() -> None:
        queue.hint(send, about="counts")

    if db.session.info.get("depth", 0):
        after_commit(leave)
    else:
        leave()


def init_app(app: Flask) -> None:
    """Count and time every request of `app`."""

    def end(response: Response) -> Response:
        endpoint = request.endpoint or "unknown"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, endpoint, str(response.status_code)).inc()
        if not response.is_streamed:
            SECONDS.labels(endpoint).observe(time.perf_counter() - arrived(request.environ))
        return response

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
        counts = {_word(field): int(value) for field, value in client.hgetall(COUNTS).items()}
        for name, (exposed, about, labels) in COUNTERS.items():
            family = CounterMetricFamily(exposed, about, labels=labels)
            for field, value in counts.items():
                if field.partition(":")[0] == name:
                    family.add_metric(field.partition(":")[2].split("/"), float(value))
            yield family
        yield _send_seconds(counts)
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
        for status, number in governance.count_open().items():
            lanes.add_metric([status], float(number))
        yield lanes


def _send_seconds(counts: Mapping[str, int]) -> Metric:
    family = HistogramMetricFamily("console_send_seconds", "Time to a channel's answer.", labels=["channel"])
    for field, millis in counts.items():
        name, _, channel = field.partition(":")
        if name != "send_millis":
            continue
        found, buckets = 0, []
        for edge in (*map(str, SEND_SECONDS), "+Inf"):
            found += counts.get(f"send_seconds:{channel}/{edge}", 0)
            buckets.append((edge, float(found)))
        family.add_metric([channel], buckets=buckets, sum_value=millis / 1000)
    return family


def _word(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
