"""The web processes of a console that is proved: their memory, their end, and announcements from outside."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

import psutil
import psycopg

from tests.bench.stack import Stack

LISTENERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'console live'"

MANY_BYTES = 50_000
FILLING, MOST_FILLING = 500, 12_000
FILLING_PAUSE = 0.002
"""Long enough for a stream to be written to in between: what waits to be written is kept once a topic."""


class Machine:
    """What is measured of the web processes, and done to them."""

    def __init__(self, running: Stack) -> None:
        [web] = [process for process in running.processes if process.name == "web"]
        assert web.handle is not None
        self.master = psutil.Process(web.handle.pid)
        self.url = running.settings.lock_database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self.samples: list[tuple[float, float]] = []
        """Moments, and MB that the web processes alone held then, together."""
        self._stopped = threading.Event()

    def workers(self) -> list[psutil.Process]:
        return [one for one in self.master.children() if one.status() != psutil.STATUS_ZOMBIE]

    def kill_one(self) -> None:
        """The web process that has served for longest is gone, without a word."""
        os.kill(min(self.workers(), key=lambda one: one.create_time()).pid, signal.SIGKILL)

    def notify(self, topics: list[str], *, times: int, each: float) -> None:
        """Announce `topics` so often, with a pause after each; each time commits alone, or they fall together."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for _ in range(times):
                connection.execute(
                    "SELECT pg_notify('console', topic) FROM unnest(%s::text[]) topic", [topics]
                )
                if each:
                    time.sleep(each)

    def unread(self, port: int) -> list[int]:
        """Bytes that wait in the system for readers of streams: of each connection that has many of them."""
        lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        ours = (line[4] for line in lines if int(line[1].rpartition(":")[2], 16) == port)
        return [sent for sent in (int(one.partition(":")[0], 16) for one in ours) if sent > MANY_BYTES]

    def fill(self, topics: list[str], port: int, readers: int) -> int:
        """Announce until nothing more fits into the buffers of these readers; how often that was."""
        times = before = 0
        while times < MOST_FILLING:
            self.notify(topics, times=FILLING, each=FILLING_PAUSE)
            times += FILLING
            unread = self.unread(port)
            if len(unread) >= readers and sum(unread) < before * 1.02:
                break
            before = sum(unread)
        return times

    def deafen(self) -> None:
        """End the connections on which the web processes listen."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(LISTENERS)

    def sample(self, every: float) -> None:
        """Measure until stopped."""
        while not self._stopped.wait(every):
            with suppress(OSError, psutil.Error):
                held = sum(_private_mb(one.pid) for one in self.workers())
                self.samples.append((time.monotonic(), held))

    def stop(self) -> None:
        """Measure no more."""
        self._stopped.set()

    def thirds(self, since: float, until: float) -> tuple[float, float]:
        """The median of the second and of the last third of a time, in MB: in the first one, caches fill up to their
        limits."""
        held = [mb for moment, mb in self.samples if since <= moment <= until]
        third = max(1, len(held) // 3)
        return median(held[third : 2 * third] or held), median(held[-third:])


def _private_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kept = (line.split()[1] for line in lines if line.startswith(("Private_Dirty", "Private_Clean")))
    return sum(map(int, kept)) / 1024
