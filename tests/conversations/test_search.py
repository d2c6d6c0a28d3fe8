"""Search: what is found, by which words, and that nothing that is typed or stored breaks it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from console import conversations
from console.conversations import Filters, rows
from console.db import db
from tests.conftest import Cast, Clock


def found(cast: Cast, q: str, **filters: object) -> list[int]:
    page = conversations.inbox(cast.ben.id, Filters(view="all", q=q, **filters))  # type: ignore[arg-type]
    return [row.id for row in page.rows]


def test_every_word_must_occur_anywhere_in_subject_customer_or_messages(cast: Cast) -> None:
    one = cast.conversation.id
    conversations.receive(one, "The zip of the Gannet shell is gone, order TT-20418.")
    conversations.reply(one, cast.ben.actor_id, "I'll refund it to riya.chen@example.com today.")
    conversations.add_note(one, cast.ben.actor_id, "Knows the courier.")
    for q in (
        "charged zip refund",
        "RIYA",
        "chen courier",
        "tt-20418",
        "20418",
        "riya.chen@example.com",
        "i'll",
        "gann",
    ):
        assert found(cast, q) == [one], q
    for q in ("charged velvet", "ann", "20417"):
        assert found(cast, q) == [], q


def test_only_the_last_word_is_a_beginning_and_none_after_a_space(cast: Cast) -> None:
    conversations.receive(cast.conversation.id, "jacket shell")
    assert found(cast, "jacket she") == [cast.conversation.id]
    assert found(cast, "she jacket") == []
    assert found(cast, "she ") == []


def test_words_of_every_script_are_found(cast: Cast) -> None:
    conversations.receive(cast.conversation.id, "Größe Ærø Yıldız Привет 東京 “zitiert” 30€ 🧥")
    for q in ("größe", "gro\u0308ße", "ærø", "yıldız", "привет", "東京", "zitiert", "30"):
        assert found(cast, q) == [cast.conversation.id], q


TYPED = (
    "'", "\\", "a:*", "!", "& | !", "'; DROP TABLE messages; --", "<->", "(", ":*", "%", "_", "²", "\u200b", "a" * 200,
    "x & !y", "'a' <2> 'b'", "🧥", "ﷺ", "a\\'b", "((((", "word " * 40, "'''':*", "½ ٣", "e\u0301",
)  # fmt: skip


@pytest.mark.parametrize("q", TYPED)
def test_nothing_that_is_typed_is_an_error(cast: Cast, q: str) -> None:
    assert found(cast, q) == []


def test_a_new_name_or_subject_is_found_and_the_old_one_is_not(cast: Cast) -> None:
    conversations.receive(cast.conversation.id, "Hello")
    db.session.execute(text("UPDATE customers SET name = 'Sofia Marin'"))
    db.session.execute(text("UPDATE conversations SET subject = 'Skerry jumper'"))
    db.session.commit()
    assert found(cast, "sofia skerry hello") == [cast.conversation.id]
    assert found(cast, "charged") == []


def test_a_message_that_is_changed_or_removed_takes_its_words_along(cast: Cast) -> None:
    kept = conversations.receive(cast.conversation.id, "keep this")
    gone = conversations.receive(cast.conversation.id, "secret word")
    db.session.execute(text("UPDATE messages SET body = 'other now' WHERE id = :id"), {"id": kept.id})
    db.session.execute(text("DELETE FROM messages WHERE id = :id"), {"id": gone.id})
    db.session.commit()
    assert found(cast, "other now") == [cast.conversation.id]
    assert found(cast, "secret") == [] and found(cast, "keep") == []


def test_a_huge_message_is_stored_and_found_by_its_beginning(cast: Cast) -> None:
    words = " ".join(f"word{number}x{'y' * 40}" for number in range(60_000))
    for _ in range(3):
        db.session.execute(
            text(
                "INSERT INTO messages (conversation_id, role, body, author_name, details, created_at)"
                " VALUES (:id, 'customer', :body, '', '{}', now())"
            ),
            {"id": cast.conversation.id, "body": "beginning " + words},
        )
    db.session.commit()
    for number in range(40):
        conversations.receive(
            cast.conversation.id, " ".join(f"n{number}q{one}{'z' * 60}" for one in range(250))
        )
    assert found(cast, "beginning") == [cast.conversation.id]
    assert len(conversations.timeline(cast.conversation.id).entries) == 43


def test_newest_first_in_pages_for_words_that_are_common_and_rare(
    cast: Cast, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "NEWEST_SEARCHED", 60)
    rows._statement.cache_clear()
    made = []
    for number in range(130):
        clock.advance(seconds=1)
        words = "common rare" if number % 40 == 0 else "common"
        made.append(conversations.start(cast.riya, f"Question {number}", words).id)
    assert found(cast, "rare") == made[120::-40]
    common: list[int] = []
    before = ""
    while True:
        page = conversations.inbox(cast.ben.id, Filters(view="open", q="common", before=before))
        common += [row.id for row in page.rows]
        if page.older is None:
            break
        before = page.older
    assert common == made[::-1]
    assert found(cast, "common", channel="chat") == []
    rows._statement.cache_clear()
