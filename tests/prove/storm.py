"""The fault storm: a whole console under work, of which something is killed, stopped, cut or lost every few seconds.

What runs is `console up` with two web processes, two workers, the clock, PostgreSQL and Valkey. Operators work through
their browsers' requests, agents through the facade in a process of the host application, since no page is for them.
Judged is from the database and from what the mail server, the carrier and the button wrote down.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, randrange

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from console.cli import roles
from console.db import db
from console.processes import Process
from tests.bench.stack import ROOT
from tests.prove.claims import Claim
from tests.prove.stormy import verdict
from tests.prove.stormy.agents import ACTOR
from tests.prove.stormy.browser import Browser, SignIn
from tests.prove.stormy.journal import Journal
from tests.prove.stormy.operators import Operator, Post
from tests.prove.stormy.protections import PROTECTIONS
from tests.prove.stormy.running import PASSWORD, People, Running, prepare, running_console
from tests.prove.stormy.weather import Weather

__all__ = ["PROTECTIONS", "prove"]

LANES = 20_000
MOST_WAITING = 300
"""Of those that nobody got to, the oldest are left to their deadline."""
DRAIN_SECONDS = 60.0
SHORT_DRAIN_SECONDS = 40.0
"""Less than is promised, so that the short form has an end also when nothing drains."""
LEFT = text("""
    SELECT (SELECT count(*) FROM tool_approvals WHERE status IN ('approved', 'execution_pending')
                OR (status = 'pending' AND expires_at < now()))
         + (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending'))
""")
LETTERS = text("SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending')")
MADE = text("SELECT count(*) FROM tool_approvals")


@dataclass(frozen=True)
class Scale:
    """How long and how hard."""

    seconds: float
    longest: float
    """When it ends although there are not as many lanes as wanted."""
    lanes: int
    pause: float
    receivers: int
    plain: int
    """Of a hundred requests of agents, so many are look-ups."""
    burst: int
    """With more jobs in the queue, agents wait until it is empty."""
    think: float
    """Seconds that an operator looks before the next step."""


LONG = Scale(seconds=420, longest=600, lanes=LANES, pause=4.0, receivers=6000, plain=85, burst=60, think=0.2)
SHORT = Scale(seconds=40, longest=40, lanes=0, pause=1.0, receivers=600, plain=30, burst=40, think=0.1)


@dataclass
class Crowd:
    """Those who work: operators in threads, agents in a process."""

    operators: list[Operator]
    agents: Process
    folder: Path
    journal: Journal
    stop: threading.Event = field(default_factory=threading.Event)
    waiting: deque[int] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    told: dict[str, int] = field(default_factory=dict)
    read: int = 0

    def listen(self) -> None:
        """What agents were answered since the last call; what needs a decision goes to the operators."""
        path = self.folder / "agents.txt"
        if not path.exists():
            return
        with path.open() as file:
            file.seek(self.read)
            lines = file.read().rpartition("\n")[0]
            self.read += len(lines) + 1 if lines else 0
        for mark, lane, status in (line.split() for line in lines.splitlines()):
            self.told[mark] = int(lane)
            # Now and then one that soon is over: it is decided at the last moment, or too late.
            if status == "pending" and (not mark.startswith("fleeting") or int(lane) % 4 == 0):
                self.waiting.append(int(lane))


def prove(short: bool) -> list[Claim]:
    """Let the storm pass, wait until all is at rest, and judge."""
    seed = randrange(10**6)
    random, scale = Random(seed), SHORT if short else LONG
    with running_console(random) as running:
        people, journal = prepare(running.app, scale.receivers), Journal()
        weather = Weather(running, running.disk, random)
        watching = threading.Event()
        watcher = threading.Thread(target=running.watch, args=(watching,))
        watcher.start()
        try:
            with _crowd(running, people, journal, scale, random, seed) as crowd:
                stormy = _rage(running, weather, crowd, scale, short=short)
                calm_since = time.monotonic()
            drained = _drain(running, calm_since, SHORT_DRAIN_SECONDS if short else DRAIN_SECONDS)
            crowd.listen()
        finally:
            watching.set()
            watcher.join()
        with running.app.app_context():
            db.engine.dispose()
            storm = verdict.Storm(
                running, people, journal, crowd.told, weather, seed, stormy, drained, scale.lanes
            )
            try:
                return verdict.claims(storm)
            except DBAPIError as error:
                return [verdict.gone(storm, error)]


def _rage(running: Running, weather: Weather, crowd: Crowd, scale: Scale, *, short: bool) -> float:
    """Faults until there were enough lanes. Answers how many seconds that took."""
    began = time.monotonic()
    time.sleep(min(3.0, scale.pause))
    while (gone := time.monotonic() - began) < scale.longest:
        if gone > scale.seconds and _count(running, MADE) >= scale.lanes:
            break
        if not weather.deck:
            if short and weather.faults:
                break
            weather.deal(short=short)
        weather.strike()
        ends = time.monotonic() + weather.random.uniform(0.5, 1.5) * scale.pause
        while time.monotonic() < ends:
            crowd.listen()
            crowd.journal.letters = _count(running, LETTERS)
            if not crowd.agents.running:
                running.ended.append(crowd.agents.exit_code)
                crowd.agents.start()
            running.revive()
            time.sleep(0.1)
    return time.monotonic() - began


def _drain(running: Running, began: float, limit: float) -> float | None:
    """Seconds since the last fault until nothing is on its way any more, or None when it does not come to that."""
    while time.monotonic() - began < limit:
        running.revive()
        if _count(running, LEFT) == 0:
            return time.monotonic() - began
        time.sleep(0.3)
    return None


def _count(running: Running, query: object) -> int:
    """A number from the database, or -1 while it is away."""
    with running.app.app_context():
        try:
            return int(db.session.scalar(query) or 0)  # type: ignore[call-overload]
        except DBAPIError:
            return -1
        finally:
            db.session.remove()


@contextmanager
def _crowd(
    running: Running, people: People, journal: Journal, scale: Scale, random: Random, seed: int
) -> Iterator[Crowd]:
    """People and agents at work for the time of the block. Then everybody waits for their last answer, and goes."""
    places = [str(one) for one in people.conversations[ACTOR]]
    command = [sys.executable, "-m", "tests.prove.stormy.agents"]
    command += [str(seed), str(running.folder), str(scale.plain), str(scale.burst), *places]
    log = running.folder / "agents.log"
    agents = Process("agents", command, roles.environment(running.settings), log_file=log, cwd=ROOT)
    crowd = Crowd([], agents, running.folder, journal)
    crowd.operators += _operators(running, people, journal, crowd.waiting, scale, random)
    threads = [threading.Thread(target=one.work, args=(crowd.stop,)) for one in crowd.operators]
    patience = 0.0
    try:
        agents.start()
        for one in crowd.operators:
            one.browser.get("/account")
        for thread in threads:
            thread.start()
        yield crowd
        patience = DRAIN_SECONDS / 3
    finally:
        crowd.stop.set()
        (running.folder / "stop").touch()
        for one in crowd.operators:
            one.end(time.monotonic() + patience)
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        deadline = time.monotonic() + patience
        while agents.running and time.monotonic() < deadline:
            time.sleep(0.05)
        agents.kill()


def _operators(
    running: Running, people: People, journal: Journal, waiting: deque[int], scale: Scale, random: Random
) -> Sequence[Operator]:
    actors = list(people.emails)
    persons = {actor: SignIn(email, PASSWORD) for actor, email in people.emails.items()}

    def browser(actor: str) -> Browser:
        return Browser(running.settings.port, persons[actor], journal)

    found = []
    for number, actor in enumerate(actors):
        rival = actors[(number + 1) % len(actors)]
        receivers = deque(people.receivers[number :: len(actors)])
        post = Post(
            actor,
            browser(actor),
            browser(actor),
            rival,
            browser(rival),
            people.conversations[actor],
            receivers,
        )
        own = Random(random.random())
        found.append(Operator(post, journal, waiting, people.template_id, own, scale.think))
    return found
