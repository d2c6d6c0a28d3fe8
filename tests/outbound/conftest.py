"""A desk for follow-ups: resolved conversations, a template, and a channel that keeps what it is given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import Cast, Enqueued
from tests.outbound.desk import Outbox
from tests.outbound.postbox import Postbox


@pytest.fixture
def postbox(app: Flask) -> Iterator[Postbox]:
    before = app.extensions["console_channel"]
    app.extensions["console_channel"] = box = Postbox()
    yield box
    app.extensions["console_channel"] = before


@pytest.fixture
def outbox(app: Flask, cast: Cast, enqueued: Enqueued, postbox: Postbox) -> Outbox:
    return Outbox(cast, enqueued, postbox)
