"""Whichever statement of a request meets a connection that is gone, the answer says so, and nothing is half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event

from console import governance
from console.config import Settings
from console.db import db
from tests.conftest import Cast
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import read, send

Cut = Callable[[int], None]
NEVER = -1_000_000


@pytest.fixture(params=["one connection", "the server"])
def cut(app: Flask, settings: Settings, request: pytest.FixtureRequest) -> Iterator[Cut]:
    """`cut(3)`: the third statement from now on finds its connection ended, and all that follow too if it is the server
    that is away. `cut(0)`: it is back."""
    left = [NEVER]

    def end(connection: Any, *_rest: Any) -> None:
        left[0] -= 1
        if left[0] == 0 or (request.param == "the server" and NEVER < left[0] < 0):
            pid = connection.connection.dbapi_connection.info.backend_pid
            killer.execute("SELECT pg_terminate_backend(%s, 1000)", [pid])

    def after(number: int) -> None:
        left[0] = number or NEVER

    with psycopg.connect(settings.database_url.replace("+psycopg", ""), autocommit=True) as killer:
        event.listen(db.engine, "before_cursor_execute", end)
        yield after
        event.remove(db.engine, "before_cursor_execute", end)


def statuses(ask: Callable[[int], int]) -> list[int]:
    """The status of the same request with its first, second, … statement cut off, until none was left to be."""
    found: list[int] = []
    for number in count(1):
        found.append(ask(number))
        if found[-1] != 503:
            return found
    raise AssertionError


@pytest.mark.parametrize(("decider", "last"), [("ben", 303), ("ada", 403)])
@pytest.mark.parametrize("verb", ["approval", "rejection", "deferral"])
def test_a_decision(as_: As, cast: Cast, desk: Desk, cut: Cut, verb: str, decider: str, last: int) -> None:
    """Ada asked herself: what she presses is refused, and the refusal is recorded too."""
    person, ben, home = as_(decider), as_("ben"), f"/conversations/{cast.conversation.id}"

    def ask(number: int) -> int:
        lane = desk.submit("refund", desk.ada, amount=number).lane
        assert lane is not None
        form = read(ben, home).form(f"/lanes/{lane.id}/{verb}")
        form.values["csrf_token"] = read(person, home).form(f"{home}/resolution").values["csrf_token"]
        cut(number)
        answer = send(person, form, reason="Not now.")
        cut(0)
        waits, untouched = desk.fresh(lane).status == "pending", "nothing was changed" in answer.text
        assert waits == (answer.status_code != 303) or (answer.status_code == 503 and not untouched)
        return answer.status_code

    found = statuses(ask)
    assert len(found) > 5 and found[-1] == last


@pytest.mark.parametrize("htmx", [False, True])
def test_a_decision_that_comes_second(as_: As, cast: Cast, desk: Desk, cut: Cut, htmx: bool) -> None:
    ben, home = as_("ben"), f"/conversations/{cast.conversation.id}"

    def ask(number: int) -> int:
        lane = desk.pending("refund", amount=number)
        form = read(ben, home).form(f"/lanes/{lane.id}/rejection")
        governance.approve(lane.id, desk.ada, enqueue=desk.enqueued)
        cut(number)
        status = send(ben, form, reason="Not now.", htmx=htmx).status_code
        cut(0)
        return status

    found = statuses(ask)
    assert len(found) > 5 and found[-1] == 409


@pytest.mark.parametrize("what", ["messages", "resolution", "proposals"])
def test_what_is_done_in_a_conversation(as_: As, cast: Cast, desk: Desk, cut: Cut, what: str) -> None:
    ben, home = as_("ben"), f"/conversations/{cast.conversation.id}"

    def ask(number: int) -> int:
        form = read(ben, home).form(f"{home}/{what}")
        cut(number)
        status = send(ben, form, body=f"Dear Riya, {number}").status_code
        cut(0)
        return status

    found = statuses(ask)
    assert len(found) > 4 and found[-1] == 303


@pytest.mark.parametrize("path", ["/inbox", "/approvals", "/audit", "/bulk", "/conversations/{}"])
def test_a_page(as_: As, cast: Cast, desk: Desk, cut: Cut, path: str) -> None:
    desk.pending("refund")
    ben = as_("ben")

    def ask(number: int) -> int:
        cut(number)
        status = ben.get(path.format(cast.conversation.id)).status_code
        cut(0)
        return status

    found = statuses(ask)
    assert len(found) > 2 and found[-1] == 200
