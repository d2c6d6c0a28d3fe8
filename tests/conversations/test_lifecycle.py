"""Resolve, reopen, assign: one line in the timeline each, and none for a press that changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from console import conversations
from console.db import db
from console.errors import Forbidden, Invalid, NotFound
from console.models import Conversation, Message
from tests.conftest import Cast, Clock
from tests.desk import Ears


def told(cast: Cast) -> list[str]:
    return list(
        db.session.scalars(
            select(Message.body)
            .where(Message.conversation_id == cast.conversation.id, Message.role == "system")
            .order_by(Message.id)
        )
    )


def test_resolve_and_reopen_are_told_once_each(cast: Cast, clock: Clock, ears: Ears) -> None:
    for _ in range(2):
        resolved = conversations.resolve(cast.conversation.id, cast.ben.actor_id)
    assert (resolved.status, resolved.resolved_at) == ("resolved", clock.moment)
    assert len(ears.heard()) == 2
    for _ in range(2):
        opened = conversations.reopen(cast.conversation.id, cast.ada.actor_id)
    assert (opened.status, opened.resolved_at) == ("open", None)
    assert told(cast) == ["Ben Weiss resolved this conversation.", "Ada Okafor reopened this conversation."]


def test_a_line_about_the_conversation_is_not_its_last_message(cast: Cast, clock: Clock) -> None:
    before = cast.conversation.last_message_at
    clock.advance(hours=1)
    assert conversations.resolve(cast.conversation.id, cast.ben.actor_id).last_message_at == before


def test_assigning_is_told_as_people_say_it(cast: Cast) -> None:
    for actor, assignee in (
        (cast.ben, cast.ben),
        (cast.ben, cast.cleo),
        (cast.cleo, cast.cleo),
        (cast.ada, None),
    ):
        found = conversations.assign(cast.conversation.id, actor.actor_id, assignee.id if assignee else None)
        assert found.assignee_id == (assignee.id if assignee else None)
    assert told(cast) == [
        "Ben Weiss took this conversation.",
        "Ben Weiss assigned this to Cleo Marchetti.",
        "Ada Okafor put this back for anyone to take.",
    ]


@pytest.mark.parametrize("assignee_id", [0, -3, 999, 2**70])
def test_nobody_is_assigned_who_has_no_account(cast: Cast, assignee_id: int) -> None:
    with pytest.raises(Invalid) as refused:
        conversations.assign(cast.conversation.id, cast.ben.actor_id, assignee_id)
    assert "assignee_id" in refused.value.fields and told(cast) == []


def test_nobody_is_assigned_whose_account_is_not_active(cast: Cast) -> None:
    cast.cleo.active = False
    db.session.commit()
    with pytest.raises(Invalid):
        conversations.assign(cast.conversation.id, cast.ben.actor_id, cast.cleo.id)
    assert cast.cleo.id not in dict(conversations.assignable())


@pytest.mark.parametrize("verb", [conversations.resolve, conversations.reopen])
def test_who_may_not_is_refused(cast: Cast, verb: Callable[[int, str], Conversation]) -> None:
    with pytest.raises(Forbidden):
        verb(cast.conversation.id, "agent:iris")
    with pytest.raises(NotFound):
        verb(999, cast.ben.actor_id)
