"""What a stream is told, when, and when it ends."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from console import live, queue
from console.config import Settings
from console.db import db, now, transaction
from console.live import Hub, announce
from console.models import SignIn
from console.streams import Stream
from tests.browserless import Client
from tests.conftest import Cast
from tests.views.test_session import sign_in

TOPICS = frozenset({"inbox", "conversation:7"})


class Page:
    """An open page: reads its stream in a thread of its own and remembers what it was told."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.told: list[str] = []
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for chunk in self.stream.events():
            self.told += [
                line.removeprefix("event: ") for line in chunk.decode().split("\n") if line[:6] == "event:"
            ]
        self.ended.set()


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Wait until something is true; says whether it became so in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return true()


@pytest.fixture
def hub(settings: Settings, app: Flask) -> Iterator[Hub]:
    running = Hub(settings.lock_database_url, queue.connect(settings))
    yield running
    running.stop()


@pytest.fixture
def row(cast: Cast) -> SignIn:
    signed_in = SignIn(operator_id=cast.ben.id, token_hash="x", expires_at=now() + timedelta(hours=1))
    db.session.add(signed_in)
    db.session.commit()
    return signed_in


@pytest.fixture
def page(hub: Hub, row: SignIn, cast: Cast) -> Page:
    stream = Stream(TOPICS, row.id, cast.ben.id, live.grants(cast.ben.role, cast.ben.scopes))
    hub.open(stream)
    opened = Page(stream)
    assert hub.listening.wait(5)
    assert until(lambda: "resync" in opened.told)
    opened.told.clear()
    return opened


def test_a_change_is_heard_when_it_is_committed(page: Page) -> None:
    with transaction():
        announce("conversation:7")
        time.sleep(0.2)
        assert page.told == []
    assert until(lambda: page.told == ["conversation-7"])


def test_a_change_that_was_rolled_back_is_never_heard(page: Page) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        announce("conversation:7")
        _ = 1 / 0
    with transaction():
        announce("inbox")
    assert until(lambda: page.told == ["inbox"])


def test_other_topics_are_not_told(page: Page) -> None:
    with transaction():
        announce("conversation:8")
        announce("inbox")
    assert until(lambda: page.told == ["inbox"])


def test_what_a_slow_page_has_not_read_falls_together() -> None:
    stream = Stream(TOPICS, 1, 1, "")
    for number in range(10_000):
        stream.tell("inbox", b"event: inbox\ndata: %d\n\n" % number)
        stream.tell("conversation:7", b"event: conversation-7\ndata: %d\n\n" % number)
    events = stream.events()
    next(events)
    assert next(events) == b"event: inbox\ndata: 9999\n\nevent: conversation-7\ndata: 9999\n\n"


def test_an_event_never_carries_content(page: Page, hub: Hub) -> None:
    stream = Stream(TOPICS, page.stream.sign_in_id, page.stream.operator_id, page.stream.grants)
    hub.open(stream)
    events = stream.events()
    next(events)
    with transaction():
        announce("inbox")
    assert re.fullmatch(rb"event: inbox\ndata: \d+\n\n", next(events))
    hub.leave(stream)


def test_a_quiet_stream_gets_a_sign_of_life(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.5)
    assert until(lambda: "heartbeat" in page.told)


def test_after_the_listener_was_lost_every_page_looks_again(page: Page, hub: Hub) -> None:
    db.session.execute(
        text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'console live'")
    )
    db.session.commit()
    assert until(lambda: "resync" in page.told)
    with transaction():
        announce("inbox")
    assert until(lambda: page.told[-1] == "inbox")


def test_a_stream_ends_within_5_seconds_of_its_sign_in(page: Page, row: SignIn) -> None:
    row.ended_at = now()
    db.session.commit()
    assert page.ended.wait(5)


def test_a_stream_ends_within_5_seconds_of_its_operators_account(page: Page, cast: Cast) -> None:
    cast.ben.active = False
    db.session.commit()
    assert page.ended.wait(5)


def test_a_stream_ends_within_5_seconds_of_a_lost_permission(page: Page, cast: Cast) -> None:
    cast.ben.scopes = []
    db.session.commit()
    assert page.ended.wait(5)


def test_a_stream_of_a_sign_in_that_lasts_stays_open(page: Page) -> None:
    assert not page.ended.wait(live.CHECK_SECONDS + 1)


def test_a_page_that_left_is_forgotten(page: Page, hub: Hub) -> None:
    assert len(hub) == 1
    hub.leave(page.stream)
    assert len(hub) == 0
    assert hub._by_topic == {}


@pytest.fixture
def ben(app: Flask, cast: Cast) -> Client:
    client = Client(app)
    sign_in(client)
    return client


@pytest.mark.parametrize(
    "topics", ["", "weather", "conversation:0", "conversation:x", "inbox,weather", "inbox,a:1"]
)
def test_unknown_topics_are_400(ben: Client, topics: str) -> None:
    answer = ben.get("/live", query_string={"topics": topics})
    assert answer.status_code == 400


def test_too_many_topics_are_400(ben: Client) -> None:
    topics = ",".join(f"conversation:{number}" for number in range(1, 30))
    assert ben.get("/live", query_string={"topics": topics}).status_code == 400


def test_an_open_stream_holds_no_database_connection(ben: Client, app: Flask) -> None:
    db.session.remove()
    before = db.engine.pool.checkedout()
    answer = ben.get("/live?topics=inbox", buffered=False)
    chunks = answer.iter_encoded()
    assert next(chunks).startswith(b"event: open")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    assert db.engine.pool.checkedout() == before
    answer.close()
    assert len(app.extensions["live"]) == 0
