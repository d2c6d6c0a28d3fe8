"""How a message leaves: one file a channel, and one channel a deployment, chosen by `CONSOLE_CHANNEL`."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app

from console.channels.base import (
    MAX_REFERENCE_CHARS,
    Channel,
    ChannelFailure,
    ChannelSession,
    FailureCode,
    Outgoing,
    PermanentFailure,
    TemporaryFailure,
    UncertainFailure,
)
from console.channels.log import LogChannel
from console.channels.smtp import SmtpChannel
from console.channels.webhook import WebhookChannel
from console.config import Settings
from console.errors import ConfigurationError

__all__ = [
    "MAX_REFERENCE_CHARS",
    "Channel",
    "ChannelFailure",
    "ChannelSession",
    "FailureCode",
    "NoChannel",
    "Outgoing",
    "PermanentFailure",
    "TemporaryFailure",
    "UncertainFailure",
    "channel",
    "load_channel",
]

CHANNELS: dict[str, Callable[[Settings], Channel]] = {
    "log": LogChannel,
    "smtp": SmtpChannel,
    "webhook": WebhookChannel,
}


class NoChannel(ConfigurationError):
    """Nothing can be sent, since nobody has said how."""

    code = "no_channel"
    status = 409
    sentence = (
        "Follow-ups cannot be sent: this console has no channel yet. "
        "Whoever runs it can choose one with CONSOLE_CHANNEL; nothing was sent."
    )


def load_channel(settings: Settings) -> Channel | None:
    """The channel of this deployment, or None when none is chosen.

    Raises ConfigurationError, naming the setting that cannot be used and never its value.
    """
    if not settings.channel:
        return None
    if settings.channel not in CHANNELS:
        raise ConfigurationError(f"CONSOLE_CHANNEL: must be one of {', '.join(sorted(CHANNELS))}, or empty.")
    return CHANNELS[settings.channel](settings)


def channel() -> Channel:
    """The application's channel. Raises NoChannel when none is chosen."""
    found: Channel | None = current_app.extensions["console_channel"]
    if found is None:
        raise NoChannel
    return found
