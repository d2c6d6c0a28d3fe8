"""The console that is attacked: a whole one, in production, with people and something behind every address."""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from console import governance, logs, outbound
from console.config import Settings
from console.db import db
from console.governance import ToolContext
from console.models import Conversation, Customer, Message, MessageRole
from console.people import passwords
from tests.bench.stack import Stack, stack
from tests.browserless import Client
from tests.channels.mail_server import MailServer
from tests.conftest import PASSWORD, PASSWORD_HASH, make_cast
from tests.prove.hostile_input.marks import Marks
from tests.prove.hostile_input.routes import Attentive, Routes
from tests.prove.hostile_input.watch import Watch

GIVEN_OUT = re.compile(r"(?:token=|value=\"|>)((?:[a-z]+_)?[A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])")
"""The token of a link, of an agent or of a form, where a page shows it."""
HOME = "https://desk.example"
TOOLS = "console.tools.internal_note:InternalNote,tests.tools,tests.prove.hostile_input.tool"
SENDER = "Shop <care@example.com>"


@dataclass
class Place:
    """Everything that the attacks share."""

    stack: Stack
    mail: MailServer
    random: Random
    log: Path
    watch: Watch = field(default_factory=Watch)
    marks: Marks = field(default_factory=Marks)
    people: dict[str, int] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    """What must not be read anywhere but where it was given out: cookies, tokens."""
    seconds: dict[str, float] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    """The marks that stood on a page."""

    def __post_init__(self) -> None:
        self.app = self.stack.app
        self.routes = Routes(self.app)

    def visitor(self, name: str) -> Visitor:
        """A browser in which somebody is signed in."""
        return Visitor(self, name)

    def rows(self, *, but_refusals: bool = False) -> dict[str, str]:
        """A checksum of every table there is, but for the lines about refusals if so wished."""
        found = {}
        tables = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('public', 'shop')"
        with self.app.app_context(), db.engine.connect() as connection:
            for table in connection.scalars(text(tables)).all():
                rows = f"SELECT t::text AS line FROM {table} t"
                if but_refusals and table == "public.audit_events":
                    rows += " WHERE event_type NOT IN ('refused', 'sign_in_failed')"
                digest = text(f"SELECT md5(string_agg(line, '|' ORDER BY line)) FROM ({rows}) lines")
                found[str(table)] = str(connection.scalar(digest))
        return found

    def sql(self, statement: str, **values: Any) -> None:
        """Change the database behind everybody's back."""
        with self.app.app_context(), db.engine.begin() as connection:
            connection.execute(text(statement), values)

    def mend(self) -> None:
        """Give the three their accounts back, whatever was done to them."""
        restored = """
            UPDATE operators SET email = :email, active = true, password_hash = :hash, scopes = '{orders:refund}',
                   role = :role WHERE id = :id AND (email, active, password_hash, role)
                   IS DISTINCT FROM (:email, true, :hash, :role)
        """
        for name, id in self.people.items():
            role = "admin" if name == "ada" else "operator"
            self.sql(restored, id=id, email=f"{name}@example.com", hash=PASSWORD_HASH, role=role)


class Visitor:
    """A browser, signed in again whenever something that it did has ended its sign-in."""

    def __init__(self, place: Place, name: str) -> None:
        self.place, self.name = place, name
        self.client, self.token = Client(place.app), ""
        self.sign_in()

    def sign_in(self) -> TestResponse:
        """Come in through the door that there is."""
        self.place.mend()
        self.client = Client(self.place.app)
        token = token_of(self.client)
        form = {"email": f"{self.name}@example.com", "password": PASSWORD, "csrf_token": token}
        answer = self.client.post("/login", data=form, base_url=HOME)
        assert answer.status_code == 303, answer.text
        self.token = token_of(self.client)
        self.place.secrets |= {self.cookie, self.token}
        return answer

    @property
    def cookie(self) -> str:
        found = self.client.get_cookie("console", "desk.example")
        return found.value if found else ""

    @property
    def signed_in(self) -> bool:
        return self.client.get("/navigation", base_url=HOME).status_code == 200

    def open(self, path: str, endpoint: str, method: str = "GET", **options: Any) -> tuple[TestResponse, str]:
        """Ask for something; the answer, looked at, and its text."""
        answer = self.client.open(path, method=method, base_url=HOME, **options)
        self.place.secrets |= set(GIVEN_OUT.findall(answer.text if answer.mimetype == "text/html" else ""))
        return answer, self.place.watch.look(answer, f"{method} {path[:160]}", endpoint)


def token_of(client: Client) -> str:
    """The token that a browser's forms carry."""
    told = client.get("/login?meanwhile", base_url=HOME).headers.get("X-CSRF-Token")
    if told:
        return told
    page = client.get("/login", base_url=HOME).text
    return page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]


@contextmanager
def place(seed: int) -> Iterator[Place]:
    """Start it all; nothing of it stays."""
    # Hundreds of sign-ins, right and wrong: hashing is not what is attacked here.
    passwords.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._nobodys_hash = lambda: PASSWORD_HASH  # type: ignore[assignment]
    with MailServer() as mail:
        os.environ |= {
            "CONSOLE_ENVIRONMENT": "production",
            "CONSOLE_CHANNEL": "smtp",
            "CONSOLE_SMTP_HOST": "127.0.0.1",
            "CONSOLE_SMTP_PORT": str(mail.port),
            "CONSOLE_SMTP_SECURITY": "none",
            "CONSOLE_SMTP_FROM": SENDER,
            "CONSOLE_UNDO_SECONDS": "0",
            "CONSOLE_WORKERS": "1",
            "CONSOLE_TOOLS": TOOLS,
        }
        with stack(workers=False, web_processes=1) as running:
            log = running.settings.var / "here.log"
            with _logged(running.settings, log):
                running.app.request_class = Attentive
                found = Place(running, mail, Random(seed), log)
                with running.app.app_context():
                    _fill(found)
                yield found


@contextmanager
def _logged(settings: Settings, file: Path) -> Iterator[None]:
    """What this process logs, as a web process logs it."""
    logs.configure(settings)
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    with file.open("w") as stream:
        before = handler.setStream(stream)
        yield
        handler.flush()
        handler.setStream(before)


def _fill(place: Place) -> None:
    """People, an agent, and what came from elsewhere: customers and what they wrote, marked in every column."""
    cast = make_cast()
    place.people = {"ada": cast.ada.id, "ben": cast.ben.id, "cleo": cast.cleo.id}
    ada, iris = cast.ada.actor_id, cast.iris.actor_id
    mark = place.marks.next
    for number, kind in enumerate(place.marks.kinds * 2):
        customer = Customer(
            name=mark("a customer's name", kind),
            email=f"c{number}@example.com",
            ref=mark("a reference", kind),
        )
        status = "resolved" if number % 2 else "open"
        conversation = Conversation(
            customer=customer,
            subject=mark("a subject", kind),
            external_id=mark("an id from elsewhere", kind),
            channel=("email", "=1+zq", "<zq-mark>")[number % 3],
            status=status,
        )
        db.session.add(conversation)
        db.session.flush()
        words = {"body": mark("a customer's message", kind), "author_name": mark("an author", kind)}
        db.session.add(Message(conversation_id=conversation.id, role=MessageRole.CUSTOMER, **words))
        db.session.commit()
        # The shop failing with what it was told, reads of lists, secrets: as an agent asks for it.
        parts = {name: mark(f"an agent's {name}", kind) for name in ("line", "text", "lines", "api_token")}
        asked = {
            "does": "fail" if number % 4 == 1 else "say",
            "line": parts["line"][:200],
            "text": parts["text"],
            "lines": [parts["lines"]],
            "api_token": secrets.token_urlsafe(24),
        }
        place.secrets.add(asked["api_token"])
        context = ToolContext(
            tool_params=asked,
            scopes=("orders:refund",),
            conversation_id=conversation.id,
            idempotency_token=f"m{number}",
        )
        lane = governance.submit("repeat", iris, context).lane
        if lane is not None and status == "open" and number % 4 < 2:
            governance.approve(lane.id, ada, note=mark("an approver's note", kind))
    for number in range(3):
        waits = ToolContext(
            tool_params={"amount": number + 1},
            scopes=("orders:refund",),
            conversation_id=cast.conversation.id,
            idempotency_token=f"r{number}",
        )
        governance.submit("refund", iris, waits)
    words = {
        "subject": "{{ customer.name }}: {{ conversation.subject }}",
        "body": "Dear {{ customer.name }},",
    }
    made = outbound.create_template(ada, name="To everyone", **words)
    for conversation_id in db.session.scalars(select(Conversation.id).filter_by(status="resolved")).all():
        outbound.trigger(conversation_id, template_id=made.template_id, actor=ada)
