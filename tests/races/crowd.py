"""Several people at once: threads with contexts, sessions and connections of their own, kept for many rounds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from flask import Flask

from console.db import db

Act = Callable[[], Any]


class Crowd:
    """Everybody acts at the same moment; an exception is an answer like any other."""

    def __init__(self, app: Flask, size: int) -> None:
        self.app, self.size = app, size
        self._pool = ThreadPoolExecutor(size)

    def at_once(self, *acts: Act) -> list[Any]:
        """What came of each act, in their order: its value, or the exception that it raised."""
        assert len(acts) <= self.size
        db.session.remove()
        gate = threading.Barrier(len(acts))
        return list(self._pool.map(lambda act: self._act(gate, act), acts))

    def _act(self, gate: threading.Barrier, act: Act) -> Any:
        with self.app.app_context():
            db.session.connection()
            gate.wait(10)
            try:
                return act()
            except Exception as error:
                return error
            finally:
                db.session.remove()

    def close(self) -> None:
        self._pool.shutdown()


@contextmanager
def crowd(app: Flask, size: int = 8) -> Iterator[Crowd]:
    """A crowd for one test. More than eight would wait for the pool of connections instead of for each other."""
    people = Crowd(app, size)
    try:
        yield people
    finally:
        people.close()


def sorted_out(answers: Sequence[Any], refusal: type[Exception]) -> tuple[list[Any], list[Exception]]:
    """Winners and refused; an exception of any other kind is raised."""
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, refusal):
            raise answer
    won = [answer for answer in answers if not isinstance(answer, Exception)]
    return won, [answer for answer in answers if isinstance(answer, refusal)]
