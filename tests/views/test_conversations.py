"""The conversation page: what it shows, what it asks before sending, and what a wrong form is told."""

from __future__ import annotations

import pytest

from console import conversations, governance
from console.conversations import keep_draft, timeline
from console.db import db
from console.models import Conversation
from console.views.cards import MOST_CARDS
from tests.conftest import Cast, Clock
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import HTMX, NUL, TEN_MEGABYTES, read, send

HTML = "<script>alert(1)</script> '; DROP TABLE messages; --"


def home(cast: Cast) -> str:
    return f"/conversations/{cast.conversation.id}"


def said(cast: Cast) -> list[tuple[str, str]]:
    db.session.rollback()
    return [(str(entry.role), entry.body) for entry in timeline(cast.conversation.id).entries]


def test_a_page_with_fifty_messages_and_ten_actions_is_six_queries(
    as_: As, cast: Cast, desk: Desk, statements: list[str]
) -> None:
    for number in range(50):
        conversations.receive(cast.conversation.id, f"Message {number}")
    for number in range(8):
        desk.pending(amount=number + 1)
    desk.approved()
    desk.to_run()
    ada = as_("ada")
    ada.get(home(cast))
    statements.clear()
    assert ada.get(home(cast)).status_code == 200
    assert len(statements) <= 6


def test_a_reply_and_a_note_reach_the_timeline_without_javascript(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    answer = send(ben, read(ben, home(cast)).form("/messages"), body="We are on it.")
    assert (answer.status_code, answer.location.partition("#")[0]) == (303, home(cast))
    send(ben, read(ben, home(cast)).form("/messages"), body="Same as last week.", kind="internal_note")
    assert said(cast) == [("operator", "We are on it."), ("internal_note", "Same as last week.")]
    page = read(ben, home(cast))
    assert "We are on it." in page.text and "only the team sees this" in page.text


def test_the_same_form_sent_twice_is_one_message(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    form = read(ben, home(cast)).form("/messages")
    assert [send(ben, form, body="Once.").status_code for _ in range(2)] == [303, 303]
    assert said(cast) == [("operator", "Once.")]


def test_sending_asks_when_someone_else_answered_meanwhile(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    form = read(ben, home(cast)).form("/messages")
    conversations.reply(cast.conversation.id, cast.ada.actor_id, "I have it.")
    answer = send(ben, form, htmx=True, body="Me too.")
    assert answer.status_code == 409
    assert "Ada Okafor answered meanwhile" in answer.text and "Me too." in answer.text
    assert [body for _, body in said(cast)] == ["I have it."]
    assert send(ben, form, body="Me too.", again="yes").status_code == 303
    assert [body for _, body in said(cast)] == ["I have it.", "Me too."]


@pytest.mark.parametrize("typed", ["", "   ", "\u200b"])
def test_an_empty_message_comes_back_with_the_reason(as_: As, cast: Cast, typed: str) -> None:
    ben = as_("ben")
    answer = send(ben, read(ben, home(cast)).form("/messages"), body=typed, kind="internal_note")
    assert answer.status_code == 422
    assert "Write the note first" in answer.text
    assert said(cast) == []


def test_a_message_that_is_too_long_stays_in_its_form(as_: As, cast: Cast) -> None:
    ben, long = as_("ben"), "y" * 20_001
    answer = send(ben, read(ben, home(cast)).form("/messages"), body=long)
    assert answer.status_code == 422
    assert long in answer.text


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("/messages", {"body": "hi", "kind": "telepathy"}, 422),
        ("/messages", {"body": NUL}, 400),
        ("/messages", {"body": TEN_MEGABYTES}, 413),
        ("/resolution", {}, 422),
        ("/resolution", {"status": "gone"}, 422),
        ("/assignment", {"assignee_id": "ben"}, 422),
        ("/assignment", {"assignee_id": "9" * 19}, 422),
        ("/assignment", {"assignee_id": "9" * 25}, 422),
        ("/assignment", {"assignee_id": "4711"}, 422),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_bad_forms_are_answered_and_change_nothing(
    as_: As, cast: Cast, path: str, data: dict[str, str], status: int, headers: dict[str, str]
) -> None:
    ben = as_("ben")
    token = read(ben, home(cast)).form("/messages").values["csrf_token"]
    answer = ben.post(home(cast) + path, data={"csrf_token": token, **data}, headers=headers)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert said(cast) == []


@pytest.mark.parametrize("wrong", ["0", "4711", str(2**63 - 1), str(2**63), "9" * 40, "-1", "one", "1%00"])
@pytest.mark.parametrize("part", ["", "/header", "/timeline", "/rail"])
def test_an_id_that_is_none_is_not_found(as_: As, wrong: str, part: str) -> None:
    assert as_("ben").get(f"/conversations/{wrong}{part}").status_code in (400, 404)


@pytest.mark.parametrize(
    "query", ["before=nonsense", "again=x", "again=4711", f"again={10**30}", "before=zzzzzzzzzzzz-1"]
)
def test_a_damaged_address_is_answered(as_: As, cast: Cast, query: str) -> None:
    assert as_("ben").get(f"{home(cast)}?{query}").status_code in (200, 400)


def test_what_people_write_is_text(as_: As, cast: Cast) -> None:
    conversations.receive(cast.conversation.id, HTML)
    db.session.get_one(Conversation, cast.conversation.id).subject = HTML
    db.session.commit()
    page = as_("ben").get(home(cast)).text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2


def test_resolve_reopen_and_assign(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    send(ben, read(ben, home(cast)).form("/resolution"))
    assert "Ben Weiss resolved this conversation." in read(ben, home(cast)).text
    assert read(ben, home(cast)).form("/resolution").values["status"] == "open"
    head = send(ben, read(ben, home(cast)).form("/resolution"), htmx=True)
    assert (
        head.status_code == 200 and 'id="thread-head"' in head.text and 'hx-target="#timeline"' in head.text
    )
    send(ben, read(ben, home(cast)).form("/assignment"), assignee_id=str(cast.cleo.id))
    db.session.rollback()
    assert (
        db.session.get_one(Conversation, cast.conversation.id, populate_existing=True).assignee_id
        == cast.cleo.id
    )


def test_drafts_are_in_the_composer_and_a_lone_note_opens_as_a_note(as_: As, cast: Cast) -> None:
    ben, topic = as_("ben"), cast.conversation.topic
    keep_draft(cast.ben.id, f"{topic}:note", "Only for us")
    form = read(ben, home(cast)).form("/messages")
    assert (form.values["kind"], form.values["body"]) == ("internal_note", "Only for us")
    keep_draft(cast.ben.id, f"{topic}:reply", "Dear Riya")
    form = read(ben, home(cast)).form("/messages")
    assert (form.values["kind"], form.values["body"]) == ("reply", "Dear Riya")


def test_next_is_the_next_open_conversation_of_the_inbox(as_: As, cast: Cast, clock: Clock) -> None:
    clock.advance(minutes=1)
    newer = conversations.start(cast.riya, "Newer", "Hello")
    clock.advance(minutes=1)
    resolved = conversations.start(cast.riya, "Resolved", "Hello")
    conversations.resolve(resolved.id, cast.ben.actor_id)
    clock.advance(minutes=1)
    newest = conversations.start(cast.riya, "Newest", "Hello")
    assert f'href="/conversations/{newer.id}"' in as_("ben").get(f"/conversations/{newest.id}").text


def test_parts_say_when_nothing_changed(as_: As, cast: Cast, desk: Desk, clock: Clock) -> None:
    desk.pending("refund")
    ben = as_("ben")
    for part in ("header", "timeline", "rail"):
        tag = ben.get(f"{home(cast)}/{part}", headers=HTMX).headers["ETag"]
        assert ben.get(f"{home(cast)}/{part}", headers=HTMX | {"If-None-Match": tag}).status_code == 304, part


def test_earlier_entries_are_one_click_away(as_: As, cast: Cast, clock: Clock) -> None:
    for number in range(201):
        clock.advance(seconds=1)
        conversations.receive(cast.conversation.id, f"Message {number}.")
    ben = as_("ben")
    page = ben.get(home(cast)).text
    assert "Message 0." not in page and "Earlier entries" in page
    address = page.partition('class="link" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "Message 0." in ben.get(address).text


def test_what_could_not_be_sent_is_still_there_after_a_reload(as_: As, cast: Cast) -> None:
    ben, address = as_("ben"), f"/conversations/{cast.conversation.id}"
    form = read(ben, address).form("/messages")
    answer = send(ben, form, body="x" * 20_001)
    assert answer.status_code == 422
    conversations.reply(cast.conversation.id, cast.ada.actor_id, "I was faster.")
    assert send(ben, form, body="My answer").status_code == 409
    assert read(ben, address).form("/messages").values["body"] == "My answer"


def test_what_waits_is_shown_however_much_was_asked_after_it(as_: As, cast: Cast, desk: Desk) -> None:
    lane = desk.pending()
    for _ in range(MOST_CARDS + 1):
        desk.submit("peek")
    page = read(as_("ben"), f"/conversations/{cast.conversation.id}")
    assert page.cards[str(lane.id)] == "pending"


def test_a_reason_kept_as_a_note_leaves_the_half_typed_note_alone(as_: As, cast: Cast, desk: Desk) -> None:
    lane, ben = desk.pending(), as_("ben")
    note, reason = f"{cast.conversation.topic}:note", f"lane:{lane.id}:rejection"
    conversations.keep_draft(cast.ben.id, note, "Half a note")
    conversations.keep_draft(cast.ben.id, reason, "Too late")
    governance.reject(lane.id, desk.ada, reason="No.")
    address = f"/conversations/{cast.conversation.id}"
    form = read(ben, address).form("/messages", draft=reason)
    assert send(ben, form).status_code == 303
    assert conversations.draft(cast.ben.id, note) == "Half a note" and not conversations.draft(
        cast.ben.id, reason
    )
