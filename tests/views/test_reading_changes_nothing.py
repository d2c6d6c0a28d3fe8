"""What changes something is a POST; whatever answers GET works on a database that refuses every write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from console.db import db
from tests.conftest import PASSWORD
from tests.desk import Desk

# A stream never ends; it has tests of its own.
ENDLESS = {"live.stream", "live.live"}


def pages(app: Flask) -> Iterator[tuple[str, str]]:
    """Every address that answers GET, with 1 for each number in it."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in ENDLESS or rule.rule.startswith("/live"):
            continue
        if "GET" in (rule.methods or ()) and rule.endpoint != "static":
            values: dict[str, Any] = {
                argument: 1 if type(rule._converters[argument]).__name__ == "IntegerConverter" else "adjust"
                for argument in rule.arguments
            }
            with app.test_request_context():
                yield rule.endpoint, app.url_for(rule.endpoint, **values) if values else rule.rule


def test_what_changes_something_is_a_post(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        methods = set(rule.methods or ()) - {"OPTIONS", "HEAD"}
        assert methods in ({"GET"}, {"POST"}), f"{rule.endpoint} answers {methods}"


@pytest.fixture
def ada(desk: Desk, client: FlaskClient) -> FlaskClient:
    """Ada, signed in, in a desk where something waits, runs and failed."""
    desk.pending("refund")
    desk.to_run("adjust")
    page = client.get("/login").get_data(as_text=True)
    token = page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    form = {"email": "ada@example.com", "password": PASSWORD, "csrf_token": token}
    assert client.post("/login", data=form).status_code in (302, 303)
    return client


def test_reading_writes_nothing(app: Flask, ada: FlaskClient) -> None:
    found = dict(pages(app))
    assert len(found) > 5
    refuse = lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY")  # noqa: E731
    event.listen(db.engine, "begin", refuse)
    try:
        for endpoint, path in found.items():
            for headers in ({}, {"HX-Request": "true"}):
                answer = ada.get(path, headers=headers)
                assert answer.status_code < 500 or endpoint.startswith("health"), (
                    f"GET {path}: {answer.status_code}"
                )
    finally:
        event.remove(db.engine, "begin", refuse)
