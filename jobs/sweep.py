"""The sweep: finds by state alone what was lost on the way, and sends it again. Safe to run twice at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import structlog
from sqlalchemy.exc import DBAPIError

from console import conversations, metrics, queue
from console.governance import bring_back, execution, fold_tallies, job_id, recovery
from console.outbound.recovery import recover_lost, send_due

log = structlog.get_logger(__name__)


def sweep() -> dict[str, int]:
    """Do every row of the recovery table once; returns how many lanes and deliveries each row found."""
    found = {
        "overdue": sum(_each(execution.expire_due, recovery.overdue())),
        "deferred": sum(_each(bring_back, recovery.due_back())),
        "approved": _send("jobs.actions.resume", recovery.waiting_to_resume()),
        "execution_pending": _send("jobs.actions.execute", recovery.waiting_to_run()),
    }
    conversations.fold_tallies()
    fold_tallies()
    for kind, count in found.items():
        metrics.swept(kind, count)
    deliveries = {"deliveries_lost": recover_lost(), "deliveries_due": send_due()}
    for kind, count in deliveries.items():
        metrics.deliveries_swept(kind, count)
    found |= deliveries
    if any(found.values()):
        log.info("sweep", **found)
    return found


def _each(step: Callable[[int], bool], lanes: recovery.Found) -> Iterator[bool]:
    """One lane at a time, in its own transaction: one that the database refuses must not keep the others from it."""
    for lane_id, _ in lanes:
        try:
            yield step(lane_id)
        except DBAPIError:
            log.exception("lane_left_as_it_is", lane_id=lane_id)


def _send(job: str, lanes: recovery.Found) -> int:
    """Send each lane's job, under the id that it had: one that waits already stays the only one."""
    count = 0
    for lane_id, version in lanes:
        queue.push(job, lane_id, job_id=job_id(job, lane_id, version))
        count += 1
    return count
