"""The desk behind the open pages: who works there, what is talked about, and what changes."""

from __future__ import annotations

import re
import time
import urllib.parse
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count

from flask import Flask

from console import conversations, governance, live, people
from console.db import db, transaction
from console.governance import ToolContext
from console.models import ApiToken, Conversation, Operator, Role
from tests.conftest import PASSWORD, PASSWORD_HASH

REASON = "Not today."


@dataclass
class Desk:
    """People, conversations and what is done there; each change is one transaction, as an operator's is."""

    app: Flask
    boss: int
    """An admin."""
    operators: list[int]
    conversations: list[int]

    def __post_init__(self) -> None:
        self.number = count(1)
        self.changes = 0
        # Topics of conversations that are not there: nobody but slow readers is told of them.
        self.unread = [f"conversation:{1_000_000 + number}" for number in range(live.MAX_TOPICS)]

    def write(self, conversation_id: int) -> None:
        """The customer writes."""
        with self.app.app_context():
            conversations.receive(conversation_id, f"Change {next(self.number)}: where is my parcel?")
        self.changes += 1

    def ask(self, conversation_id: int) -> int:
        """An agent asks for an action that somebody has to decide; its lane."""
        with self.app.app_context():
            number = next(self.number)
            context = ToolContext(
                tool_params={"amount": 1 + number % 1000},
                scopes=("orders:refund",),
                conversation_id=conversation_id,
                idempotency_token=f"prove-{number}",
            )
            lane = governance.submit("refund", "agent:iris", context).lane
            assert lane is not None
            self.changes += 1
            return lane.id

    def refuse(self, lane_id: int) -> None:
        """The first operator says no."""
        with self.app.app_context():
            governance.reject(lane_id, f"operator:{self.operators[0]}", reason=REASON)
        self.changes += 1

    def deactivate(self, operator_id: int) -> float:
        """Take somebody's account away; when that was committed."""
        with self.app.app_context():
            people.deactivate(f"operator:{operator_id}", f"operator:{self.boss}")
        return time.monotonic()


def furnished(app: Flask, *, people: int, talks: int) -> Desk:
    """A desk with so many operators and conversations."""
    with app.app_context():
        with transaction():
            staff = [
                Operator(
                    name=f"Operator {number}",
                    email=f"operator{number}@example.com",
                    role=Role.OPERATOR,
                    scopes=["orders:refund"],
                    password_hash=PASSWORD_HASH,
                )
                for number in range(people)
            ]
            boss = Operator(
                name="Ada Okafor", email="ada@example.com", role=Role.ADMIN, scopes=[], password_hash="-"
            )
            db.session.add_all([boss, *staff, ApiToken(name="iris", scopes=["orders:refund"])])
            db.session.flush()
            boss_id, operators = boss.id, [one.id for one in staff]
        with transaction():
            opened: list[Conversation] = []
            for number in range(talks):
                customer = conversations.customer_known_as(name=f"Customer {number}")
                opened.append(conversations.start(customer, f"Parcel {number}", "Where is my parcel?"))
            ids = [one.id for one in opened]
    return Desk(app, boss_id, operators, ids)


def sign_in(host: str, port: int, number: int) -> str:
    """Sign in as `operator{number}`, as a browser does; its cookie."""
    connection = HTTPConnection(host, port, timeout=30)
    connection.request("GET", "/login")
    answer = connection.getresponse()
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.read().decode())
    assert found is not None
    before = (answer.getheader("Set-Cookie") or "").split(";")[0]
    form = {
        "email": f"operator{number}@example.com",
        "password": PASSWORD,
        "csrf_token": found[1],
        "next": "/healthz",
    }
    connection.request(
        "POST",
        "/login",
        urllib.parse.urlencode(form),
        {"Cookie": before, "Content-Type": "application/x-www-form-urlencoded"},
    )
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 303, answer.status
    return (answer.getheader("Set-Cookie") or "").split(";")[0]
