"""Two verbs at once on the real database, each stopped before every statement: who goes on is decided here."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import Connection, event

from console.db import db

LOOK_SECONDS, LOST_SECONDS = 0.001, 20.0
# What two verbs on a lane have in common: before other statements nobody has to stop.
SHARED = re.compile(
    r"\b(tool_approvals|tool_proposals|tool_action_events|conversations|pg_locks|pg_(try_)?advisory\w+)\b"
)
Act = Callable[[], Any]


class Lost(Exception):
    """Nobody goes on any more, and PostgreSQL knows of nobody who waits."""


class Actor:
    """A thread with a connection of its own, which stops before each statement until it may go on."""

    def __init__(self, app: Flask, eye: psycopg.Connection[Any]) -> None:
        self.app, self.eye = app, eye
        self.pid = 0
        self.in_transaction = self.finished = self.waits = False
        self.answer: Any = None
        self._act: Act | None = None
        self._may, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def begin(self, act: Act) -> None:
        """Let it come to the first statement of its verb."""
        self._act, self.in_transaction, self.finished, self.waits, self.pid = act, False, False, False, 0
        self.go_on()

    def go_on(self) -> None:
        """Let it do what it stopped before, and come to the next statement, its end, or a lock that another holds."""
        self._stopped.clear()
        self._may.set()
        self.settle()

    def settle(self) -> None:
        """Wait until it stands somewhere: before a statement, at its end, or in front of a lock."""
        for _ in range(int(LOST_SECONDS / LOOK_SECONDS)):
            if self._stopped.wait(LOOK_SECONDS):
                self.waits = False
                return
            if self.pid and self._is_kept_waiting():
                self.waits = True
                return
        raise Lost

    def end(self) -> None:
        """Let the thread go."""
        self._act = None
        self._may.set()
        self._thread.join(5)

    def before(self, connection: Connection) -> None:
        """Called in its thread, before something is sent on its connection."""
        self.pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
        self._stopped.set()
        self._wait()

    def _is_kept_waiting(self) -> bool:
        ((kept,),) = self.eye.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (self.pid,))
        return bool(kept)

    def _wait(self) -> None:
        self._may.wait()
        self._may.clear()

    def _live(self) -> None:
        while True:
            self._wait()
            if self._act is None:
                return
            with self.app.app_context():
                HERE.actor = self
                try:
                    self.answer = self._act()
                except Exception as error:
                    self.answer = error
                finally:
                    db.session.remove()
                    HERE.actor = None
            self.finished, self.in_transaction = True, False
            self._stopped.set()


class _Here(threading.local):
    actor: Actor | None = None


HERE = _Here()


@dataclass
class Order:
    """In which order the statements of two actors came."""

    turns: list[int] = field(default_factory=list)
    choices: list[bool] = field(default_factory=list)
    """At each point where either could go on: whether it was the other's turn."""
    open: list[bool] = field(default_factory=list)
    """At each of those: whether the other choice is to be tried too."""
    serial: bool = True
    """Whether each transaction was over before another one's first statement."""
    stuck: bool = False
    """Whether both waited for each other."""


@contextmanager
def actors(app: Flask, eye: psycopg.Connection[Any]) -> Iterator[tuple[Actor, Actor]]:
    """Two of them, for many pairs of verbs."""
    engine = db.engine
    event.listen(engine, "before_cursor_execute", _before_statement)
    event.listen(engine, "commit", _before_commit)
    event.listen(engine, "rollback", _after_rollback)
    both = Actor(app, eye), Actor(app, eye)
    try:
        yield both
    finally:
        for actor in both:
            actor.end()
        event.remove(engine, "before_cursor_execute", _before_statement)
        event.remove(engine, "commit", _before_commit)
        event.remove(engine, "rollback", _after_rollback)


def _before_statement(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
    if HERE.actor is not None and SHARED.search(statement):
        HERE.actor.before(connection)
        HERE.actor.in_transaction = True


def _before_commit(connection: Connection) -> None:
    if HERE.actor is not None:
        if HERE.actor.in_transaction:
            HERE.actor.before(connection)
        HERE.actor.in_transaction = False


def _after_rollback(_connection: Connection) -> None:
    if HERE.actor is not None:
        HERE.actor.in_transaction = False


def ordered(both: Sequence[Actor], acts: Sequence[Act], choices: Sequence[bool], most: int) -> Order:
    """Do both acts in one order: at each point where either can go on, as `choices` say, and then without a change.

    `most` is how many changes there may be while whoever is at it could go on.
    """
    order, chosen, at = Order(), iter(choices), 0
    for actor, act in zip(both, acts, strict=True):
        actor.begin(act)
    while not _all_finished(both):
        able = [number for number, actor in enumerate(both) if not (actor.finished or actor.waits)]
        if not able:
            order.stuck = True
            _break_the_tie(both)
            continue
        if len(able) == 2:
            change = next(chosen, False)
            # Who begins is no change.
            may_change = not order.turns or sum(order.choices[1:]) < most
            order.choices.append(change)
            order.open.append(may_change and not change)
            at = 1 - at if change else at
        else:
            at = able[0]
        order.serial &= not both[1 - at].in_transaction
        order.turns.append(at)
        both[at].go_on()
    return order


def _all_finished(both: Sequence[Actor]) -> bool:
    for actor in both:
        if actor.waits:
            actor.settle()
    return all(actor.finished for actor in both)


def _break_the_tie(both: Sequence[Actor]) -> None:
    """Each waits for the other: PostgreSQL ends one of them after a moment."""
    for _ in range(int(LOST_SECONDS / LOOK_SECONDS)):
        for actor in both:
            actor.settle()
            if not actor.waits:
                return
    raise Lost


def every_order(most: int, do: Callable[[Sequence[bool]], Order]) -> Iterator[Order]:
    """Every order of two acts with at most so many changes: one after the other, depth first."""
    waiting: list[list[bool]] = [[]]
    while waiting:
        prefix = waiting.pop()
        order = do(prefix)
        yield order
        for place in range(len(prefix), len(order.choices)):
            if order.open[place]:
                waiting.append([*order.choices[:place], True])
