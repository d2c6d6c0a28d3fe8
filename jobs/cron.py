"""What runs by the clock."""

from __future__ import annotations

from rq.cron import CronJob

from console.queue import MAINTENANCE


def schedule() -> list[CronJob]:
    """Jobs by name, so that the clock need not load what they load."""
    return [
        CronJob(MAINTENANCE, func_name="jobs.sweep.sweep", interval=15, name="sweep"),
        CronJob(MAINTENANCE, func_name="jobs.pruning.prune", cron="30 3 * * *", name="prune"),
    ]
