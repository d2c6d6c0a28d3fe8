"""Settings that cannot be used are refused with one sentence that names them and not their value."""

from __future__ import annotations

import pytest

from console.config import Settings
from console.errors import ConfigurationError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "nonsense-with-a-secret"),
        ("DATABASE_URL", "mysql://desk:a-secret@db/desk"),
        ("SESSION_DATABASE_URL", "a-secret"),
        ("REDIS_URL", "http://a-secret@queue"),
        ("LOGIN_LIMIT", "a-secret number of times"),
        ("TIMEZONE", "Mars/a-secret"),
        ("TIMEZONE", "../a-secret"),
        ("PORT", "a-secret"),
        ("PORT", "0"),
        ("RETRY_BACKOFF_SECONDS", "2,soon"),
        ("ENVIRONMENT", "a-secret"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"CONSOLE_{name}", value)
    with pytest.raises(ConfigurationError) as refused:
        Settings.from_env()
    assert refused.value.sentence.startswith(f"CONSOLE_{name}: ") and "a-secret" not in refused.value.sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgres://desk@db/desk"),
        ("database_url", "postgresql+psycopg:///desk?host=/run/postgresql"),
        ("redis_url", "unix:///run/valkey.sock"),
        ("login_limit", "5 per minute; 20/hour"),
        ("timezone", "Europe/Berlin"),
    ],
)
def test_the_forms_that_hosts_hand_out_are_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"CONSOLE_{name.upper()}", value)
    assert getattr(Settings.from_env(), name).endswith(value.partition("://")[2] or value)
