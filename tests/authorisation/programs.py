"""What jobs and commands act for: one row for each. What is not in here may nobody add."""

from __future__ import annotations

from collections.abc import Mapping

NO_JOB = "no job: a part of one, or of the worker"
"""A function of the package that is never sent to the queue."""
LOOKS_AGAIN = "looks again whether whoever asked and whoever decided still may"
ASKS_NOBODY = "acts for the console, and decides nothing"

JOBS: Mapping[str, str] = {
    "jobs.actions.resume": LOOKS_AGAIN,
    "jobs.actions.execute": LOOKS_AGAIN,
    "jobs.actions.expire": ASKS_NOBODY,
    "jobs.actions.attempt": NO_JOB,
    "jobs.actions.time_limit": NO_JOB,
    "jobs.cron.schedule": NO_JOB,
    "jobs.deliveries.deliver": ASKS_NOBODY,
    "jobs.deliveries.drain": ASKS_NOBODY,
    "jobs.deliveries.wake": ASKS_NOBODY,
    "jobs.pruning.prune": ASKS_NOBODY,
    "jobs.sweep.sweep": ASKS_NOBODY,
}

PROCESS = "starts a process, or builds what one needs; it acts for nobody"
READS = "only reads"
FILLS = "fills tables, never the trail of a decision"
SYSTEM = "acts as the system, and the log says so"

ENDS = "ends what waits as the system, and the trail says so"

COMMANDS: Mapping[str, str] = {
    "expire": ENDS,
    "up": PROCESS,
    "migrate": PROCESS,
    "web": PROCESS,
    "worker": PROCESS,
    "clock": PROCESS,
    "doctor": READS,
    "shop hash": READS,
    "audit verify": READS,
    "demo": FILLS,
    "import": FILLS,
    "shop load": FILLS,
    "shop clear": FILLS,
    "create-operator": SYSTEM,
    "create-agent": SYSTEM,
    "deactivate": SYSTEM,
    "activate": SYSTEM,
    "grant": SYSTEM,
    "revoke": SYSTEM,
    "set-password": SYSTEM,
}
