"""Logs: one line a request with its number, and nothing that is nobody's business."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from console import logs
from console.config import Settings


@pytest.fixture
def written(settings: Settings) -> Iterator[StringIO]:
    """What is logged in production; everything is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure(settings.model_copy(update={"environment": "production"}))
    buffer = StringIO()
    ours = root.handlers[0]
    assert isinstance(ours, logging.StreamHandler)
    ours.setStream(buffer)
    structlog.contextvars.clear_contextvars()
    yield buffer
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(written: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_every_line_is_json_the_libraries_included(written: StringIO) -> None:
    structlog.get_logger("console.test").info("ours", lane_id=7)
    logging.getLogger("rq.worker").warning("theirs %s", 8)
    ours, theirs = lines(written)
    assert ours["event"] == "ours" and ours["lane_id"] == 7 and ours["level"] == "info"
    assert theirs["event"] == "theirs 8"


def test_secrets_and_quoted_data_become_dots(written: StringIO) -> None:
    log = structlog.get_logger("console.test")
    log.info("made", api_token="t0p", password="hunter2", body="Dear Riya", secret_key="s3cret", lane_id=1)
    quoting = "duplicate\nDETAIL:  Key (email)=(riya@example.com) already exists."
    try:
        raise ValueError(quoting)
    except ValueError as error:
        log.error("failed", exc_info=error)
    text = written.getvalue()
    for word in ("t0p", "hunter2", "Dear Riya", "s3cret", "riya@example.com"):
        assert word not in text
    assert "ValueError: duplicate" in text


def test_a_request_has_a_number_on_its_answer_and_on_its_line(
    app: Flask, client: FlaskClient, written: StringIO
) -> None:
    answer = client.get(
        "/login?next=/inbox%3Fq%3Dprivate-words", headers={"X-Request-ID": "chosen-by-a-visitor"}
    )
    line = next(line for line in lines(written) if line["event"] == "request")
    assert line["request_id"] == answer.headers["X-Request-ID"] != "chosen-by-a-visitor"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/login", 200)
    assert "private-words" not in str(line)
