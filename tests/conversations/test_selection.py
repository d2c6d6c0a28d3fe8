"""What is done to many conversations at once."""

from __future__ import annotations

import pytest
from flask import Flask

from console import conversations
from console.conversations import Outcome
from console.db import db
from console.errors import Forbidden, Invalid
from console.models import Conversation, Message
from tests.conftest import Cast
from tests.desk import Ears


@pytest.fixture
def ids(cast: Cast) -> list[int]:
    return [cast.conversation.id, *(conversations.start(cast.riya, f"Question {n}").id for n in range(3))]


def statuses(ids: list[int]) -> list[str]:
    db.session.expire_all()
    return [str(db.session.get_one(Conversation, one).status) for one in ids]


def test_a_selection_is_resolved_and_the_rest_is_told(cast: Cast, ids: list[int]) -> None:
    conversations.resolve(ids[1], cast.ben.actor_id)
    outcome = conversations.resolve_each([*ids, ids[0], 10**15], cast.ben.actor_id)
    assert outcome == Outcome(changed=3, already=1, gone=1)
    assert statuses(ids) == ["resolved"] * 4


def test_each_one_is_told_in_its_own_timeline_and_announced(cast: Cast, ids: list[int], ears: Ears) -> None:
    ears.heard()
    conversations.assign_each(ids, cast.ben.actor_id, cast.cleo.id)
    assert set(ears.heard()) == {"inbox", *(f"conversation:{one}" for one in ids)}
    told = db.session.query(Message).filter(Message.body == "Ben Weiss assigned this to Cleo Marchetti.")
    assert told.count() == 4
    assert conversations.assign_each(ids, cast.ben.actor_id, cast.cleo.id) == Outcome(0, 4, 0)
    assert conversations.assign_each(ids, cast.ben.actor_id, None) == Outcome(4, 0, 0)


def test_a_selection_is_not_given_to_someone_who_cannot_have_it(cast: Cast, ids: list[int]) -> None:
    cast.cleo.active = False
    db.session.commit()
    for assignee_id in (cast.cleo.id, 10**17, 0):
        with pytest.raises(Invalid):
            conversations.assign_each(ids, cast.ben.actor_id, assignee_id)


def test_only_active_operators_change_a_selection(cast: Cast, ids: list[int]) -> None:
    for actor in (cast.iris.actor_id, "system", "operator:999999"):
        with pytest.raises(Forbidden):
            conversations.resolve_each(ids, actor)
    assert statuses(ids) == ["open"] * 4


def test_nothing_and_too_much_are_refused_before_anything_changes(
    cast: Cast, ids: list[int], app: Flask
) -> None:
    most = app.config["SETTINGS"].max_selection
    with pytest.raises(Invalid, match="Nothing is selected"):
        conversations.resolve_each([], cast.ben.actor_id)
    with pytest.raises(Invalid, match="deselect some"):
        conversations.resolve_each([*ids, *range(10**6, 10**6 + most)], cast.ben.actor_id)
    assert statuses(ids) == ["open"] * 4
