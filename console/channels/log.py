"""The `log` channel, for development: it says that something would have left, and sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from console.channels.base import ChannelSession, Outgoing
from console.config import Settings
from console.errors import ConfigurationError

log = structlog.get_logger(__name__)


class LogChannel:
    """Writes a line of ids. Raises ConfigurationError in production, where it would call unsent things sent."""

    name = "log"
    deduplicates = True

    def __init__(self, settings: Settings) -> None:
        if settings.production:
            raise ConfigurationError(
                "CONSOLE_CHANNEL: log sends nothing and is for development. In production choose smtp or webhook."
            )

    def takes(self, address: str) -> str | None:
        """Any address that is there."""
        return None if address.strip() else "The customer has no address."

    @contextmanager
    def session(self) -> Iterator[ChannelSession]:
        """There is nothing to open."""
        yield self

    def send(self, outgoing: Outgoing) -> str:
        """Write the line and return the key as the reference."""
        log.info(
            "followup_logged", delivery_id=outgoing.delivery_id, conversation_id=outgoing.conversation_id
        )
        return outgoing.key

    def problem(self) -> str | None:
        """None: it needs nobody."""
        return None
