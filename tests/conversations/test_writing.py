"""Messages: what counts as one, who may write, who hears of it, and what a second press does."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from sqlalchemy import func, select

from console import conversations
from console.conversations import AnsweredMeanwhile
from console.db import db
from console.errors import Forbidden, Invalid, NotFound
from console.models import Conversation, ConversationStatus, Message, MessageRole
from tests.conftest import Cast, Clock
from tests.desk import Desk, Ears


def messages(conversation_id: int) -> list[tuple[str, str]]:
    rows = db.session.execute(
        select(Message.role, Message.body)
        .where(Message.conversation_id == conversation_id)
        .order_by(Message.id)
    )
    return [(row.role, row.body) for row in rows]


def test_a_reply_is_the_last_message_of_the_conversation(cast: Cast, clock: Clock) -> None:
    clock.advance(minutes=5)
    reply = conversations.reply(cast.conversation.id, cast.ben.actor_id, "On its\r\nway.  ")
    found = conversations.conversation(cast.conversation.id)
    assert (reply.role, reply.body, reply.author_name) == ("operator", "On its\nway.", "Ben Weiss")
    assert (found.last_message_at, found.last_message_preview) == (clock.moment, "On its way.")
    assert found.last_message_role == "operator"


def test_what_is_written_is_announced(cast: Cast, ears: Ears) -> None:
    conversations.reply(cast.conversation.id, cast.ben.actor_id, "Hello")
    conversations.add_note(cast.conversation.id, cast.ben.actor_id, "Careful")
    conversations.receive(cast.conversation.id, "Thanks")
    assert set(ears.heard()) == {"inbox", f"conversation:{cast.conversation.id}"}


def test_where_an_action_waits_what_is_written_is_announced_as_evidence_too(desk: Desk, ears: Ears) -> None:
    desk.pending()
    ears.heard()
    conversations.receive(desk.conversation_id, "Please do not cancel it after all.")
    assert set(ears.heard()) == {"inbox", "evidence", f"conversation:{desk.conversation_id}"}


def test_a_double_click_is_one_message_and_other_words_are_another(cast: Cast) -> None:
    first = conversations.reply(cast.conversation.id, cast.ben.actor_id, "Hello", form_token="t")
    again = conversations.reply(cast.conversation.id, cast.ben.actor_id, "Hello", form_token="t")
    assert first.id == again.id
    conversations.reply(cast.conversation.id, cast.ben.actor_id, "Hello, and this too", form_token="t")
    conversations.reply(cast.conversation.id, cast.ada.actor_id, "Hello", form_token="t")
    conversations.add_note(cast.conversation.id, cast.ben.actor_id, "Hello", form_token="t")
    assert len(messages(cast.conversation.id)) == 4


def test_a_double_click_is_one_message_when_both_arrive_at_once(app: Flask, cast: Cast) -> None:
    conversation_id, actor = cast.conversation.id, cast.ben.actor_id
    start, ids = threading.Barrier(4), []

    def click() -> None:
        with app.app_context():
            start.wait()
            ids.append(conversations.reply(conversation_id, actor, "Hello", form_token="once").id)

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert len(ids) == 4 and len(set(ids)) == 1
    assert messages(conversation_id) == [("operator", "Hello")]


def test_a_reply_after_someone_elses_is_asked_about_and_names_who(cast: Cast, clock: Clock) -> None:
    seen = conversations.receive(cast.conversation.id, "Any news?").id
    conversations.reply(cast.conversation.id, cast.ada.actor_id, "Yes, today.", seen_message_id=seen)
    clock.advance(minutes=2)
    with pytest.raises(AnsweredMeanwhile) as refused:
        conversations.reply(cast.conversation.id, cast.ben.actor_id, "No idea.", seen_message_id=seen)
    assert (refused.value.who, refused.value.status) == ("Ada Okafor", 409)
    assert "Ada Okafor answered 2 minutes ago" in refused.value.sentence
    assert messages(cast.conversation.id)[-1] == ("operator", "Yes, today.")
    conversations.reply(cast.conversation.id, cast.ben.actor_id, "No idea.", seen_message_id=seen, again=True)
    assert messages(cast.conversation.id)[-1] == ("operator", "No idea.")


def test_ones_own_answers_notes_and_the_customers_words_are_no_reason_to_ask(cast: Cast) -> None:
    seen = conversations.receive(cast.conversation.id, "Any news?").id
    conversations.reply(cast.conversation.id, cast.ben.actor_id, "One moment.", seen_message_id=seen)
    conversations.add_note(cast.conversation.id, cast.ada.actor_id, "I know her.")
    conversations.receive(cast.conversation.id, "Hello?")
    conversations.reply(cast.conversation.id, cast.ben.actor_id, "Found it.", seen_message_id=seen)
    assert messages(cast.conversation.id)[-1] == ("operator", "Found it.")


def test_a_note_does_not_move_the_conversation(cast: Cast, clock: Clock) -> None:
    before = conversations.conversation(cast.conversation.id).last_message_at
    clock.advance(hours=1)
    conversations.add_note(cast.conversation.id, cast.ben.actor_id, "Knows the carrier.")
    found = conversations.conversation(cast.conversation.id)
    assert (found.last_message_at, found.last_message_role) == (before, None)


def test_a_customers_message_opens_a_resolved_conversation_again(cast: Cast) -> None:
    conversations.resolve(cast.conversation.id, cast.ben.actor_id)
    conversations.receive(cast.conversation.id, "It broke again")
    found = conversations.conversation(cast.conversation.id)
    assert (found.status, found.resolved_at) == (ConversationStatus.OPEN, None)
    assert found.last_message_preview == "It broke again"
    assert messages(cast.conversation.id)[-1] == (
        MessageRole.SYSTEM,
        "Reopened, because Riya Chen wrote again.",
    )


@pytest.mark.parametrize("body", ["", "  \n\t", "\u200b\u200d", "a\x00b", "\ud800", "x" * 20_001])
def test_what_cannot_be_a_message_is_refused_with_a_sentence(cast: Cast, body: str) -> None:
    for write in (conversations.reply, conversations.add_note):
        with pytest.raises(Invalid) as refused:
            write(cast.conversation.id, cast.ben.actor_id, body)
        assert refused.value.fields["body"]
    with pytest.raises(Invalid):
        conversations.receive(cast.conversation.id, body)
    assert messages(cast.conversation.id) == []


def test_a_message_may_be_as_long_as_the_limit_and_all_emoji(cast: Cast) -> None:
    conversations.reply(cast.conversation.id, cast.ben.actor_id, "🧥" * 20_000)
    assert len(messages(cast.conversation.id)[0][1]) == 20_000


@pytest.mark.parametrize(
    "actor", ["agent:iris", "system", "policy", "operator:999", "operator:x", "operator:", ""]
)
def test_only_an_operator_writes(cast: Cast, actor: str) -> None:
    for write in (conversations.reply, conversations.add_note):
        with pytest.raises(Forbidden):
            write(cast.conversation.id, actor, "Hello")


def test_a_deactivated_operator_writes_nothing(cast: Cast) -> None:
    cast.ben.active = False
    db.session.commit()
    with pytest.raises(Forbidden):
        conversations.reply(cast.conversation.id, cast.ben.actor_id, "Hello")
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0


@pytest.mark.parametrize("conversation_id", [0, -1, 999, 2**63, 10**30])
def test_a_conversation_that_is_not_there_is_not_found(cast: Cast, conversation_id: int) -> None:
    with pytest.raises(NotFound):
        conversations.reply(conversation_id, cast.ben.actor_id, "Hello")
    with pytest.raises(NotFound):
        conversations.conversation(conversation_id)


def test_start_needs_a_subject_and_opens_with_the_customers_words(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        conversations.start(cast.riya, "  ")
    assert "subject" in refused.value.fields
    started = conversations.start(cast.riya, "Zip gone", "After two weeks.", channel="chat")
    found = db.session.get(Conversation, started.id)
    assert found is not None and (found.status, found.last_message_preview) == ("open", "After two weeks.")
    assert messages(started.id) == [("customer", "After two weeks.")]


def test_a_customer_with_a_ref_is_the_same_customer(cast: Cast) -> None:
    first = conversations.customer_known_as(name="Sofia", ref="sofia_1")
    assert conversations.customer_known_as(name="Sofia", ref="sofia_1").id == first.id
    assert conversations.customer_known_as(name="Sofia").id != first.id


def test_sending_clears_the_draft_of_that_place_only(cast: Cast) -> None:
    topic = cast.conversation.topic
    conversations.keep_draft(cast.ben.id, f"{topic}:reply", "Hel")
    conversations.keep_draft(cast.ben.id, f"{topic}:note", "Care")
    conversations.reply(cast.conversation.id, cast.ben.actor_id, "Hello")
    assert conversations.drafts(cast.ben.id, topic) == {f"{topic}:note": "Care"}
