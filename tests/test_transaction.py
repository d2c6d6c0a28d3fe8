"""One commit for everything that belongs together, and nothing half done when somebody catches an error."""

from __future__ import annotations

import time

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from console import db as database
from console.db import after_commit, db, if_undone, locked, only_reading, pinned_connection, transaction
from console.errors import NotFound
from console.models import Customer


def names() -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(select(Customer.name)))


def test_the_outermost_block_commits_and_then_lets_go_what_waits(app: Flask) -> None:
    order: list[str] = []
    with transaction():
        with transaction():
            db.session.add(Customer(name="inner"))
            after_commit(lambda: order.append("inner"))
        db.session.add(Customer(name="outer"))
        after_commit(lambda: order.append("outer"))
        assert order == []
    assert order == ["inner", "outer"] and names() == {"inner", "outer"}


def test_an_error_rolls_everything_back_and_nothing_leaves(app: Flask) -> None:
    left: list[int] = []
    with pytest.raises(ZeroDivisionError), transaction():
        with transaction():
            db.session.add(Customer(name="inner"))
            after_commit(lambda: left.append(1))
        raise ZeroDivisionError
    assert names() == set() and left == []


@pytest.mark.parametrize("broken", ["error", "statement", "flush"])
def test_an_error_caught_outside_an_inner_block_undoes_that_block_alone(app: Flask, broken: str) -> None:
    left: list[str] = []
    with transaction():
        db.session.add(Customer(name="before", ref="taken"))
        after_commit(lambda: left.append("before"))
        with pytest.raises((ZeroDivisionError, DBAPIError)), transaction():
            db.session.add(Customer(name="inner"))
            after_commit(lambda: left.append("inner"))
            if broken == "error":
                raise ZeroDivisionError
            if broken == "statement":
                db.session.execute(text("SELECT 1 / 0"))
            db.session.add(Customer(name="double", ref="taken"))
        db.session.add(Customer(name="after"))
        after_commit(lambda: left.append("after"))
    assert names() == {"before", "after"} and left == ["before", "after"]


def test_a_commit_that_fails_leaves_nothing_and_sends_nothing(app: Flask) -> None:
    left: list[int] = []
    with pytest.raises(IntegrityError), transaction():
        after_commit(lambda: left.append(1))
        db.session.add_all([Customer(name="a", ref="same"), Customer(name="b", ref="same")])
    assert names() == set() and left == []
    with transaction():
        db.session.add(Customer(name="next"))
    assert names() == {"next"}


def test_what_leaves_after_a_commit_needs_one(app: Flask) -> None:
    with pytest.raises(RuntimeError):
        after_commit(lambda: None)


@pytest.mark.parametrize("row_id", [1, 0, -5, 2**63, 10**40])
def test_a_row_that_does_not_exist_is_not_found(app: Flask, row_id: int) -> None:
    with pytest.raises(NotFound, match="This one is gone"):
        locked(Customer, row_id, "This one is gone.")


def test_a_lane_is_not_held_inside_a_transaction(app: Flask) -> None:
    with pytest.raises(RuntimeError), transaction(), pinned_connection():
        pass


def test_there_is_one_clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "clock", lambda: "noon")
    assert database.now() == "noon"  # type: ignore[comparison-overlap]


def test_a_record_of_a_refusal_is_made_again_when_it_was_rolled_back_and_only_then(app: Flask) -> None:
    def record() -> None:
        with transaction():
            db.session.add(Customer(name="record"))

    def refuse() -> None:
        with transaction():
            record()
            if_undone(record)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refuse()
    assert names() == {"record"}

    def count() -> int:
        db.session.rollback()
        return len(db.session.scalars(select(Customer.id)).all())

    with transaction(), pytest.raises(ZeroDivisionError):
        refuse()
    assert count() == 2
    with transaction(), pytest.raises(ZeroDivisionError), transaction():
        refuse()
    assert count() == 3
    with pytest.raises(ZeroDivisionError), transaction(), transaction():
        refuse()
    assert count() == 4
    with pytest.raises(ZeroDivisionError), transaction():
        with pytest.raises(ZeroDivisionError), transaction():
            refuse()
        raise ZeroDivisionError
    assert count() == 5
    with pytest.raises(RuntimeError):
        if_undone(record)


def test_a_session_that_only_reads_sees_each_commit_at_once_and_changes_nothing(app: Flask) -> None:
    only_reading()
    assert set(db.session.scalars(select(Customer.name))) == set()
    with db.engine.begin() as other:
        other.execute(text("INSERT INTO customers (name, created_at) VALUES ('Riya', now())"))
    assert set(db.session.scalars(select(Customer.name))) == {"Riya"}
    with pytest.raises(RuntimeError, match="change nothing"), transaction():
        db.session.add(Customer(name="written"))
    db.session.remove()
    assert names() == {"Riya"}


def test_a_connection_that_its_server_ended_while_it_lay_in_the_pool_is_replaced(app: Flask) -> None:
    pid = db.session.scalar(text("SELECT pg_backend_pid()"))
    db.session.remove()
    end_connection(app, pid)
    assert db.session.scalar(text("SELECT pg_backend_pid()")) != pid


@pytest.mark.parametrize(
    ("raised", "arrives"), [(NotFound(), OperationalError), (ZeroDivisionError(), ZeroDivisionError)]
)
def test_a_refusal_made_on_a_connection_that_is_lost_says_that_the_database_is_away(
    app: Flask, raised: Exception, arrives: type[Exception]
) -> None:
    """What a page would show beside the refusal is lost with the connection; what a tool raises stays the reason."""
    with pytest.raises(arrives), transaction():
        end_connection(app, db.session.scalar(text("SELECT pg_backend_pid()")))
        raise raised
    assert names() == set()


def test_a_finished_answer_is_given_although_its_connection_was_lost_after_the_last_query(app: Flask) -> None:
    with app.app_context():
        end_connection(app, db.session.scalar(text("SELECT pg_backend_pid()")))
    assert db.engine.pool.checkedout() == 0 and names() == set()


def end_connection(app: Flask, pid: int | None) -> None:
    """End a connection at its server, and wait until its other end can know."""
    with psycopg.connect(app.config["SETTINGS"].database_url.replace("+psycopg", "")) as killer:
        killer.execute("SELECT pg_terminate_backend(%s)", [pid])
    time.sleep(0.2)


def test_the_server_notices_soon_when_the_machine_of_a_session_is_lost(app: Flask) -> None:
    with pinned_connection() as connection:
        ours = connection.execute(
            text(
                "SELECT count(*) FROM pg_settings WHERE name LIKE 'tcp!_%' ESCAPE '!' AND source = 'session'"
            )
        )
        assert ours.scalar() == 4
