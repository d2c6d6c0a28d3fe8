"""What goes wrong: one fault after the other, each at a random moment and in a random place."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

import psutil
import psycopg
from redis import Redis, RedisError

from tests.prove.stormy import victims
from tests.prove.stormy.disk import Disk
from tests.prove.stormy.running import Running

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'cairnloop-console' ORDER BY pid"
IN_THE_ACT = """SELECT EXISTS (SELECT FROM deliveries WHERE state = 'sending') OR EXISTS (
    SELECT FROM tool_approvals a JOIN tool_proposals p ON p.id = a.tool_proposal_id
     WHERE a.attempt_open AND p.tool_ref IN ('press_button', 'ring_bell', 'call_carrier', 'tell_carrier'))"""
SCHEDULED = ("rq:scheduled:actions", "rq:scheduled:deliveries")
PATIENCE_SECONDS = 3.0
LONGEST_STOP_SECONDS = 3.0
FULL_SECONDS = 2.0
HALF_AN_HOUR = 1800
FULL, MOVED = "disk full", "scheduled jobs moved"

# How often each comes, of about a hundred; and in the short form.
FAULTS: dict[str, tuple[int, int]] = {
    "work-horses killed inside a run": (14, 4),
    "worker killed": (6, 1),
    "worker pool killed": (4, 1),
    "web process killed": (6, 1),
    "web killed": (4, 1),
    "clock killed": (3, 1),
    "Valkey killed": (4, 1),
    "database backend killed": (3, 1),
    "PostgreSQL killed": (3, 2),
    "one connection cut": (8, 1),
    "every connection cut": (4, 1),
    "stopped and continued": (12, 1),
    "restarted in order": (8, 1),
    "queue emptied": (7, 2),
    MOVED: (9, 1),
    FULL: (3, 1),
    "console killed and started": (1, 0),
    "console stopped and started": (1, 0),
}


class Weather:
    """Brings faults over a running console, and counts them."""

    def __init__(self, running: Running, disk: Disk | None, random: Random) -> None:
        self.running, self.disk, self.random = running, disk, random
        self.faults: Counter[str] = Counter()
        self.moved = 0
        """Jobs whose time was changed."""
        self.deck: list[str] = []
        kill = self._kill
        self.ways: dict[str, Callable[[], bool]] = {
            "work-horses killed inside a run": self._horses,
            "worker killed": lambda: kill(self._one(victims.beneath(self.up, "worker pool"))),
            "worker pool killed": lambda: kill(victims.part(self.up, "worker pool")),
            "web process killed": lambda: kill(self._one(victims.beneath(self.up, "web"))),
            "web killed": lambda: kill(victims.part(self.up, "web")),
            "clock killed": lambda: kill(victims.part(self.up, "clock")),
            "Valkey killed": lambda: kill(victims.part(self.up, "Valkey")),
            "database backend killed": lambda: kill(self._backend()),
            "PostgreSQL killed": self._postgres,
            "one connection cut": lambda: self._cut(1),
            "every connection cut": lambda: self._cut(1000),
            "stopped and continued": self._stop_and_continue,
            "restarted in order": self._restart,
            "queue emptied": self._empty_queue,
            MOVED: self._move_jobs,
            FULL: self._fill_disk,
            "console killed and started": lambda: running.start_over(signal.SIGKILL),
            "console stopped and started": lambda: running.start_over(signal.SIGINT),
        }

    @property
    def up(self) -> int:
        return self.running.pid

    def deal(self, *, short: bool) -> None:
        """All faults of a deck, in another order each time."""
        possible = {name: often for name, often in FAULTS.items() if self.disk or name != FULL}
        self.deck = [name for name, often in possible.items() for _ in range(often[short])]
        self.random.shuffle(self.deck)
        if short:
            # At first, since a killed pool may leave the jobs that wait for their time to the sweep for a minute.
            self.deck += [MOVED, MOVED]

    def strike(self) -> None:
        """The next fault of the deck, if it finds a victim in time."""
        name = self.deck.pop()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self.ways[name]():
                self.faults[name] += 1
                return
            time.sleep(0.05)

    def _kill(self, found: victims.Found) -> bool:
        for one in found:
            with suppress(psutil.Error):
                one.kill()
        return bool(found)

    def _one(self, found: victims.Found) -> victims.Found:
        return [self.random.choice(found)] if found else []

    def _horses(self) -> bool:
        """All of them, when one is on its way with something that cannot be taken back."""
        return self._asked(IN_THE_ACT) == [(True,)] and self._kill(victims.horses(self.up))

    def _postgres(self) -> bool:
        """The whole server at one moment, with everything that it has in memory."""
        found = [*victims.part(self.up, "PostgreSQL"), *victims.beneath(self.up, "PostgreSQL")]
        return self._kill(found)

    def _backend(self) -> victims.Found:
        pids = [row[0] for row in self._asked(BACKENDS)]
        with suppress(psutil.Error, IndexError):
            return [psutil.Process(self.random.choice(pids))]
        return []

    def _cut(self, most: int) -> bool:
        pids = [row[0] for row in self._asked(BACKENDS)]
        chosen = self.random.sample(pids, min(most, len(pids)))
        return bool(chosen) and bool(self._asked("SELECT pg_terminate_backend(unnest(%s::int[]))", chosen))

    def _stop_and_continue(self) -> bool:
        up = self.up
        kinds = [
            victims.beneath(up, "web"), victims.beneath(up, "worker pool"), victims.horses(up),
            victims.part(up, "clock"), victims.part(up, "Valkey"), victims.beneath(up, "PostgreSQL"),
        ]  # fmt: skip
        for one in self._one(self.random.choice(kinds)):
            with suppress(psutil.Error):
                one.suspend()
                try:
                    time.sleep(self.random.uniform(0.3, LONGEST_STOP_SECONDS))
                finally:
                    one.resume()
                return True
        return False

    def _restart(self) -> bool:
        name = self.random.choice(list(victims.PARTS))
        for one in victims.part(self.up, name):
            with suppress(psutil.Error):
                one.send_signal(signal.SIGINT if name == "PostgreSQL" else signal.SIGTERM)
                return True
        return False

    def _empty_queue(self) -> bool:
        with suppress(RedisError), self._queue() as client:
            return bool(client.flushall())
        return False

    def _move_jobs(self) -> bool:
        """Make jobs that wait for their time due at once, or late by half an hour."""
        found = 0
        with suppress(RedisError), self._queue() as client:
            for place in SCHEDULED:
                for job, _ in client.zscan_iter(place):
                    at = time.time() + self.random.choice((-1, -1, HALF_AN_HOUR))
                    found += 1
                    client.zadd(place, {job: at}, xx=True)
        self.moved += found
        return bool(found)

    def _fill_disk(self) -> bool:
        assert self.disk is not None
        with self.disk.full():
            time.sleep(self.random.uniform(0.5, FULL_SECONDS))
        return True

    def _queue(self) -> Redis:
        return Redis.from_url(self.running.settings.redis_url, socket_timeout=1)

    def _asked(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """The rows, or none when the database is away."""
        with suppress(psycopg.Error), psycopg.connect(self.running.conninfo, connect_timeout=2) as connection:
            return connection.execute(query, [list(values)] if values else None).fetchall()
        return []
