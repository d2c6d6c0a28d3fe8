"""What one open page is told, as the bytes of its stream. Who tells it: `Hub` in console/live.py."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from socket import MSG_PEEK
from socket import socket as Socket

from console.sockets import has_something_to_say


class Stream:
    """What one open page is told. Events that it has not read yet fall together: one a topic, whatever happened."""

    __slots__ = (
        "_closed",
        "_pending",
        "_wake",
        "grants",
        "operator_id",
        "sign_in_id",
        "socket",
        "told_at",
        "topics",
    )

    def __init__(
        self,
        topics: frozenset[str],
        sign_in_id: int,
        operator_id: int,
        grants: str,
        socket: Socket | None = None,
    ) -> None:
        self.topics = topics
        self.socket = socket
        self.sign_in_id = sign_in_id
        self.operator_id = operator_id
        self.grants = grants
        self.told_at = time.monotonic()
        self._pending: dict[str, bytes] = {}
        self._wake = threading.Event()
        self._closed = False

    def tell(self, topic: str, event: bytes) -> None:
        """Have the page told about `topic` at its next reading."""
        self._pending[topic] = event
        self.told_at = time.monotonic()
        self._wake.set()

    @property
    def left(self) -> bool:
        """Whether the page has hung up. It says nothing more by itself, so what can be read is the end."""
        try:
            return (
                self.socket is not None
                and has_something_to_say(self.socket)
                and not self.socket.recv(1, MSG_PEEK)
            )
        except OSError:
            return True

    def close(self) -> None:
        """End the stream; the page will ask for another one, as whoever it then is."""
        self._closed = True
        self._wake.set()

    def events(self) -> Iterator[bytes]:
        """The stream's bytes, until it is closed."""
        yield b"event: open\ndata: 0\nretry: 500\n\n"
        while not self._closed:
            # Without a time-out: a timer a stream costs more than the event, so the hub sends the heartbeats.
            self._wake.wait()
            self._wake.clear()
            told = []
            # One by one: an event that comes in between is in this answer or in the next, never between two dicts.
            while self._pending:
                told.append(self._pending.popitem()[1])
            if told:
                yield b"".join(reversed(told))


class Body:
    """A stream as the body of an answer: read by the server, and left when it closes it, begun or not."""

    def __init__(self, opened: Stream, leave: Callable[[Stream], None]) -> None:
        self._opened = opened
        self._leave = leave

    def __iter__(self) -> Iterator[bytes]:
        return self._opened.events()

    def close(self) -> None:
        self._leave(self._opened)
