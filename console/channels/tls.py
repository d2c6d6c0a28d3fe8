"""Whom a channel believes to be whom it wants to reach."""

from __future__ import annotations

import ssl

from console.config import Settings
from console.errors import ConfigurationError


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Verifies names and certificates against the system's authorities and those of CONSOLE_CHANNEL_CA_FILE.

    Raises ConfigurationError when that file cannot be used.
    """
    context = ssl.create_default_context()
    if settings.channel_ca_file is not None:
        try:
            context.load_verify_locations(cafile=settings.channel_ca_file)
        except OSError as error:
            raise ConfigurationError(
                "CONSOLE_CHANNEL_CA_FILE: there is no file with certificates (PEM) at this path."
            ) from error
    return context
