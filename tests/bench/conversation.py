"""The conversation page with 50 messages and 10 actions, beside the floor page, in the same run and the same process.

python -m tests.bench.conversation [--rounds 200]

The floor is tests/bench/floor.py's. Both are asked over HTTP, in turn, so that a busy machine slows both.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click
from flask import Flask
from sqlalchemy import event

from console import conversations, governance
from console.db import db, now, transaction
from console.governance import ToolContext, execution
from console.models import Operator, Role, SignIn
from tests.bench.floor import caller, in_turn, ratio, served
from tests.bench.stack import spread, stack


def fill() -> tuple[int, str]:
    """One conversation with 50 messages and 10 actions in many states among others; its id, and a sign-in's token."""
    asker = Operator(
        name="Ben Weiss", email="ben@bench", password_hash="-", role=Role.OPERATOR, scopes=["orders:refund"]
    )
    decider = Operator(name="Ada Okafor", email="ada@bench", password_hash="-", role=Role.ADMIN, scopes=[])
    db.session.add_all([asker, decider])
    db.session.commit()
    riya = conversations.customer_known_as(name="Riya Chen", email="riya@example.com", ref="riya_chen_1")
    for number in range(200):
        last = conversations.start(riya, f"Question about order TT-{20000 + number}", "Is there any news?")
    for number in range(49):
        if number % 3:
            conversations.receive(
                last.id, f"Hello, the zip of my jacket broke on day {number}. Could you look at it?"
            )
        else:
            conversations.reply(
                last.id, asker.actor_id, f"Thank you for writing. I am looking into part {number} of it."
            )
    for number in range(10):
        _action(number, last.id, asker, decider)
    token = "bench"
    with transaction():
        digest = hashlib.sha256(token.encode()).hexdigest()
        db.session.add(
            SignIn(operator_id=decider.id, token_hash=digest, expires_at=now() + timedelta(hours=1))
        )
    return last.id, token


def _action(number: int, conversation_id: int, asker: Operator, decider: Operator) -> None:
    """Two of ten wait, one is rejected, one deferred, one failed, five are done."""

    def unsent(job: str, lane_id: int, **options: Any) -> None: ...

    context = ToolContext(
        tool_params={"body": f"Part {number} is under warranty."},
        conversation_id=conversation_id,
        idempotency_token=str(number),
    )
    lane = governance.submit("internal_note", asker.actor_id, context, enqueue=unsent).lane
    assert lane is not None
    if number in (0, 1):
        return
    if number == 2:
        governance.reject(lane.id, decider.actor_id, reason="Not under warranty.", enqueue=unsent)
    elif number == 3:
        governance.defer(lane.id, decider.actor_id, reason="Waiting for the receipt.", enqueue=unsent)
    else:
        governance.approve(lane.id, decider.actor_id, enqueue=unsent)
        execution.resume(lane.id, enqueue=unsent)
        run = execution.start(lane.id)
        assert run is not None
        if number == 4:
            execution.fail(run, RuntimeError("broken"), enqueue=unsent)
        else:
            execution.succeed(run, {"summary": "The note was added for the team.", "message_id": number})


@contextmanager
def counted(statements: list[str]) -> Any:
    """Collect the statements that are sent to the database."""

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@click.command()
@click.option("--rounds", default=200, show_default=True)
def main(rounds: int) -> None:
    """Print the median of each page, their ratio, and the queries of the conversation page."""
    with stack(workers=False) as running:
        app = running.app
        with app.app_context():
            conversation_id, token = fill()
            path = f"/conversations/{conversation_id}"
            signed_in = cookie(app, token)
            with counted([]) as statements:
                app.test_client(use_cookies=False).get(path, headers={"Cookie": signed_in})
        with served(running.settings) as port:
            asks = (
                caller(running.settings.port, path, signed_in),
                caller(port, "/empty"),
                caller(port, "/floor"),
            )
            pages, empties, floors = in_turn(rounds, asks)
    click.echo(
        f"conversation page, 50 messages, 10 actions: {spread(pages)}, {len(statements)} queries (at most 6)"
    )
    click.echo(f"empty route {spread(empties)}")
    click.echo(f"floor page  {spread(floors)}")
    click.echo(f"conversation page to floor page: {ratio(pages, floors)} (at most 3)")


def cookie(app: Flask, token: str) -> str:
    """The cookie of a browser that is signed in with `token`."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    held = {"_user_id": token, "_fresh": True, "csrf_token": "0" * 40}
    return f"console={serializer.dumps(held)}"


if __name__ == "__main__":
    main()
