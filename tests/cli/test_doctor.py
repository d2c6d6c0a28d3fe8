"""`console doctor` is green on a deployment that works, and names what is wrong with one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from console import vitals
from console.cli import main
from console.config import Settings
from tests.channels.receiver import SECRET, Receiver
from tests.conftest import Cast


@pytest.fixture
def deployment(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """The environment of a deployment in which everyone was seen a moment ago."""
    monkeypatch.setenv("CONSOLE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("CONSOLE_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("CONSOLE_SECRET_KEY", settings.secret_key)
    for who in ("worker", "clock"):
        vitals.leave_sign(app.extensions["console_redis"], who)
    yield monkeypatch


def ask() -> Result:
    return CliRunner().invoke(main, ["doctor"])


def test_a_working_deployment_is_all_well(deployment: pytest.MonkeyPatch) -> None:
    result = ask()
    assert result.exit_code == 0, result.output
    assert "All is well." in result.output and "✗" not in result.output
    assert len([line for line in result.output.splitlines() if "✓" in line]) == 11
    assert "✓ channel (none: sending follow-ups is refused)" in result.output


def test_the_channel_is_asked_without_sending(deployment: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver:
        deployment.setenv("CONSOLE_CHANNEL", "webhook")
        deployment.setenv("CONSOLE_WEBHOOK_URL", receiver.url)
        deployment.setenv("CONSOLE_WEBHOOK_SECRET", SECRET)
        deployment.setenv("CONSOLE_WEBHOOK_ALLOW_PRIVATE", "true")
        well = ask()
        assert well.exit_code == 0 and "✓ channel webhook" in well.output
        assert receiver.posted == []
    away = ask()
    assert away.exit_code == 1 and "✗ channel webhook: The receiver could not be reached." in away.output


def test_missing_workers_and_clock_are_named(deployment: pytest.MonkeyPatch, app: Flask) -> None:
    app.extensions["console_redis"].flushall()
    result = ask()
    assert result.exit_code == 1
    assert "✗ workers: none seen" in result.output and "✗ clock: not seen" in result.output
    assert "✓ queue" in result.output


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("CONSOLE_DATABASE_URL", "postgresql://127.0.0.1:1/none", "✗ database: it does not answer"),
        ("CONSOLE_REDIS_URL", "redis://127.0.0.1:1/0", "✗ queue: it does not answer"),
        ("CONSOLE_SECRET_KEY", "short", "✗ secret: it has fewer than 32"),
        ("CONSOLE_TOOLS", "console.tools.nowhere:Nothing", "✗ tools and policy: "),
        ("CONSOLE_POLICY", "/nowhere/policy.toml", "✗ tools and policy: "),
        ("CONSOLE_CHANNEL", "pigeon", "✗ channel: CONSOLE_CHANNEL: must be one of log, smtp, webhook"),
        ("CONSOLE_CHANNEL", "smtp", "✗ channel: CONSOLE_SMTP_HOST and CONSOLE_SMTP_FROM must be set"),
        ("CONSOLE_BIND", "0.0.0.0", "✗ cookies: they travel unencrypted"),
        ("CONSOLE_WORKERS", "none", "✗ settings: CONSOLE_WORKERS"),
    ],
)
def test_what_is_wrong_is_named(deployment: pytest.MonkeyPatch, name: str, value: str, line: str) -> None:
    deployment.setenv(name, value)
    result = ask()
    assert result.exit_code == 1, result.output
    assert line in result.output
    assert "Traceback" not in result.output


def test_a_policy_that_asks_for_more_people_than_there_are_is_named(
    deployment: pytest.MonkeyPatch, cast: Cast, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    deployment.setenv("CONSOLE_POLICY", str(file))
    words = "[tool.internal_note]\ndecide = ['admin']\napprovals = {}"
    file.write_text(words.format(2))
    assert "✗ deciders: internal_note takes 2 approvals, and 1 active account may give one." in ask().output
    file.write_text(words.format(1))
    assert "✓ deciders" in ask().output
