"""Operators who send without a pause, press twice, undo, and press again where a killed process left them.

python -m tests.storm.operators SEED
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from random import Random
from typing import TypeVar
from uuid import uuid4

from flask import Flask
from sqlalchemy import exists, func, select
from sqlalchemy.exc import DBAPIError

from console import create_app, outbound
from console.config import Settings
from console.db import db, transaction
from console.models import (
    BulkEnvelope,
    BulkPreview,
    Conversation,
    ConversationStatus,
    Customer,
    Delivery,
    MessageTemplate,
    Operator,
)
from console.outbound.transitions import LIVE

PEOPLE = 4
MOST_WAITING = 50
LARGEST_SEND = 5

Answer = TypeVar("Answer")


class Desk:
    """One operator's work."""

    def __init__(self, app: Flask, random: Random, presses: ThreadPoolExecutor) -> None:
        self.app, self.random, self.presses = app, random, presses
        with app.app_context():
            self.actor = db.session.scalars(select(Operator)).one().actor_id
            self.template_id = db.session.scalars(select(MessageTemplate)).one().id

    def work(self) -> None:
        """Send for ever, a little at a time."""
        kinds = {self.previewed: 5, self.direct: 4, self.single: 2}
        while True:
            while insist(waiting) > MOST_WAITING:
                time.sleep(0.1)
            self.random.choices(list(kinds), list(kinds.values()))[0]()

    def previewed(self) -> None:
        """Preview, confirm, perhaps undo."""
        ids = insist(self.conversations)
        shown = insist(lambda: outbound.preview(ids, template_id=self.template_id, actor=self.actor))
        self.press(lambda: outbound.confirm(shown.token, self.actor))
        self.perhaps_undo(shown.envelope_id)

    def direct(self) -> None:
        """As the host application does it."""
        ids, envelope_id = insist(self.conversations), uuid4()
        self.press(
            lambda: outbound.bulk_trigger(
                ids,
                template_id=self.template_id,
                rendered_body=f"About {envelope_id}",
                envelope_id=envelope_id,
            )
        )
        self.perhaps_undo(envelope_id)

    def single(self) -> None:
        """One follow-up from a conversation."""
        one = insist(self.conversations)[0]
        self.press(lambda: outbound.trigger(one, template_id=self.template_id, actor=self.actor))

    def press(self, send: Callable[[], object]) -> None:
        """Once, twice at the same moment, or once more a little later."""
        times = self.random.choice((1, 1, 2))
        for pressed in [self.presses.submit(self._in_context, send) for _ in range(times)]:
            pressed.result()
        if self.random.random() < 0.15:
            time.sleep(self.random.uniform(0, 1.5))
            insist(send)

    def perhaps_undo(self, envelope_id: object) -> None:
        if self.random.random() < 0.25:
            time.sleep(self.random.uniform(0, 1.2))
            with suppress(outbound.UndoTooLate):
                insist(lambda: outbound.undo(str(envelope_id), self.actor))

    def conversations(self) -> list[int]:
        """New ones, each with a customer whom nobody else writes to; the first can be written to."""
        made = []
        for number in range(self.random.randint(1, LARGEST_SEND)):
            open_again = number > 0 and self.random.random() < 0.1
            status = ConversationStatus.OPEN if open_again else ConversationStatus.RESOLVED
            customer = Customer(name=f"Customer {number}", email=f"{uuid4().hex}@example.com")
            made.append(Conversation(customer=customer, subject="Where is it?", status=status))
        with transaction():
            db.session.add_all(made)
            db.session.flush()
            return [one.id for one in made]

    def take_up(self) -> None:
        """Confirm what was previewed and never confirmed, as far as anybody knows."""
        sent = exists().where(BulkEnvelope.id == BulkPreview.envelope_id)
        left = insist(lambda: db.session.scalars(select(BulkPreview.envelope_id).where(~sent)).all())
        for envelope_id in left:
            shown = insist(partial(outbound.get_preview, envelope_id, self.actor))
            insist(partial(outbound.confirm, shown.token, self.actor))

    def _in_context(self, send: Callable[[], object]) -> object:
        with self.app.app_context():
            return insist(send)


def insist(ask: Callable[[], Answer]) -> Answer:
    """Ask until an answer comes: the connection to the database may be cut at any moment."""
    while True:
        try:
            return ask()
        except DBAPIError:
            time.sleep(0.05)
        finally:
            with suppress(DBAPIError):
                db.session.rollback()


def waiting() -> int:
    """How many deliveries are on their way."""
    return db.session.scalar(select(func.count()).where(Delivery.state.in_(LIVE))) or 0


def _work(desk: Desk) -> None:
    try:
        with desk.app.app_context():
            desk.work()
    except BaseException:
        # An operator who meets anything but a lost connection has found a fault: the whole process says so.
        traceback.print_exc()
        os._exit(1)


def main(seed: str) -> None:
    """Send until killed."""
    app = create_app(Settings.from_env())
    presses = ThreadPoolExecutor(2 * PEOPLE)
    desks = [Desk(app, Random(f"{seed} {os.getpid()} {number}"), presses) for number in range(PEOPLE)]
    with app.app_context():
        desks[0].take_up()
    threads = [threading.Thread(target=_work, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1])
