"""The command line on the tests' servers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from console.cli import main
from console.config import Settings

Command = Callable[..., Result]


@pytest.fixture
def command(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `console …` on the tests' servers."""
    monkeypatch.setenv("CONSOLE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("CONSOLE_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("CONSOLE_SECRET_KEY", settings.secret_key)

    def run(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, words, input=typed)

    return run
