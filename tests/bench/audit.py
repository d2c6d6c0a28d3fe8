"""The audit log at a million events, beside the floor page in the same run; its export; and its verification.

python -m tests.bench.audit [--events 1000000] [--rounds 100]

Pages are asked over HTTP, in turn with the floor (tests/bench/floor.py), so that a busy machine slows all of them.
"""

from __future__ import annotations

import threading
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep

import click
from flask import Flask

from console.db import db
from console.trail import Seen, findings
from tests.bench import crowd, past
from tests.bench.conversation import cookie, counted
from tests.bench.floor import caller, in_turn, ratio, served
from tests.bench.inbox import TOKEN, people
from tests.bench.stack import Stack, spread, stack

PAGES = {
    "everything": "",
    "by a person": "?actor=operator:2",
    "by the console": "?actor=system",
    "one event": "?event=approved",
    "a line of the log": "?event=delivery_sent",
    "one tool": "?tool=tool_3",
    "one conversation": "?conversation=17",
    "one action": "?proposal=4711",
    "a day long ago": "?from={old}&to={old}",
    "since long ago": "?from={old}",
    "a person, an event": "?actor=operator:2&event=approved",
    "a person, a tool": "?actor=operator:1&tool=tool_3",
    "an event, a tool": "?event=approved&tool=tool_3",
    "nothing: software does not approve": "?actor=system&event=approved",
    "nothing: someone else's": "?actor=operator:2&tool=tool_3",
    "nothing: people do not run": "?actor=operator:2&event=execution_started&tool=tool_3",
    "nobody": "?actor=operator:99",
}


def peak(pid: int) -> int:
    """The most memory that a process ever held, in MB."""
    [line] = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")
    ]
    return int(line.split()[1]) // 1024


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def pages(running: Stack, app: Flask, signed_in: str, rounds: int) -> None:
    """Each filter beside the floor."""
    with app.app_context():
        old = db.session.execute(
            db.text("SELECT min(created_at) + interval '9 days' FROM tool_action_events")
        ).scalar()
        db.session.remove()
    with served(running.settings) as port:
        floor = caller(port, "/floor")
        for words, query in PAGES.items():
            path = f"/audit{query.format(old=f'{old:%Y-%m-%d}')}"
            with app.app_context(), counted([]) as statements:
                app.test_client(use_cookies=False).get(path, headers={"Cookie": signed_in})
            mine, floors = in_turn(rounds, (caller(running.settings.port, path, signed_in), floor))
            click.echo(
                f"  {words:36} {spread(mine)}, {len(statements)} queries (at most 4); to floor: "
                f"{ratio(mine, floors)} (at most 3)"
            )


def export(running: Stack, signed_in: str, ending: str) -> None:
    """Seconds and memory of a whole file, and how long others wait meanwhile."""
    waits: list[float] = []
    over = threading.Event()

    def others() -> None:
        ask = caller(running.settings.port, "/healthz")
        while not over.is_set():
            waits.append(1000 * ask())
            sleep(0.02)

    [master] = [process.handle.pid for process in running.processes if process.name == "web"]
    before = max(peak(child) for child in children(master))
    thread = threading.Thread(target=others)
    thread.start()
    started, size, lines = perf_counter(), 0, 0
    connection = HTTPConnection("127.0.0.1", running.settings.port, timeout=300)
    connection.request("GET", f"/audit.{ending}", headers={"Cookie": signed_in})
    answer = connection.getresponse()
    while part := answer.read(1 << 20):
        size, lines = size + len(part), lines + part.count(b"\n")
    over.set()
    thread.join()
    after = max(peak(child) for child in children(master))
    click.echo(
        f"  {ending:5} {lines:,} lines, {size / 1e6:.0f} MB in {perf_counter() - started:.0f} s; the web process held "
        f"{before} MB before and {after} MB at most; an empty answer meanwhile: {spread(waits)}"
    )


@click.command()
@click.option("--events", default=1_000_000, show_default=True)
@click.option("--rounds", default=100, show_default=True)
def main(events: int, rounds: int) -> None:
    """Print everything that is promised of the audit log."""
    with stack(workers=False, web_processes=1) as running:
        app, started = running.app, perf_counter()
        with app.app_context():
            people()
        crowd.fill(running.settings.database_url, 20_000)
        past.fill(running.settings.database_url, events, events // 25)
        click.echo(
            f"{events:,} events and {events // 25:,} lines (filled in {perf_counter() - started:.0f} s)"
        )
        signed_in = cookie(app, TOKEN)
        pages(running, app, signed_in, rounds)
        for ending in ("csv", "jsonl"):
            export(running, signed_in, ending)
        with app.app_context():
            started, seen = perf_counter(), Seen()
            wrong = sum(1 for _ in findings(seen))
        click.echo(f"  verify {seen.events:,} events in {perf_counter() - started:.0f} s, {wrong} findings")


if __name__ == "__main__":
    main()
