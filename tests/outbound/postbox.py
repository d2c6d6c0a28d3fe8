"""A channel for tests: keeps what it was given, and answers as it is told."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from console.channels import Outgoing


class Postbox:
    """Accepts everything, unless `answers` holds something else to do first."""

    def __init__(self, name: str = "log", *, deduplicates: bool = False) -> None:
        self.name, self.deduplicates = name, deduplicates
        self.letters: list[Outgoing] = []
        self.tried: list[str] = []
        """The key of every attempt."""
        self.answers: deque[Exception | Callable[[Outgoing], None]] = deque()
        self.sessions = 0
        self._lock = threading.Lock()

    def takes(self, address: str) -> str | None:
        return None if "@" in address else "This is no email address."

    def problem(self) -> str | None:
        return None

    @contextmanager
    def session(self) -> Iterator[Postbox]:
        self.sessions += 1
        yield self

    def send(self, outgoing: Outgoing) -> str:
        with self._lock:
            self.tried.append(outgoing.key)
            answer = self.answers.popleft() if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            answer(outgoing)
        with self._lock:
            if not (self.deduplicates and outgoing.key in {letter.key for letter in self.letters}):
                self.letters.append(outgoing)
        return f"ref-{outgoing.delivery_id}"
