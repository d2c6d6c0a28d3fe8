"""Connections of the webhook channel: to addresses that were looked at, and never longer than a deadline.

A name is resolved once, every address it stands for is judged, and the connection goes to one of these very addresses:
between the judgement and the connection there is no second look-up whose answer could be another one.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from httpcore2 import SOCKET_OPTION, ConnectError, ConnectTimeout, NetworkBackend, NetworkStream, SyncBackend
from httpcore2 import ReadTimeout as OutOfTime

from console.channels.base import FailureCode, PermanentFailure

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

WRITE_BYTES = 4096
INSIDE = [
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "168.63.129.16/32", "64:ff9b:1::/48", "fec0::/10", "3fff::/20")
]
"""What no Python, or not every one, knows to be inside: clouds answer their machines at the first two."""
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses behind a translator (NAT64)."""

_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Everything that this thread does on the network in the block ends in time, however slow the other side is."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet, and to no network of our own and no machine's inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in TRANSLATED:
            inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inside:
            return is_public(inside)
    known = address.is_global and not address.is_multicast
    return known and not any(address in network for network in INSIDE)


class GuardedBackend(NetworkBackend):
    """Connects to public addresses; to private ones only where that is allowed."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._plain = SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to the first address of `host` that answers.

        Raises PermanentFailure when one of its addresses must not be connected to.
        """
        addresses = resolve(host, port)
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise PermanentFailure(
                "The receiver's name leads into a private network, and that is not allowed here. "
                "Check CONSOLE_WEBHOOK_URL, or allow it with CONSOLE_WEBHOOK_ALLOW_PRIVATE.",
                FailureCode.SETTINGS,
            )
        for number, address in enumerate(addresses, 1):
            share = _left() / (len(addresses) - number + 1)
            try:
                stream = self._plain.connect_tcp(str(address), port, share, local_address, socket_options)
                return TimedStream(stream)
            except (ConnectError, ConnectTimeout):
                if number == len(addresses):
                    raise
        raise ConnectError("The name stands for no address.")


class TimedStream(NetworkStream):
    """A connection whose every read and write ends at the deadline of whoever uses it now."""

    def __init__(self, stream: NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As the deadline allows."""
        return self._stream.read(max_bytes, _left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """In parts, since the time counts anew for each."""
        for start in range(0, len(buffer), WRITE_BYTES):
            self._stream.write(buffer[start : start + WRITE_BYTES], _left())

    def close(self) -> None:
        """At once."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        """The same connection, encrypted. Raises PermanentFailure when the certificate cannot be trusted."""
        try:
            return TimedStream(self._stream.start_tls(ssl_context, server_hostname, _left()))
        except ConnectError as error:
            if not isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise
            raise PermanentFailure(
                f"The receiver's certificate cannot be trusted ({error.__cause__.verify_message}). Check "
                "CONSOLE_WEBHOOK_URL, or name your own authority's certificates with CONSOLE_CHANNEL_CA_FILE.",
                FailureCode.SETTINGS,
            ) from error

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself."""
        return self._stream.get_extra_info(info)


def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a host, each once, in the system's order. Raises ConnectError or ConnectTimeout."""
    answer: queue.SimpleQueue[list[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put([*dict.fromkeys(ipaddress.ip_address(str(entry[4][0])) for entry in found)])
        except (OSError, UnicodeError) as error:
            answer.put(error)

    # The system's resolver takes no time-out; a thread that waits for it can be left alone.
    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        known = answer.get(timeout=min(_left(), threading.TIMEOUT_MAX))
    except queue.Empty:
        raise ConnectTimeout("The name was not resolved in time.") from None
    if isinstance(known, Exception):
        raise ConnectError(str(known)) from known
    return known


def _left() -> float:
    """Seconds until the deadline. Raises httpcore2.ReadTimeout when it has passed."""
    seconds = _deadline.get() - time.monotonic()
    if seconds <= 0:
        raise OutOfTime("The deadline has passed.")
    return seconds
