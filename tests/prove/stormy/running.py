"""A console as `up` starts it, with the other sides that it talks to, and the people who work with it."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from unittest.mock import patch

from flask import Flask
from sqlalchemy import func, insert, select, text

from console import create_app, embedded, outbound
from console.config import Settings
from console.db import db, transaction
from console.models import ApiToken, Conversation, ConversationStatus, Customer, Operator, Role
from console.people.passwords import hasher
from console.processes import Process, answers
from tests.bench.stack import ROOT, free_port, wait_until
from tests.prove.stormy import agents, tools
from tests.prove.stormy.disk import Disk, small_disk
from tests.prove.stormy.other_sides import Carrier, Post
from tests.storm.other_side import mail_settings

PASSWORD = "only for a storm, long enough"
OPERATORS = 6
SHARED = 40
"""Open conversations of each operator, and those of the agents."""
STOP_SECONDS = 15.0
FAILURE = re.compile(r"[\w.]+(Error|Exception|Refused|Denied)\w*:")


@dataclass
class Running:
    """A console from the outside: its processes, its database and its pages."""

    app: Flask
    settings: Settings
    process: Process
    folder: Path
    mail: Post
    carrier: Carrier
    disk: Disk | None
    ended: list[int | None] = field(default_factory=list)
    """Exit codes of a console that ended without being asked to."""
    away: list[float] = field(default_factory=list)
    """Seconds of each time in which it was not ready."""

    @property
    def pid(self) -> int:
        assert self.process.handle is not None
        return self.process.handle.pid

    @property
    def conninfo(self) -> str:
        return self.settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)

    def start_over(self, how: int) -> bool:
        """Kill or stop all of it, and start it again, as a service manager would."""
        self.process.stop_signal = how
        self.process.ask_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        while self.process.running and time.monotonic() < deadline:
            time.sleep(0.05)
        self.process.kill()
        self.process.start()
        return True

    def revive(self) -> None:
        """Start it again if it ended by itself, which it should not."""
        if not self.process.running:
            self.ended.append(self.process.exit_code)
            self.process.start()

    def pressed(self) -> list[str]:
        """The marks of the button, in order."""
        button = self.folder / "button.txt"
        return button.read_text().splitlines() if button.exists() else []

    def failures(self) -> list[str]:
        """What the log says of requests that failed: the last line of each traceback."""
        found, wanted = [], False
        for line in (self.folder / "up.log").read_text(errors="replace").splitlines():
            wanted = wanted or "request_failed " in line or "Exception on /" in line
            if wanted and FAILURE.match(line):
                found.append(line[:300])
                wanted = False
        return found

    def ready(self) -> bool:
        """Whether it says so itself."""
        return answers("127.0.0.1", self.settings.port, "/readyz", seconds=3)

    def watch(self, stop: threading.Event) -> None:
        """Look at /readyz twice a second, and keep how long it was away."""
        since = None
        while not stop.wait(0.5):
            ready = self.ready()
            if not ready and since is None:
                since = time.monotonic()
            if ready and since is not None:
                self.away.append(time.monotonic() - since)
                since = None
        if since is not None:
            self.away.append(time.monotonic() - since)


@dataclass(frozen=True)
class People:
    """Who works, and where."""

    emails: dict[str, str]
    """Of the operators, by actor."""
    conversations: dict[str, list[int]]
    """By actor, agents included: those in which only they write."""
    receivers: list[int]
    """Resolved conversations, each of a customer of its own."""
    template_id: int


@contextmanager
def running_console(random: Random) -> Iterator[Running]:
    """Start it on a small disk of its own, and stop everything at the end."""
    with (
        TemporaryDirectory(prefix="console-storm-") as kept,
        small_disk() as (place, disk),
        Post(random=Random(random.random())) as mail,
        Carrier(random=Random(random.random())) as carrier,
        patch.dict(os.environ),
    ):
        folder = Path(kept)
        (folder / "policy.toml").write_text(tools.POLICY)
        for name in [name for name in os.environ if name.startswith("CONSOLE_")]:
            del os.environ[name]
        os.environ.update(_environment(folder, place, mail, carrier))
        command = [sys.executable, "-m", "console", "up"]
        process = Process("up", command, cwd=ROOT, log_file=folder / "up.log", stop_signal=signal.SIGINT)
        settings = Settings.from_env()
        process.start()
        try:
            wait_until(settings.port, "/readyz")
            settings = embedded.servers_for(settings).addressed(settings)
            yield Running(create_app(settings), settings, process, folder, mail, carrier, disk)
        finally:
            end(process)


def end(process: Process) -> None:
    """Stop a console in order; what it started ends with it."""
    process.stop_signal = signal.SIGINT
    process.ask_to_stop()
    deadline = time.monotonic() + STOP_SECONDS
    while process.running and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()


def prepare(app: Flask, receivers: int) -> People:
    """Everybody who works and is written to. The operators have one password."""
    with app.app_context(), transaction():
        db.session.execute(text(tools.TABLE))
        word = hasher.hash(PASSWORD)
        db.session.add(ApiToken(name=agents.NAME, scopes=[]))
        people = [
            Operator(
                name=f"Operator {number}",
                email=f"operator{number}@example.com",
                password_hash=word,
                role=Role.OPERATOR if number else Role.ADMIN,
            )
            for number in range(OPERATORS)
        ]
        db.session.add_all(people)
        db.session.flush()
        letter = outbound.create_template(
            people[0].actor_id,
            name="Lost pallet",
            subject="{{ customer.first_name }}, your parcel",
            body="Dear {{ customer.name }},\n.it is on its way to {{ customer.email }}.",
        )
        actors = [*(one.actor_id for one in people), agents.ACTOR]
        places = {actor: _conversations(actor, SHARED, ConversationStatus.OPEN) for actor in actors}
        waiting = _conversations("receiver", receivers, ConversationStatus.RESOLVED)
        emails = {one.actor_id: one.email for one in people}
        return People(emails, places, waiting, letter.template_id)


def _conversations(whose: str, number: int, status: ConversationStatus) -> list[int]:
    """New ones, each of a customer whom nobody else writes to."""
    customers = db.session.scalars(
        insert(Customer).returning(Customer.id),
        [
            {"name": f"Customer {one}", "email": f"{whose.replace(':', '-')}-{one}@example.com"}
            for one in range(number)
        ],
    ).all()
    rows = [
        {"customer_id": one, "subject": "Where is it?", "status": status, "last_message_at": func.now()}
        for one in customers
    ]
    made = select(Conversation.id).where(Conversation.customer_id.in_(customers)).order_by(Conversation.id)
    db.session.execute(insert(Conversation).values(rows))
    return list(db.session.scalars(made))


def _environment(folder: Path, place: Path, mail: Post, carrier: Carrier) -> dict[str, str]:
    return {
        **mail_settings(mail),
        "CONSOLE_VAR": str(place / "var"),
        "CONSOLE_PORT": str(free_port()),
        "CONSOLE_WEB_PROCESSES": "2",
        "CONSOLE_WORKERS": "2",
        "CONSOLE_TOOLS": "tests.prove.stormy.tools",
        "CONSOLE_POLICY": str(folder / "policy.toml"),
        "CONSOLE_LOGIN_LIMIT": "1000 per minute",
        "CONSOLE_UNDO_SECONDS": "2",
        "CONSOLE_RETRY_BACKOFF_SECONDS": "1,3",
        "CONSOLE_DELIVERY_RETRY_SECONDS": "1,1,2",
        "PYTHONPATH": str(ROOT),
        tools.CARRIER: carrier.url,
        tools.BUTTON: str(folder / "button.txt"),
    }
