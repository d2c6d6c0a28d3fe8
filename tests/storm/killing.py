"""What is killed, how often, and what starts it again."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

import psutil
import psycopg
from redis import Redis, RedisError

from console.cli import roles
from console.outbound.claims import CLAIM_SPACE
from console.processes import Process
from tests.bench.stack import Stack

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'cairnloop-console' ORDER BY pid"
SENDING = "SELECT EXISTS (SELECT FROM deliveries WHERE state = 'sending')"
CLAIMS = f"""SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint >> 8 = {CLAIM_SPACE}
              ORDER BY pid"""

PATIENCE_SECONDS = 3.0
"""How long a kill waits for its victim."""
YOUNG_SECONDS = 5.0
"""A program that was started just now is let alone: one that never gets to work is no danger to anybody."""


class Killer:
    """Kills one thing after the other, at random, without a warning."""

    def __init__(self, stack: Stack, random: Random, seed: int) -> None:
        self.random = random
        self.kills: Counter[str] = Counter()
        self.died: Counter[str] = Counter()
        """Programs that ended without being killed."""
        self.in_the_act = 0
        """Kills while a message was on its way."""
        assert stack.servers.valkey and stack.servers.postgres
        self.valkey = stack.servers.valkey
        sockets = str(stack.servers.postgres.sockets)
        self.database = psycopg.connect(host=sockets, user="postgres", dbname="console", autocommit=True)
        command = [sys.executable, "-m", "tests.storm.operators", str(seed)]
        self.operators = Process(
            "operators",
            command,
            roles.environment(stack.settings),
            log_file=stack.settings.var / "operators.log",
        )
        self.operators.start()
        self.programs = {one.name: one for one in (*stack.processes, self.operators)}
        self.kinds: dict[str, tuple[int, Callable[[], bool]]] = {
            "work-horse": (52, self._horse),
            "worker": (8, self._worker),
            "worker pool": (3, lambda: self._program("worker")),
            "connection of a claim": (14, lambda: self._backend(CLAIMS)),
            "any connection": (8, lambda: self._backend(BACKENDS)),
            "operators": (3, lambda: self._program("operators")),
            "clock": (2, lambda: self._program("clock")),
            "web": (2, lambda: self._program("web")),
            "queue emptied": (5, self._empty_queue),
            "queue": (3, self._queue),
        }

    def kill(self) -> None:
        """Kill one thing, at a moment when a message is on its way if one comes soon, and count it."""
        kind = self.random.choices(list(self.kinds), [weight for weight, _ in self.kinds.values()])[0]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            sending = self._sending()
            if (sending or time.monotonic() > deadline - PATIENCE_SECONDS / 2) and self.kinds[kind][1]():
                self.kills[kind] += 1
                self.in_the_act += sending
                return
            self.mend()
            time.sleep(0.01)

    def mend(self) -> None:
        """Start again whatever is dead."""
        for process in self.programs.values():
            if not process.running:
                if process.exit_code != -signal.SIGKILL:
                    self.died[process.name] += 1
                process.kill()
                process.start()
        if not self.valkey.process.running:
            self.valkey.process.kill()
            self.valkey.prepare()
            self.valkey.process.start()

    def rest(self) -> None:
        """Let the operators go, and bring everything else back."""
        self.programs.pop("operators", None)
        self.operators.kill()
        self.database.close()
        self.mend()
        self.valkey.wait_until_ready()

    def _horse(self) -> bool:
        return self._one_of(
            [
                horse
                for worker in self._workers()
                for horse in _children(worker)
                if os.getpgid(horse.pid) == horse.pid
            ]
        )

    def _worker(self) -> bool:
        return self._one_of(self._workers())

    def _workers(self) -> list[psutil.Process]:
        pool = self.programs["worker"].handle
        return _children(psutil.Process(pool.pid)) if pool and pool.poll() is None else []

    def _one_of(self, victims: list[psutil.Process]) -> bool:
        if not victims:
            return False
        with suppress(psutil.NoSuchProcess):
            self.random.choice(victims).kill()
            return True
        return False

    def _program(self, name: str) -> bool:
        """Its first process alone, whose children have to notice, or all of them at once."""
        process = self.programs[name]
        if not process.running or process.handle is None or _young(process):
            return False
        if self.random.random() < 0.5:
            process.kill()
        else:
            process.handle.kill()
            process.handle.wait()
        return True

    def _sending(self) -> bool:
        return self.database.execute(SENDING).fetchone() == (True,)

    def _backend(self, which: str) -> bool:
        pids = [row[0] for row in self.database.execute(which)]
        if not pids:
            return False
        ended = self.database.execute(
            "SELECT pg_terminate_backend(%s)", [self.random.choice(pids)]
        ).fetchone()
        return ended == (True,)

    def _empty_queue(self) -> bool:
        with suppress(RedisError), Redis(unix_socket_path=str(self.valkey.socket)) as client:
            return bool(client.flushall())
        return False

    def _queue(self) -> bool:
        if not self.valkey.process.running or _young(self.valkey.process):
            return False
        self.valkey.process.kill()
        return True


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [one for one in process.children() if one.status() != psutil.STATUS_ZOMBIE]
    return []


def _young(process: Process) -> bool:
    return time.monotonic() - process.started_at < YOUNG_SECONDS
