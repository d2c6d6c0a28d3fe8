"""The inbox and its search among many conversations, beside the floor page in the same run.

python -m tests.bench.inbox [--conversations 100000] [--conversations 1000000] [--rounds 150]

The floor is tests/bench/floor.py's. All are asked over HTTP, in turn, so that a busy machine slows all of them.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from statistics import median
from time import perf_counter

import click

from console.db import db, now, transaction
from console.models import Operator, Role, SignIn
from tests.bench.conversation import cookie, counted
from tests.bench.crowd import fill
from tests.bench.floor import caller, in_turn, ratio, served
from tests.bench.stack import spread, stack

SEARCHES = {
    "in every one": "refund",
    "in one of five, a beginning": "zip",
    "two together": "hood button",
    "one in 5,000": "word4321 ",
    "one conversation": "TT-20418",
    "one customer": "person77@example.com",
    "one letter": "a",
    "nowhere": "velvet",
    "in every one, on no recent page": "hanne velvet",
}
TOKEN = "bench"


def people() -> None:
    """Three operators, the first of them signed in."""
    names = ("Ada Okafor", "Ben Weiss", "Cleo Marchetti")
    everyone = [
        Operator(name=name, email=f"{number}@bench", password_hash="-", role=Role.OPERATOR, scopes=[])
        for number, name in enumerate(names)
    ]
    with transaction():
        db.session.add_all(everyone)
        db.session.flush()
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        db.session.add(
            SignIn(operator_id=everyone[0].id, token_hash=digest, expires_at=now() + timedelta(hours=6))
        )


def measure(conversations: int, rounds: int) -> dict[str, float]:
    """Print one size; returns the medians of the inbox and of the floor page."""
    with stack(workers=False) as running:
        app = running.app
        with app.app_context():
            people()
        started = perf_counter()
        fill(running.settings.database_url, conversations)
        click.echo(
            f"{conversations:,} conversations of 5 messages (filled in {perf_counter() - started:.0f} s)"
        )
        signed_in, console = cookie(app, TOKEN), running.settings.port
        with app.app_context(), counted([]) as statements:
            app.test_client(use_cookies=False).get("/inbox", headers={"Cookie": signed_in})
        with served(running.settings) as port:
            asks = caller(console, "/inbox", signed_in), caller(port, "/empty"), caller(port, "/floor")
            inboxes, empties, floors = in_turn(rounds, asks)
        click.echo(f"  inbox        {spread(inboxes)}, {len(statements)} queries (at most 3)")
        click.echo(f"  empty route  {spread(empties)}")
        click.echo(f"  floor page   {spread(floors)}")
        click.echo(f"  inbox to floor page: {ratio(inboxes, floors)} (at most 2)")
        for words, q in SEARCHES.items():
            search = caller(console, f"/inbox?q={q.replace(' ', '+')}", signed_in)
            [times] = in_turn(max(10, rounds // 5), (search,))
            click.echo(f"  search {words:32} {spread(times)} (under 100 ms)")
    return {"conversations": conversations, "inbox": median(inboxes), "floor": median(floors)}


@click.command()
@click.option("--conversations", multiple=True, type=int, default=(100_000,), show_default=True)
@click.option("--rounds", default=150, show_default=True)
def main(conversations: tuple[int, ...], rounds: int) -> None:
    """Measure each size in a database of its own, and how the largest compares to the smallest."""
    sizes = [measure(number, rounds) for number in conversations]
    if len(sizes) > 1:
        first, last = sizes[0], sizes[-1]
        plain = last["inbox"] / first["inbox"]
        even = plain / (last["floor"] / first["floor"])
        click.echo(
            f"largest to smallest: {plain:.2f}, {even:.2f} with the floor as the measure (at most 1.2)"
        )
    click.echo(json.dumps(sizes))


if __name__ == "__main__":
    main()
