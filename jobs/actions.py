"""The jobs of governed actions. Each takes one id, claims the row, works, and may be repeated without harm."""

from __future__ import annotations

import threading

import structlog
from rq.timeouts import BaseDeathPenalty, TimerDeathPenalty, UnixSignalDeathPenalty

from console.db import db, transaction
from console.governance import Enqueue, NotFound, execution

log = structlog.get_logger(__name__)


class ToolTimeout(Exception):
    """The tool took longer than it may."""


def expire(lane_id: int) -> None:
    """End the waiting of a lane whose deadline has passed."""
    try:
        execution.expire_due(lane_id)
    except NotFound:
        log.info("lane_gone", lane_id=lane_id)


def resume(lane_id: int) -> None:
    """Look again after an approval and send the lane on to its run."""
    try:
        execution.resume(lane_id)
    except NotFound:
        log.info("lane_gone", lane_id=lane_id)


def execute(lane_id: int) -> None:
    """Run what was approved, under the lane's lock, and record what came of it. The only caller of a tool's run."""
    with execution.lane_lock(lane_id) as held:
        if not held:
            log.info("lane_held_elsewhere", lane_id=lane_id)
            return
        try:
            run = execution.start(lane_id)
        except NotFound:
            log.info("lane_gone", lane_id=lane_id)
            return
        if run is not None:
            attempt(run)


def attempt(run: execution.Run, *, enqueue: Enqueue | None = None) -> None:
    """Run what was started and record its outcome; the caller holds the lane."""
    returned = False
    try:
        with transaction():
            result = _result(run)
            returned = True
            db.session.flush()
            execution.succeed(run, result)
    except (Exception, SystemExit) as error:
        log.warning("tool_failed", lane_id=run.lane_id, attempt=run.attempt, error=type(error).__name__)
        execution.fail(run, error, returned=returned, enqueue=enqueue)


def _result(run: execution.Run) -> object:
    db.session.info["tool_running"] = True
    try:
        with time_limit(run.tool.timeout_seconds):
            return run.tool.run(run.input, run.actor_id, run.context)
    finally:
        db.session.info["tool_running"] = False


def time_limit(seconds: int) -> BaseDeathPenalty:
    """Raise ToolTimeout in this thread after `seconds`; an alarm works in a main thread alone."""
    main = threading.current_thread() is threading.main_thread()
    return (UnixSignalDeathPenalty if main else TimerDeathPenalty)(seconds, ToolTimeout)
