"""Who else is at a conversation: said by each web process, forgotten in seconds, never in anybody's way."""

from __future__ import annotations

import time

import pytest
from flask import Flask

from console import presence, queue
from console.presence import Company, Watch
from console.presenters.company import here, writing
from console.presenters.faces import Faces
from tests.conftest import Cast
from tests.views.conftest import As, as_  # noqa: F401


@pytest.fixture
def told() -> list[int]:
    return []


def at(conversation_id: int, besides: int = 0) -> Company:
    return presence.company_of(conversation_id, besides=besides)


def test_a_page_that_is_open_is_seen_by_others_and_not_by_oneself(app: Flask) -> None:
    presence.look(queue.redis(), [(7, 1), (7, 2), (8, 3)])
    assert at(7, besides=1).looking == {2} and at(8).looking == {3} and at(9) == Company()


def test_who_has_not_been_seen_for_a_while_is_gone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    presence.look(queue.redis(), [(7, 1)])
    presence.write(7, 1, "note")
    later = time.time() + presence.LOOKING_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert at(7) == Company()


def test_each_process_notices_what_another_one_says(app: Flask, told: list[int]) -> None:
    watch = Watch(queue.redis(), told.append)
    watch.beat(frozenset({(7, 1)}))
    watch.beat(frozenset({(7, 1)}))
    assert told == []
    Watch(queue.redis(), lambda _: None).beat(frozenset({(7, 2)}))
    watch.beat(frozenset({(7, 1)}))
    presence.write(7, 2, "reply")
    watch.beat(frozenset({(7, 1)}))
    watch.beat(frozenset({(7, 1)}))
    assert told == [7, 7]


def test_a_draft_of_a_message_says_that_it_is_written_and_a_reason_does_not(
    as_: As,  # noqa: F811
    cast: Cast,
) -> None:
    ben, place = as_("ben"), cast.conversation.topic
    page = ben.get(f"/conversations/{cast.conversation.id}")
    token = page.text.split('name="csrf-token" content="')[1].split('"')[0]
    for key, body in ((f"{place}:note", "Half"), ("lane:1:rejection", "Half"), (f"{place}:reply", "")):
        assert ben.post("/drafts", data={"key": key, "body": body, "csrf_token": token}).status_code == 204
    assert at(cast.conversation.id).writing == {(cast.ben.id, "note")}
    assert "writing" not in ben.get(f"/conversations/{cast.conversation.id}/typing").text
    assert "Ben is writing a note" in as_("ada").get(f"/conversations/{cast.conversation.id}/typing").text


def test_the_header_names_who_else_is_here(as_: As, cast: Cast) -> None:  # noqa: F811
    presence.look(queue.redis(), [(cast.conversation.id, cast.ben.id)])
    address = f"/conversations/{cast.conversation.id}/header"
    assert (
        "Ben is here too" in as_("ada").get(address).text and "here too" not in as_("ben").get(address).text
    )


def test_a_server_that_is_away_means_nobody_is_known_and_nothing_fails(app: Flask) -> None:
    client = app.extensions["console_redis"]
    app.extensions["console_redis"] = queue.connect(
        app.config["SETTINGS"].model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    )
    try:
        presence.write(7, 1, "reply")
        assert at(7) == Company()
    finally:
        app.extensions["console_redis"] = client


def test_several_people_are_said_in_one_sentence() -> None:
    faces = Faces({1: "Ada Okafor", 2: "Ben Weiss", 3: "Cleo Marchetti"}, "operator:9")
    company = Company(frozenset({1, 2, 3}), frozenset({(1, "note"), (2, "reply")}))
    found, busy = here(company, faces), writing(company, faces)
    assert found and found.words == "Ada and 2 more are here too"
    assert busy and busy.words == "Ada and Ben are writing here"
    assert here(Company(), faces) is None and writing(Company(), faces) is None
