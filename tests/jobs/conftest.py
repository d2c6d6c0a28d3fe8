"""Real workers for a test, and a sweep that does not wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest
from flask import Flask
from redis import Redis

from console import queue
from console.config import Settings
from tests.jobs.workers import Workers


class Start(Protocol):
    """Starts so many workers, with further variables in their environment."""

    def __call__(self, count: int, **variables: str) -> Workers: ...


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts workers; those that a test leaves behind end with it."""
    started: list[Workers] = []

    def workers(count: int, **variables: str) -> Workers:
        started.append(Workers(settings, count, variables))
        started[-1].start()
        return started[-1]

    yield workers
    for one in started:
        one.kill()


@pytest.fixture
def impatient(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Redis:
    """A sweep that sends again at once what it would send in ten seconds."""
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update={"sweep_grace_seconds": 0}))
    monkeypatch.setattr(queue, "HEARTBEAT_LOST_SECONDS", 0)
    redis: Redis = app.extensions["console_redis"]
    return redis
