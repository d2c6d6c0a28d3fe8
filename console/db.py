"""The database session: `transaction()`, row locks, what leaves after the commit, and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import DeclarativeBase

from console.config import Settings
from console.errors import ConsoleError, NotFound
from console.sockets import has_something_to_say

Row = TypeVar("Row", bound="Base")
CONNECT_ARGS = {"connect_timeout": 5, "application_name": "cairnloop-console"}
# A machine that loses its power says no goodbye; until the server notices, nobody gets what its sessions hold.
NOTICE_LOSS = """
    SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = 10000
"""


class Base(DeclarativeBase):
    """Base of all models; constraints get predictable names so that migrations can speak of them."""


Base.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Session(FlaskSession):
    """A session that can be tied to one connection, so that a lane's lock and its work live and die together.

    One that only reads does so outside of any transaction.
    """

    def close(self) -> None:
        """Let go of everything. A connection that was lost meanwhile is dropped in silence: its server has rolled back
        already, and whoever closes, the end of a request above all, is done with it."""
        try:
            super().close()
        except DBAPIError:
            super().invalidate()

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        pinned: Connection | None = self.info.get("pinned")
        if pinned is not None:
            return pinned
        found = super().get_bind(*args, **kwargs)
        return _reading(found) if self.info.get("only_reading") and isinstance(found, Engine) else found


@cache
def _reading(engine: Engine) -> Engine:
    """The same pool, without transactions."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


db = SQLAlchemy(model_class=Base, session_options={"class_": Session, "expire_on_commit": False})


def now() -> datetime:
    """The present moment, aware, UTC. The only clock of the console; tests replace `clock`."""
    return clock()


def _utc() -> datetime:
    return datetime.now(UTC)


clock: Callable[[], datetime] = _utc


@contextmanager
def transaction() -> Iterator[None]:
    """Open a transaction, or join the one that is open.

    The outermost block commits, then runs what `after_commit` collected. An exception rolls back what its block did,
    and only that: whoever catches it outside an inner block goes on with a clean state, never with half a step.
    """
    info = db.session.info
    if info.get("only_reading"):
        raise RuntimeError("This request only reads: it must change nothing.")
    if info.get("depth", 0):
        with _joined(info):
            yield
        return
    info["depth"] = 1
    info["after_commit"], info["if_undone"], info["undone"] = [], [], []
    try:
        yield
        info["may_be_done"] = True
        db.session.commit()
        info["after_commit"] += info["undone"]
    except BaseException as error:
        info["after_commit"] = info["undone"] + info["if_undone"]
        _roll_back(error)
        raise
    finally:
        info["depth"] = 0
        for leave in info.pop("after_commit"):
            leave()


def may_be_done() -> bool:
    """Whether this session has tried to commit anything: when its connection is lost later, that may be in force."""
    return bool(db.session.info.get("may_be_done"))


def only_reading() -> None:
    """Let this session read outside of any transaction, until it is removed. Call it before its first query.

    A statement sees what is committed when it begins, with or without a transaction around it; without one, a page
    saves the round trips of BEGIN and ROLLBACK, which cost as much as two of its queries.
    """
    db.session.info["only_reading"] = True


def _roll_back(because: BaseException) -> None:
    """End the transaction. Raises DBAPIError when a refusal was made on a connection that is lost: what it would be
    shown with is lost too, and the database being away is the better answer."""
    try:
        db.session.rollback()
    except DBAPIError as lost:
        # The connection is lost, or an alarm rang in the middle of a statement. A pool drops such a one by itself; the
        # server rolls back when its other end is gone.
        db.session.close()
        pinned: Connection | None = db.session.info.get("pinned")
        if pinned is not None:
            pinned.invalidate()
        if isinstance(because, ConsoleError):
            raise lost from because


@contextmanager
def _joined(info: dict[Any, Any]) -> Iterator[None]:
    """An inner block: a savepoint, since a statement that failed would doom the outer transaction with it."""
    info["depth"] += 1
    leaving, kept = len(info["after_commit"]), len(info["if_undone"])
    try:
        with db.session.begin_nested():
            yield
    except BaseException:
        del info["after_commit"][leaving:]
        info["undone"] += info["if_undone"][kept:]
        del info["if_undone"][kept:]
        raise
    finally:
        info["depth"] -= 1


def after_commit(action: Callable[[], None]) -> None:
    """Run `action` once the outermost transaction has committed; never when it rolls back."""
    if not db.session.info.get("depth", 0):
        raise RuntimeError("after_commit needs an open transaction()")
    db.session.info["after_commit"].append(action)


def if_undone(action: Callable[[], None]) -> None:
    """Run `action` after the outermost transaction if what the open block wrote was rolled back, and only then.

    For a record of a refusal: the refusal is raised, and whoever does not catch it takes the record back with it.
    """
    if not db.session.info.get("depth", 0):
        raise RuntimeError("if_undone needs an open transaction()")
    db.session.info["if_undone"].append(action)


def in_transaction() -> bool:
    """Whether a transaction() is open."""
    return bool(db.session.info.get("depth", 0))


def take_after_commit() -> list[Callable[[], None]]:
    """What was to leave after the commit; it is the caller's to send now.

    For whoever plays many commits in one, as the demo does.
    """
    info = db.session.info
    taken: list[Callable[[], None]] = info.get("after_commit", [])
    info["after_commit"] = []
    return taken


def locked(model: type[Row], row_id: int, sentence: str | None = None) -> Row:
    """The row as it is now, locked until the transaction ends. Raises NotFound."""
    row = None
    if is_id(row_id):
        row = db.session.get(model, row_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        raise NotFound(sentence)
    return row


def is_id(number: int) -> bool:
    """Whether a number can be a row's id at all; PostgreSQL answers a bigger one with an error, not with no row."""
    return 0 < number < 2**63


@contextmanager
def pinned_connection() -> Iterator[Connection]:
    """Tie this context's session to one connection of its own, around any transaction-pooling proxy.

    What the connection holds (advisory locks) and what the session writes on it end together.
    """
    if db.session.info.get("depth", 0):
        raise RuntimeError("A lane is held around transactions, not inside one: its lock must outlive them.")
    engine: Engine = current_app.extensions["console_session_engine"]
    db.session.remove()
    with engine.connect() as connection:
        db.session.info["pinned"] = connection
        try:
            yield connection
        finally:
            db.session.remove()


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its two engines: a pool for pages, and bare connections for locks."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": settings.database_pool,
        "max_overflow": settings.database_pool,
        "connect_args": CONNECT_ARGS,
    }
    db.init_app(app)
    with app.app_context():
        event.listen(db.engine, "checkout", _refuse_dead)
    app.extensions["console_session_engine"] = _session_engine(app, settings)


def _refuse_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool replace a connection that its server has ended: only such a one has something to say when idle.

    Asked of the socket, which costs nothing; asking the server would cost each page a round trip.
    """
    if has_something_to_say(connection):
        raise DisconnectionError


def _session_engine(app: Flask, settings: Settings) -> Engine:
    """The pages' own engine, unless their URL leads through a proxy that shares sessions out."""
    if settings.session_database_url:
        engine = create_engine(settings.session_database_url, poolclass=NullPool, connect_args=CONNECT_ARGS)
    else:
        with app.app_context():
            engine = db.engine
    event.listen(engine, "connect", _have_loss_noticed)
    return engine


def _have_loss_noticed(connection: Any, _record: Any) -> None:
    """Have the server end a session, with its transaction and its locks, within a few seconds of losing our machine."""
    connection.execute(NOTICE_LOSS)
    connection.commit()


@event.listens_for(Session, "before_commit")
def _a_tool_does_not_commit(session: Session) -> None:
    """A tool's writes commit together with their outcome, so the commit is not the tool's to make."""
    if session.info.get("tool_running") and not session.in_nested_transaction():
        raise RuntimeError("A tool must not commit: its writes are committed with the outcome of the run.")
