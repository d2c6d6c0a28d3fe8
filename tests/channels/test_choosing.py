"""A deployment chooses one channel, and what cannot be used is said at the start, by the setting's name."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from flask import Flask

from console import channels, create_app
from console.channels import NoChannel, load_channel
from console.config import Settings
from console.errors import ConfigurationError
from tests.channels.conftest import outgoing
from tests.channels.receiver import SECRET

SMTP = {"channel": "smtp", "smtp_host": "mail.example.com", "smtp_from": "care@example.com"}
WEBHOOK = {"channel": "webhook", "webhook_url": "https://example.com/", "webhook_secret": SECRET}


def test_the_application_has_the_channel_that_was_chosen(settings: Settings) -> None:
    with create_app(settings.model_copy(update={"channel": "log"})).app_context():
        assert channels.channel().name == "log"
    with pytest.raises(ConfigurationError, match="CONSOLE_CHANNEL"):
        create_app(settings.model_copy(update={"channel": "pigeon"}))


def test_without_a_channel_sending_is_refused_with_a_sentence() -> None:
    app = Flask("desk")
    app.extensions["console_channel"] = load_channel(Settings())
    with app.app_context(), pytest.raises(NoChannel, match="CONSOLE_CHANNEL"):
        channels.channel()


@pytest.mark.parametrize(
    ("name", "mail", "repeats"),
    [("log", {}, True), ("smtp", SMTP, False), ("webhook", WEBHOOK, True)],
)
def test_a_chosen_channel_says_what_it_can(name: str, mail: dict[str, Any], repeats: bool) -> None:
    found = load_channel(Settings(**{"channel": name, **mail}))
    assert found is not None
    assert found.name == name and found.deduplicates is repeats
    assert found.takes("riya.chen@example.com") is None
    assert str(found.takes(" ")).startswith("The customer has no")


@pytest.mark.parametrize(
    ("names", "given"),
    [
        ("CONSOLE_CHANNEL", {"channel": "pigeon-a-secret"}),
        ("CONSOLE_CHANNEL", {"channel": "log", "environment": "production", "secret_key": "s" * 32}),
        ("CONSOLE_SMTP_HOST and CONSOLE_SMTP_FROM", {**SMTP, "smtp_host": ""}),
        ("CONSOLE_SMTP_HOST and CONSOLE_SMTP_FROM", {**SMTP, "smtp_from": ""}),
        ("CONSOLE_SMTP_HOST", {**SMTP, "smtp_host": "a-secret..example"}),
        ("CONSOLE_SMTP_FROM", {**SMTP, "smtp_from": "a-secret"}),
        ("CONSOLE_SMTP_SECURITY", {**SMTP, "smtp_security": "none", "smtp_username": "a-secret"}),
        ("CONSOLE_SMTP_PASSWORD", {**SMTP, "smtp_password": "a-secret-ü"}),
        ("CONSOLE_CHANNEL_CA_FILE", {**SMTP, "channel_ca_file": "/nowhere/a-secret"}),
        ("CONSOLE_CHANNEL_CA_FILE", {**WEBHOOK, "channel_ca_file": __file__}),
        ("CONSOLE_WEBHOOK_URL and CONSOLE_WEBHOOK_SECRET", {**WEBHOOK, "webhook_url": ""}),
        ("CONSOLE_WEBHOOK_URL and CONSOLE_WEBHOOK_SECRET", {**WEBHOOK, "webhook_secret": ""}),
        ("CONSOLE_WEBHOOK_URL", {**WEBHOOK, "webhook_url": "http://example.com/a-secret"}),
        ("CONSOLE_WEBHOOK_URL", {**WEBHOOK, "webhook_url": "ftp://example.com/a-secret"}),
        ("CONSOLE_WEBHOOK_URL", {**WEBHOOK, "webhook_url": "https:///a-secret"}),
        ("CONSOLE_WEBHOOK_URL", {**WEBHOOK, "webhook_url": "https://desk:a-secret@example.com/"}),
        ("CONSOLE_WEBHOOK_URL", {**WEBHOOK, "webhook_url": "https://example.com:a-secret/"}),
        ("CONSOLE_WEBHOOK_URL", {**WEBHOOK, "webhook_url": "https://example.com/a-secret\r\nX: y"}),
        ("CONSOLE_WEBHOOK_URL", {**WEBHOOK, "webhook_url": "https://küche.example/a-secret"}),
        ("CONSOLE_WEBHOOK_SECRET", {**WEBHOOK, "webhook_secret": "whsec_a-secret"}),
        ("CONSOLE_WEBHOOK_SECRET", {**WEBHOOK, "webhook_secret": "whsec_" + "c2hvcnQ="}),
        ("CONSOLE_WEBHOOK_SECRET", {**WEBHOOK, "webhook_secret": "whsec_" + "QUFB" * 22}),
    ],
)
def test_what_cannot_be_used_is_named_and_not_shown(names: str, given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_channel(Settings(**given))
    assert refused.value.sentence.startswith(names)
    assert "a-secret" not in refused.value.sentence


def test_a_login_to_a_server_on_this_machine_needs_no_encryption() -> None:
    assert load_channel(
        Settings(**{**SMTP, "smtp_host": "::1", "smtp_security": "none", "smtp_username": "desk"})  # type: ignore[arg-type]
    )


def test_secrets_do_not_show_in_the_settings() -> None:
    shown = repr(
        Settings(webhook_secret="a-secret", smtp_password="a-secret", webhook_url="https://a-secret")
    )
    assert "a-secret" not in shown


def test_the_log_channel_writes_ids_and_no_words() -> None:
    channel = load_channel(Settings(channel="log"))
    assert channel is not None and channel.problem() is None
    with structlog.testing.capture_logs() as lines, channel.session() as session:
        reference = session.send(outgoing())
    assert reference == outgoing().key
    assert lines == [
        {"event": "followup_logged", "log_level": "info", "delivery_id": 7, "conversation_id": 3}
    ]


def test_a_message_shows_nothing_of_what_it_says_or_to_whom() -> None:
    assert all(word not in repr(outgoing()) for word in ("Riya", "riya", "kettle", "way"))
