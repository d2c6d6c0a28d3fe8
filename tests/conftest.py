"""Real PostgreSQL and real Valkey for every test, a fixed cast, and a clock that tests can move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from console import create_app
from console import db as database
from console.cli.database import upgrade
from console.config import BUILT_IN_TOOLS, Settings
from console.db import db
from console.embedded import Servers, running
from console.models import ApiToken, Conversation, Customer, Operator, Role
from tests.browserless import Client
from tests.emptying import empty

if TYPE_CHECKING:
    from tests.desk import Desk, Ears

PASSWORD = "console-demo"
# argon2 of PASSWORD with the cheapest parameters: hashing is not what these tests are about.
PASSWORD_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$vnoBfitMQal595kzVx3NDw$NTmCz8vS8u3i6nCN5K/yqy9r9Rhby5Y/ZyAOGkTYhDQ"
)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The embedded servers, one pair a test process, in a place that PostgreSQL's own user may enter."""
    with TemporaryDirectory(prefix="console-tests-") as folder:
        Path(folder).chmod(0o755)
        with running(Path(folder), durable=False) as started:
            yield started


@pytest.fixture(scope="session")
def settings(servers: Servers) -> Settings:
    return Settings(
        database_url=servers.database_url,
        redis_url=servers.redis_url,
        secret_key="only for tests, and long enough for all of them",
        tools=(*BUILT_IN_TOOLS, "tests.tools"),
        login_limit="1000 per minute",
        retry_backoff_seconds=(2, 10),
    )


@pytest.fixture(scope="session")
def migrated(settings: Settings) -> Flask:
    """An application on a database at head."""
    app = create_app(settings)
    upgrade(app)
    return app


@pytest.fixture
def app(migrated: Flask) -> Iterator[Flask]:
    """The application on empty tables and an empty queue, inside its context."""
    with migrated.app_context():
        empty(migrated)
        yield migrated
        db.session.remove()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return Client(app)


@dataclass
class Clock:
    """Time that stands still until a test moves it."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **parts: float) -> None:
        self.moment += timedelta(**parts)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(database, "clock", stopped)
    return stopped


@dataclass
class Cast:
    """The people and the agent of every test, and one conversation with Riya."""

    ada: Operator
    ben: Operator
    cleo: Operator
    iris: ApiToken
    riya: Customer
    conversation: Conversation


@pytest.fixture
def cast(app: Flask) -> Cast:
    """Ada (admin), Ben (operator who may refund), Cleo (operator without scopes), Iris (an agent), Riya (customer)."""
    return make_cast()


def make_cast() -> Cast:
    """The cast, in the database."""
    people = {
        "ada": Operator(name="Ada Okafor", role=Role.ADMIN, scopes=["orders:refund"]),
        "ben": Operator(name="Ben Weiss", role=Role.OPERATOR, scopes=["orders:refund"]),
        "cleo": Operator(name="Cleo Marchetti", role=Role.OPERATOR, scopes=[]),
    }
    for name, person in people.items():
        person.email, person.password_hash = f"{name}@example.com", PASSWORD_HASH
    iris = ApiToken(name="iris", scopes=["orders:refund"])
    riya = Customer(name="Riya Chen", email="riya.chen@example.com")
    conversation = Conversation(customer=riya, subject="Charged twice")
    db.session.add_all([*people.values(), iris, riya, conversation])
    db.session.commit()
    return Cast(**people, iris=iris, riya=riya, conversation=conversation)


@dataclass
class Enqueued:
    """What would have been sent to the queue, in order."""

    jobs: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, job: str, lane_id: int, **options: Any) -> None:
        self.jobs.append((job, lane_id, options))

    @property
    def names(self) -> list[str]:
        return [job.rpartition(".")[2] for job, _, _ in self.jobs]


@pytest.fixture
def enqueued() -> Enqueued:
    return Enqueued()


@pytest.fixture
def desk(cast: Cast, enqueued: Enqueued, app: Flask) -> Iterator[Desk]:
    """Shorthand for actions in a chosen state; tools that a test offers are gone after it."""
    from tests.desk import Desk

    tools = app.extensions["console_tools"]
    offered, policy = dict(tools._tools), app.extensions["console_policy"]
    yield Desk(cast, enqueued, tools)
    tools._tools = offered
    app.extensions["console_policy"] = policy


@pytest.fixture
def ears(app: Flask, settings: Settings) -> Iterator[Ears]:
    """Hears what is announced, as a web process does."""
    from tests.desk import Ears

    ears = Ears(settings.database_url)
    yield ears
    ears.connection.close()


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """What is sent to the database."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)
