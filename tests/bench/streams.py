"""Open streams on one web worker: what each costs, and how long an announcement takes to reach all of them.

    python -m tests.bench.streams [--streams 1000] [--rounds 30]

A round is one NOTIFY from a connection outside; a stream's time runs from just before it to the bytes of its event.
"""

from __future__ import annotations

import argparse
import http.cookiejar
import os
import re
import selectors
import socket
import time
import urllib.parse
import urllib.request
from pathlib import Path

import click
import psycopg
from argon2 import PasswordHasher

from console.db import transaction
from console.models import Operator
from tests.bench.stack import Stack, spread, stack

PASSWORD = "console-demo"
TOPICS = "inbox,conversation:42"
SETTLE_SECONDS = 3.0
LIMIT_MS, LIMIT_KB = 150.0, 100.0


def main(streams: int, rounds: int) -> int:
    """Measure and print; 0 when both limits are kept."""
    with stack(workers=False) as running:
        cookie = _sign_in(running)
        warm = [_open(running, cookie) for _ in range(20)]
        time.sleep(SETTLE_SECONDS)
        worker = _worker(running)
        before = _memory_kb(worker)
        opened = [_open(running, cookie) for _ in range(streams)]
        time.sleep(SETTLE_SECONDS)
        each = (_memory_kb(worker) - before) / streams
        worked = _seconds_worked(worker)
        times = _measure(running, [*warm, *opened], rounds)
        worked = _seconds_worked(worker) - worked
        for connection in [*warm, *opened]:
            connection.close()
    worst = sorted(times)[int(len(times) * 0.99)]
    click.echo(f"{streams} streams: {each:.1f} KB each (at most {LIMIT_KB:.0f})")
    click.echo(f"{len(times)} events: {spread(times)} (99th at most {LIMIT_MS:.0f} ms)")
    click.echo(f"{worked / len(times) * 1_000_000:.0f} µs of the worker's time an event")
    return 0 if worst <= LIMIT_MS and each <= LIMIT_KB else 1


def _sign_in(running: Stack) -> str:
    with running.app.app_context(), transaction():
        from console.db import db

        hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        db.session.add(Operator(name="Ben Weiss", email="ben@example.com", password_hash=hashed))
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = browser.open(f"{running.address}/login").read().decode()
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    if found is None:
        raise SystemExit("The sign-in page has no token.")
    form = {"email": "ben@example.com", "password": PASSWORD, "csrf_token": found[1], "next": "/healthz"}
    browser.open(f"{running.address}/login", urllib.parse.urlencode(form).encode())
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def _open(running: Stack, cookie: str) -> socket.socket:
    """A stream that has been told its first event."""
    connection = socket.create_connection(("127.0.0.1", running.settings.port))
    query = urllib.parse.quote(TOPICS, safe="")
    connection.sendall(
        f"GET /live?topics={query} HTTP/1.1\r\nHost: bench\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    told = b""
    while b"event: open" not in told:
        part = connection.recv(4096)
        if not part:
            raise SystemExit(f"A stream was refused: {told[:200]!r}")
        told += part
    connection.setblocking(False)
    return connection


def _measure(running: Stack, opened: list[socket.socket], rounds: int) -> list[float]:
    selector = selectors.DefaultSelector()
    for connection in opened:
        selector.register(connection, selectors.EVENT_READ)
    _drain(selector)
    times: list[float] = []
    url = running.settings.lock_database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(url, autocommit=True) as outside:
        for number in range(rounds):
            waiting, started = len(opened), time.perf_counter()
            outside.execute("SELECT pg_notify('console', 'conversation:42')")
            while waiting:
                ready = selector.select(timeout=5)
                if not ready:
                    raise SystemExit(f"{waiting} streams heard nothing of round {number}.")
                for key, _ in ready:
                    told = key.fileobj.recv(4096)  # type: ignore[union-attr]
                    if b"event: conversation-42" in told:
                        times.append((time.perf_counter() - started) * 1000)
                        waiting -= 1
            time.sleep(0.2)
    return times


def _drain(selector: selectors.BaseSelector) -> None:
    while ready := selector.select(timeout=0.5):
        for key, _ in ready:
            if not key.fileobj.recv(65536):  # type: ignore[union-attr]
                raise SystemExit("The server ended a stream.")


def _worker(running: Stack) -> int:
    """The process that serves: gunicorn's only child."""
    [web] = [process for process in running.processes if process.name == "web"]
    if web.handle is None:
        raise SystemExit("The web process is not running.")
    master = web.handle.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return int(children[0])


def _seconds_worked(process: int) -> float:
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _memory_kb(process: int) -> int:
    """What the process alone holds in memory, in KB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty", "Private_Clean")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    chosen = parser.parse_args()
    raise SystemExit(main(chosen.streams, chosen.rounds))
