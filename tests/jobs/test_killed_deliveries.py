"""Workers die while they send, or wait for long: nobody gets two, and nobody else is kept waiting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from console import governance, outbound, queue
from console.channels import load_channel
from console.config import Settings
from console.db import db
from console.models import Delivery, DeliveryState
from jobs.sweep import sweep
from tests.channels.mail_server import ACCEPT_AND_HANG, HANG, MailServer
from tests.channels.receiver import SECRET, Receiver, answers, hangs
from tests.conftest import Cast
from tests.desk import Desk, wait_until
from tests.jobs.conftest import Start
from tests.outbound.desk import Outbox
from tests.outbound.postbox import Postbox

LIVE = (DeliveryState.PENDING, DeliveryState.SENDING)


@pytest.fixture
def mail(app: Flask) -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


@pytest.fixture
def outbox(app: Flask, cast: Cast, settings: Settings) -> Iterator[Outbox]:
    """Follow-ups that leave through the real queue."""
    before = app.extensions["console_channel"]
    yield Outbox(cast, queue.push, Postbox())  # type: ignore[arg-type]
    app.extensions["console_channel"] = before


def leave_by(app: Flask, settings: Settings, **chosen: Any) -> dict[str, str]:
    """Choose a channel here; returns what workers must know to choose the same."""
    app.extensions["console_channel"] = load_channel(settings.model_copy(update=chosen))
    return {f"CONSOLE_{name.upper()}": str(value) for name, value in chosen.items()} | {
        "CONSOLE_DELIVERY_RETRY_SECONDS": "1,1,1"
    }


def nothing_is_live() -> bool:
    db.session.rollback()
    return not db.session.scalar(select(func.count()).where(Delivery.state.in_(LIVE)))


def over() -> bool:
    """Sweep until nothing is on its way any more; whether it came to that within a minute."""
    for _ in range(60):
        db.session.rollback()
        sweep()
        if wait_until(nothing_is_live, 1):
            return True
    return False


def accept_and_hang(handler: Any) -> None:
    handler.accept()
    handler.receiver.ended.wait(60)


def test_mail_whose_worker_died_is_uncertain_and_never_repeated(
    app: Flask, outbox: Outbox, settings: Settings, start: Start, impatient: Redis, mail: MailServer
) -> None:
    variables = leave_by(
        app, settings, channel="smtp", smtp_host="127.0.0.1", smtp_port=mail.port, smtp_security="none",
        smtp_from="desk@example.com",
    )  # fmt: skip
    mail.next("MESSAGE", ACCEPT_AND_HANG, HANG)
    stuck = [outbox.trigger(outbox.conversation()).delivery for _ in range(2)]
    workers = start(3, **variables)
    assert wait_until(lambda: len(mail.attempts) == 2, 60)
    workers.kill()
    waiting = [outbox.trigger(outbox.conversation()).delivery for _ in range(3)]
    start(1, **variables)
    assert over()
    states = {one.id: one.state for one in outbox.deliveries()}
    assert [states[one.id] for one in stuck] == ["uncertain"] * 2
    assert [states[one.id] for one in waiting] == ["sent"] * 3
    assert len(mail.attempts) == len(set(mail.attempts)) == 5
    assert all(one.reason and "may or may not" in one.reason for one in outbox.deliveries(state="uncertain"))
    assert outbox.log().count("delivery_uncertain") == 2


def test_a_webhook_whose_worker_died_is_repeated_with_the_same_key(
    app: Flask, outbox: Outbox, settings: Settings, start: Start, impatient: Redis, receiver: Receiver
) -> None:
    variables = leave_by(
        app, settings, channel="webhook", webhook_url=receiver.url, webhook_secret=SECRET,
        webhook_allow_private=True,
    )  # fmt: skip
    patient = app.config["SETTINGS"].model_copy(update={"undo_seconds": 0, "max_batch_size": 500})
    app.config["SETTINGS"] = patient
    receiver.next(*[answers(202)] * 20, *[accept_and_hang] * 4)
    single = outbox.trigger(outbox.conversation()).delivery
    envelope = outbox.bulk(outbox.conversations(60))
    workers = start(2, **variables)
    assert wait_until(lambda: len(receiver.posted) >= 24, 60)
    workers.kill()
    start(2, **variables)
    assert over()
    assert {one.state for one in outbox.deliveries()} == {"sent"}
    assert len(receiver.accepted) == 61 and all(one.genuine for one in receiver.posted)
    repeated = [key for key, times in receiver.times_accepted.items() if times > 1]
    assert 1 <= len(repeated) <= 16
    assert outbound.counts(envelope.id)["sent"] == 60
    assert outbox.log().count("delivery_sent") == 61
    assert outbound.get_delivery(single.id)


def test_workers_that_die_again_and_again_lose_and_double_nothing(
    app: Flask, outbox: Outbox, settings: Settings, start: Start, impatient: Redis, mail: MailServer
) -> None:
    variables = leave_by(
        app, settings, channel="smtp", smtp_host="127.0.0.1", smtp_port=mail.port, smtp_security="none",
        smtp_from="desk@example.com",
    )  # fmt: skip
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(
        update={"undo_seconds": 0, "max_batch_size": 500}
    )
    envelope = outbox.bulk(outbox.conversations(150))
    for number in range(3):
        workers = start(2, **variables)
        assert wait_until(lambda wanted=30 * (number + 1): len(mail.attempts) >= wanted, 60)
        workers.kill()
        impatient.flushall()
        sweep()
    start(2, **variables)
    assert over()
    counts = outbound.counts(envelope.id)
    assert counts["sent"] + counts["uncertain"] == 150 and counts["uncertain"] <= 3
    assert len(mail.attempts) == len(set(mail.attempts))
    accepted = {one.message_id for one in mail.accepted}
    assert counts["sent"] <= len(accepted) <= 150


def test_a_decision_finds_a_worker_however_slow_the_other_side_is(
    app: Flask, outbox: Outbox, desk: Desk, settings: Settings, start: Start, receiver: Receiver
) -> None:
    variables = leave_by(
        app, settings, channel="webhook", webhook_url=receiver.url, webhook_secret=SECRET,
        webhook_allow_private=True,
    )  # fmt: skip
    receiver.always(hangs)
    for _ in range(5):
        outbox.trigger(outbox.conversation())
    start(2, **variables)
    assert wait_until(lambda: bool(receiver.posted), 60)
    for _ in range(2):
        lane = desk.pending("adjust")
        governance.approve(lane.id, desk.ben)
        assert wait_until(lambda lane=lane: desk.fresh(lane).status == "executed", 5)
    assert len(receiver.posted) == 1
