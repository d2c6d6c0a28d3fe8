"""Everyone of the cast, signed in, each in a browser of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from console.db import db
from tests.browserless import Client
from tests.conftest import Cast
from tests.outbound.conftest import outbox, postbox  # noqa: F401 (fixtures)
from tests.views.test_session import sign_in

As = Callable[[str], FlaskClient]


@pytest.fixture
def as_(app: Flask, cast: Cast) -> As:
    """`as_("ada")`: a browser in which Ada is signed in."""

    def signed_in(name: str) -> FlaskClient:
        client = Client(app)
        assert sign_in(client, f"{name}@example.com").status_code == 303
        return client

    return signed_in


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """What is sent to the database."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def cap(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`cap(100)`: how many one bulk send may hold."""

    def set_to(number: int) -> None:
        changed = app.config["SETTINGS"].model_copy(update={"max_batch_size": number})
        monkeypatch.setitem(app.config, "SETTINGS", changed)

    return set_to
