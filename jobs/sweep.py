"""The sweep: finds by state alone what was lost on the way, and sends it again. Safe to run twice at once."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import DBAPIError

from console import conversations, metrics, queue
from console.governance import execution, recovery
from console.governance.lanes import job_id
from console.outbound.recovery import recover_lost, send_due

log = structlog.get_logger(__name__)


def sweep() -> dict[str, int]:
    """Do every row of the recovery table once; returns how many lanes and deliveries each row found."""
    found = {
        "overdue": sum(_expire(lane_id) for lane_id, _ in recovery.overdue()),
        "approved": _send("jobs.actions.resume", recovery.waiting_to_resume()),
        "execution_pending": _send("jobs.actions.execute", recovery.waiting_to_run()),
    }
    conversations.fold_tallies()
    for kind, count in found.items():
        metrics.swept(kind, count)
    deliveries = {"deliveries_lost": recover_lost(), "deliveries_due": send_due()}
    for kind, count in deliveries.items():
        metrics.deliveries_swept(kind, count)
    found |= deliveries
    if any(found.values()):
        log.info("sweep", **found)
    return found


def _expire(lane_id: int) -> bool:
    """One lane, in its own transaction: one that cannot be expired must not keep the others from it."""
    try:
        return execution.expire_due(lane_id)
    except DBAPIError:
        log.exception("lane_not_expired", lane_id=lane_id)
        return False


def _send(job: str, lanes: recovery.Found) -> int:
    """Send each lane's job, under the id that it had: one that waits already stays the only one."""
    count = 0
    for lane_id, version in lanes:
        queue.push(job, lane_id, job_id=job_id(job, lane_id, version))
        count += 1
    return count
