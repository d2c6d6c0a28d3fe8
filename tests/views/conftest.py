"""Everyone of the cast, signed in, each in a browser of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console import create_app
from console.config import Settings
from tests.browserless import Client
from tests.conftest import Cast
from tests.oidc_provider import Provider
from tests.outbound.conftest import outbox, postbox  # noqa: F401 (fixtures)
from tests.views.oidc import BACK, BEN, oidc
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
def provider() -> Iterator[Provider]:
    with Provider([BACK], person=dict(BEN)) as running:
        yield running


@pytest.fixture
def desk_app(settings: Settings, cast: Cast, provider: Provider) -> Flask:
    return create_app(settings.model_copy(update=oidc(provider.issuer)))


@pytest.fixture
def browser(desk_app: Flask) -> Client:
    return Client(desk_app)


@pytest.fixture
def cap(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`cap(100)`: how many one bulk send may hold."""

    def set_to(number: int) -> None:
        changed = app.config["SETTINGS"].model_copy(update={"max_batch_size": number})
        monkeypatch.setitem(app.config, "SETTINGS", changed)

    return set_to
