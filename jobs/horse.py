"""The work-horse: a process beside its worker that runs one job after the other, and may be lost at any moment.

RQ forks a horse for each job. Forking a process that holds the whole application costs more than most jobs do, so
ours stays for the next job while all goes well. After a job that raised, timed out or crashed, and after a thousand,
the next one gets a new horse.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import NamedTuple

import structlog

from console.processes import end_with_parent

STAY, GONE = b"stay", b"gone"
MOST_JOBS = 1000

log = structlog.get_logger(__name__)


class Order(NamedTuple):
    """What a horse is asked to do."""

    job_id: str
    queue_name: str
    execution_id: str


class Horse:
    """The worker's side of a horse."""

    def __init__(self, work: Callable[[Order], bool]) -> None:
        """Fork a horse that calls `work` for each order; it answers whether all went well."""
        self.jobs = 0
        self._status: int | None = None
        self._pipe, theirs = Pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            self._pipe.close()
            _run(theirs, work, parent)
        theirs.close()
        # Both sides do it: whoever is first, no signal to the horse's group can reach ours.
        _lead_group(self.pid)

    @property
    def tired(self) -> bool:
        return self.jobs >= MOST_JOBS

    def give(self, order: Order) -> None:
        """Hand over a job. Raises BrokenPipeError when the horse is gone."""
        self.jobs += 1
        self._pipe.send(order)

    def answered(self, seconds: float) -> bool:
        """Whether it has answered, or has gone, within `seconds`."""
        return self._pipe.poll(seconds) or self._ended()

    def answer(self) -> bytes | None:
        """What it said, or None when it went without a word. Call after `answered()`."""
        try:
            return self._pipe.recv_bytes() if self._pipe.poll() else None
        except (EOFError, OSError):
            return None

    def bury(self) -> int:
        """Let go of it, wait for its end and return its wait status."""
        self._pipe.close()
        if self._status is None:
            self._status = os.waitpid(self.pid, 0)[1]
        return self._status

    def _ended(self) -> bool:
        """A child of the horse may hold the pipe open after its end, so ask the system too."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None


def _run(pipe: Connection, work: Callable[[Order], bool], parent: int) -> None:
    """The horse's life. Never returns."""
    try:
        _lead_group(0)
        end_with_parent(signal.SIGKILL)()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        random.seed()
        fine = True
        while fine and os.getppid() == parent:
            fine = work(pipe.recv())
            pipe.send_bytes(STAY if fine else GONE)
        os._exit(0)
    except EOFError:
        os._exit(0)
    except BaseException as error:
        log.error("horse_failed", exc_info=error)
    finally:
        os._exit(1)


def _lead_group(pid: int) -> None:
    try:
        os.setpgid(pid, 0)
    except (PermissionError, ProcessLookupError):
        return
