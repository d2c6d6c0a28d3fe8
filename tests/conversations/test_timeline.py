"""The timeline: bounded, oldest first, with a way back."""

from __future__ import annotations

import pytest

from console import conversations
from console.errors import BadRequest
from tests.conftest import Cast, Clock


def test_earlier_pages_follow_one_another_without_gap_or_double(cast: Cast, clock: Clock) -> None:
    for number in range(7):
        conversations.receive(cast.conversation.id, f"m{number}")
        if number % 2:
            clock.advance(seconds=1)
    bodies: list[str] = []
    before = None
    while True:
        page = conversations.timeline(cast.conversation.id, before=before, limit=3)
        bodies = [entry.body for entry in page.entries] + bodies
        before = page.earlier
        if before is None:
            break
    assert bodies == [f"m{number}" for number in range(7)]


def test_last_id_is_what_a_reply_form_carries(cast: Cast) -> None:
    assert conversations.timeline(cast.conversation.id).last_id == 0
    last = conversations.receive(cast.conversation.id, "one")
    assert conversations.timeline(cast.conversation.id).last_id == last.id
    assert conversations.last_message_id(cast.conversation.id) == last.id


@pytest.mark.parametrize(
    "cursor", ["x", "1-", "-1", "zzzzzzzzzzzz-1", "1-zzzzzzzzzzzzz", "1-2; --", "é-1", "1-zzzzzzzzzzzz\n"]
)
def test_a_damaged_cursor_is_a_sentence(cast: Cast, cursor: str) -> None:
    with pytest.raises(BadRequest):
        conversations.timeline(cast.conversation.id, before=cursor)
