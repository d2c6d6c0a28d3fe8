"""The `webhook` channel: each follow-up is posted to a receiver of your own, signed as Standard Webhooks says.

The receiver knows `webhook-id` and takes a message once. So whatever goes wrong before a status is heard, the same may
be sent again.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

import httpcore2
from standardwebhooks import Webhook

from console.channels.base import (
    ChannelFailure,
    ChannelSession,
    FailureCode,
    Outgoing,
    PermanentFailure,
    TemporaryFailure,
)
from console.channels.network import GuardedBackend, within
from console.channels.tls import tls_context
from console.config import Settings
from console.errors import ConfigurationError

SECRET_PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)
MOST_ANSWER_BYTES = 64 * 1024
MOST_RETRY_AFTER_SECONDS = 86_400.0
KEEP_ALIVE_SECONDS = 15
EVENT_TYPE = "followup.created"

Headers = Sequence[tuple[bytes, bytes]]


class WebhookChannel:
    """Posts to one address. Raises ConfigurationError, naming the setting that is missing or cannot be used."""

    name = "webhook"
    deduplicates = True

    def __init__(self, settings: Settings) -> None:
        if not settings.webhook_url or not settings.webhook_secret:
            raise ConfigurationError(
                "CONSOLE_WEBHOOK_URL and CONSOLE_WEBHOOK_SECRET must be set for the channel webhook."
            )
        self._url = _usable_url(settings)
        self._signer = Webhook(_usable_secret(settings.webhook_secret))
        self._seconds = settings.webhook_timeout_seconds
        self._context = tls_context(settings)
        self._network = GuardedBackend(allow_private=settings.webhook_allow_private)
        # Empty until the first `send`: a process that is forked before inherits no connection.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=self._context,
            # As many as threads ask for; they are few.
            max_connections=None,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=self._network,
        )

    def takes(self, address: str) -> str | None:
        """Any address that is there: what it means, the receiver knows."""
        return None if address.strip() else "The customer has no address."

    @contextmanager
    def session(self) -> Iterator[ChannelSession]:
        """Connections are kept beyond it, for a few seconds."""
        yield self

    def send(self, outgoing: Outgoing) -> str:
        """Post it and return the status with the key by which the receiver knows it.

        Raises TemporaryFailure or PermanentFailure.
        """
        with self._failures():
            status, headers = self._post(payload(outgoing), outgoing.key)
        if 200 <= status < 300:
            return f"HTTP {status}, {outgoing.key}"
        raise _refusal(status, headers)

    def problem(self) -> str | None:
        """Connect and check the certificate; nothing is posted."""
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        host = str(self._url.hostname)
        try:
            with self._failures():
                stream = self._network.connect_tcp(host, port)
                if self._url.scheme == "https":
                    stream = stream.start_tls(self._context, host)
                stream.close()
        except ChannelFailure as failure:
            return failure.sentence
        return None

    def _post(self, content: str, key: str) -> tuple[int, Headers]:
        """The status and the headers of the answer. What else the receiver says is let pass, up to a bound."""
        now = datetime.fromtimestamp(int(time.time()), UTC)
        headers: dict[bytes | str, bytes | str] = {
            "Host": self._url.netloc,
            "Content-Type": "application/json",
            "User-Agent": "cairnloop-console",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(key, now, content),
        }
        url = self._url.geturl()
        with self._pool.stream("POST", url, headers=headers, content=content.encode()) as response:
            # The status is the answer. The rest is read only so that the connection can be used again.
            with suppress(httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
                read = 0
                for chunk in response.iter_stream():
                    read += len(chunk)
                    if read > MOST_ANSWER_BYTES:
                        break
            return response.status, response.headers

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Bounds the time, and says what went wrong on the way in our words."""
        try:
            with within(self._seconds):
                yield
        except httpcore2.TimeoutException as error:
            raise TemporaryFailure(
                f"The receiver did not answer within {self._seconds:g} s.", FailureCode.UNREACHABLE
            ) from error
        except httpcore2.ConnectError as error:
            raise TemporaryFailure("The receiver could not be reached.", FailureCode.UNREACHABLE) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise TemporaryFailure(
                "The connection to the receiver was lost, or what it answered was not HTTP.",
                FailureCode.UNREACHABLE,
            ) from error


def payload(outgoing: Outgoing) -> str:
    """What is posted: the same for every attempt."""
    content = {
        "type": EVENT_TYPE,
        "timestamp": outgoing.created_at.astimezone(UTC).isoformat(),
        "data": {
            "delivery_id": outgoing.delivery_id,
            "conversation_id": outgoing.conversation_id,
            "to": {"name": outgoing.to_name, "address": outgoing.to_address},
            "subject": outgoing.subject,
            "body": outgoing.body,
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def retry_after(headers: Headers) -> float | None:
    """How many seconds the receiver asks to wait, given as a number or as a date; at most a day."""
    value = next((value for name, value in headers if name.lower() == b"retry-after"), b"").decode("latin-1")
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return min(float(value), MOST_RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - time.time()
    return min(max(seconds, 0.0), MOST_RETRY_AFTER_SECONDS)


def _refusal(status: int, headers: Headers) -> ChannelFailure:
    words = f"HTTP {status}"
    with suppress(ValueError):
        words += f" {HTTPStatus(status).phrase}"
    if 300 <= status < 400:
        return PermanentFailure(
            f"The receiver answered with a redirect ({words}), and redirects are not followed. "
            "Set CONSOLE_WEBHOOK_URL to where it leads.",
            FailureCode.SETTINGS,
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500:
        return TemporaryFailure(
            f"The receiver cannot take it now ({words}).", FailureCode.BUSY, retry_after(headers)
        )
    return PermanentFailure(f"The receiver refused it ({words}).", FailureCode.REFUSED)


def _usable_url(settings: Settings) -> SplitResult:
    name, value = "CONSOLE_WEBHOOK_URL", settings.webhook_url
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigurationError(f"{name}: must be written in ASCII without spaces (a host as xn--…).")
    try:
        url = urlsplit(value)
        usable = bool(url.hostname) and url.scheme in {"http", "https"} and (url.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or url.username is not None or url.password is not None:
        raise ConfigurationError(
            f"{name}: must be a web address with a host, and without a user or a password."
        )
    if url.scheme == "http" and not settings.webhook_allow_private:
        raise ConfigurationError(
            f"{name}: must begin with https://. Without encryption only a private network will do: "
            "CONSOLE_WEBHOOK_ALLOW_PRIVATE."
        )
    return url._replace(fragment="")


def _usable_secret(value: str) -> str:
    encoded = value.removeprefix(SECRET_PREFIX).rstrip("=")
    try:
        size = len(base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if size not in SECRET_BYTES:
        raise ConfigurationError(
            "CONSOLE_WEBHOOK_SECRET: must be whsec_ and then 24 to 64 bytes as base64. "
            "One can be made with: openssl rand -base64 32"
        )
    return value
