"""The demo: the support desk of an invented shop, loaded through the same doors that people and agents use.

All of it happens in one transaction: a start that is interrupted leaves nothing behind, and nobody else sees a desk
that is half there.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from flask import current_app
from sqlalchemy import func, select

from console.config import Settings
from console.db import db, transaction
from console.demo.again import ask_again
from console.demo.play import Play
from console.demo.script import DEMO_IDS, read_people, read_script
from console.demo.shop import fill
from console.errors import Conflict, Forbidden
from console.models import Conversation, Operator

PASSWORD = "console-demo"
DECLINED = (
    "People have accounts here already, so the demo was not loaded. "
    "“console demo --beside” adds it to what is there and deletes nothing."
)
LOAD_LOCK = 0x64656D6F
"""Key of the advisory lock that makes two loads wait for one another."""


class Outcome(StrEnum):
    """What a load did."""

    LOADED = "loaded"
    THERE_ALREADY = "there already"
    DECLINED = "declined"
    """People work here, so nothing was added."""


def load(*, beside: bool = False) -> Outcome:
    """Load the demo, once; where it is loaded already, let what has lapsed be asked again.

    A database in which people have accounts is left alone unless `beside`; nothing is ever deleted. Raises Forbidden
    in production, and Conflict when an account of the demo's email exists already.
    """
    settings: Settings = current_app.extensions["settings"]
    if settings.production:
        raise Forbidden(
            "The demo has accounts whose password everyone knows, so it is not loaded in production. "
            "Make an account with “console create-operator”."
        )
    with transaction():
        db.session.execute(select(func.pg_advisory_xact_lock(LOAD_LOCK)))
        if db.session.scalar(
            select(Conversation.id).where(Conversation.external_id.like(f"{DEMO_IDS}%")).limit(1)
        ):
            ask_again(read_script())
            return Outcome.THERE_ALREADY
        if not beside and db.session.scalar(select(Operator.id).limit(1)):
            return Outcome.DECLINED
        people = read_people()
        _refuse_taken(person.email for person in people.operators.values())
        fill(db.session())
        Play(people, read_script(), PASSWORD).perform()
        return Outcome.LOADED


def _refuse_taken(emails: Iterable[str]) -> None:
    taken = db.session.scalar(
        select(Operator.email).where(func.lower(Operator.email).in_(list(emails))).limit(1)
    )
    if taken is not None:
        raise Conflict(f"There is an account for {taken} already, so the demo's own cannot be made.")
