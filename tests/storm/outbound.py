"""Bulk sends in a storm: processes, connections and the queue are killed at random, and nobody gets a message twice.

    python -m tests.storm.outbound --kills 1000 [--seed N] [--channel smtp|webhook|both]

A real console sends without a pause to a mail server or a receiver of webhooks that is slow and moody, while something
is killed every third of a second. When all has come to rest, the database and what the other side wrote down are
compared. The seed repeats the choices, not the moments.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from random import Random, randrange
from unittest.mock import patch

import click
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from console import outbound, queue
from console.db import db, transaction
from console.models import BulkEnvelope, Operator, Role
from tests.bench.stack import Stack, stack, wait_until
from tests.storm.judging import Row, rows, violations
from tests.storm.killing import Killer
from tests.storm.operators import waiting
from tests.storm.other_side import Taken, other_side

PAUSE_SECONDS = 0.3
CALM_SECONDS = 180
"""How long after the last kill everything may take to come to rest."""
SWEEP_SECONDS = 1.0
SHORT = {
    "CONSOLE_UNDO_SECONDS": "1",
    "CONSOLE_SWEEP_GRACE_SECONDS": "1",
    "CONSOLE_DELIVERY_RETRY_SECONDS": "1,1,2",
    "CONSOLE_WORKERS": "3",
    "CONSOLE_WEB_PROCESSES": "1",
}


@dataclass(frozen=True)
class Report:
    """What a storm did, and what it left."""

    channel: str
    seed: int
    kills: Counter[str]
    in_the_act: int
    died: Counter[str]
    envelopes: int
    found: list[Row]
    taken: list[Taken]
    repetitions: int
    violations: list[str]
    stormy_seconds: float
    calm_seconds: float

    def lines(self) -> list[str]:
        """The report for people."""
        states = Counter(str(row.state) for row in self.found)
        return [
            f"{self.channel}, seed {self.seed}: {self.kills.total()} kills in {self.stormy_seconds:.0f} s, "
            f"then {self.calm_seconds:.0f} s until all was at rest",
            f"  kills: {_listed(self.kills)}; {self.in_the_act} of them while a message was on its way",
            f"  ended by themselves: {_listed(self.died) or 'none'}",
            f"  {self.envelopes} bulk sends, {len(self.found)} deliveries: {_listed(states)}",
            f"  {len(self.taken)} messages accepted, and {self.repetitions} repetitions of them",
            f"  violations: {len(self.violations)}",
            *(f"    {one}" for one in self.violations),
        ]


def storm(kills: int, *, channel: str, seed: int, pause: float = PAUSE_SECONDS) -> Report:
    """Start a console, let the storm pass over it, and judge what is left."""
    random = Random(seed)
    with (
        other_side(channel, Random(random.random())) as (there, settings),
        patch.dict(os.environ, SHORT | settings),
        stack() as running,
        running.app.app_context(),
    ):
        prepare()
        killer = Killer(running, random, seed)
        started = time.monotonic()
        rage(killer, kills, pause)
        killer.rest()
        ended = time.monotonic()
        at_rest(killer, ended + CALM_SECONDS)
        calm = time.monotonic() - ended
        wait_until(running.settings.port, "/readyz")
        found, taken = rows(), list(there.taken())
        envelopes = db.session.scalar(select(func.count()).select_from(BulkEnvelope)) or 0
        broken = violations(found, taken) + said_otherwise(running, killer)
        return Report(
            channel=channel,
            seed=seed,
            kills=killer.kills,
            in_the_act=killer.in_the_act,
            died=killer.died,
            envelopes=envelopes,
            found=found,
            taken=taken,
            repetitions=there.repetitions(),
            violations=broken,
            stormy_seconds=ended - started,
            calm_seconds=calm,
        )


def prepare() -> None:
    """An operator and a template."""
    with transaction():
        ada = Operator(
            name="Ada Okafor", email="ada@example.com", role=Role.ADMIN, password_hash="-", scopes=[]
        )
        db.session.add(ada)
        db.session.flush()
        outbound.create_template(
            ada.actor_id,
            name="Lost pallet",
            subject="{{ customer.first_name }}, your parcel",
            body="Dear {{ customer.name }},\n.it is on its way to {{ customer.email }}.",
        )


def rage(killer: Killer, kills: int, pause: float) -> None:
    """Wait until the first sends are on their way, then kill so often, with a pause of random length between."""
    while not waiting():
        db.session.rollback()
        killer.mend()
        time.sleep(0.1)
    db.session.rollback()
    swept = 0.0
    while killer.kills.total() < kills:
        killer.kill()
        time.sleep(killer.random.uniform(0, 2 * pause))
        killer.mend()
        swept = sweep(swept)


def at_rest(killer: Killer, deadline: float) -> None:
    """Return when nothing is on its way any more, or at the deadline."""
    swept = 0.0
    while time.monotonic() < deadline:
        try:
            if not waiting():
                return
        except DBAPIError:
            continue
        finally:
            db.session.rollback()
        killer.mend()
        swept = sweep(swept)
        time.sleep(0.2)


def sweep(last: float) -> float:
    """What the clock does every fifteen seconds, which are long in a storm."""
    if time.monotonic() - last < SWEEP_SECONDS:
        return last
    queue.push("jobs.sweep.sweep", job_id="clock-sweep", queue=queue.MAINTENANCE)
    return time.monotonic()


def said_otherwise(running: Stack, killer: Killer) -> list[str]:
    """Operators who met anything but a lost connection; the end of their log says what."""
    if not killer.died["operators"]:
        return []
    log = (running.settings.var / "operators.log").read_text()
    return [f"operators met an error: {log[-3000:]}"]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.most_common())


@click.command()
@click.option("--kills", default=1000, show_default=True)
@click.option("--seed", type=int, help="Repeats the choices of an earlier storm.")
@click.option("--channel", type=click.Choice(["smtp", "webhook", "both"]), default="both", show_default=True)
def main(kills: int, seed: int | None, channel: str) -> None:
    """Print a report for each channel; exit with 1 if a promise was broken."""
    channels = ["smtp", "webhook"] if channel == "both" else [channel]
    seed = randrange(10**6) if seed is None else seed
    broken = False
    for number, one in enumerate(channels):
        share = kills // len(channels) + (number < kills % len(channels))
        report = storm(share, channel=one, seed=seed)
        click.echo("\n".join(report.lines()))
        broken = broken or bool(report.violations)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
