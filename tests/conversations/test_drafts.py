"""What was typed and not sent."""

from __future__ import annotations

import pytest

from console import conversations
from console.errors import BadRequest, Invalid
from tests.conftest import Cast


def test_a_draft_is_ones_own_and_the_last_words_stay(cast: Cast) -> None:
    for body in ("H", "He", "Hello <b>'; --"):
        conversations.keep_draft(cast.ben.id, "conversation:1:reply", body)
    assert conversations.draft(cast.ben.id, "conversation:1:reply") == "Hello <b>'; --"
    assert conversations.drafts(cast.ada.id, "conversation:1") == {}


def test_a_prefix_ends_at_a_colon(cast: Cast) -> None:
    conversations.keep_draft(cast.ben.id, "conversation:1:reply", "one")
    conversations.keep_draft(cast.ben.id, "conversation:12:reply", "twelve")
    assert conversations.drafts(cast.ben.id, "conversation:1") == {"conversation:1:reply": "one"}
    assert conversations.drafts(cast.ben.id, "conversation:%") == {}


def test_an_empty_draft_is_forgotten(cast: Cast) -> None:
    conversations.keep_draft(cast.ben.id, "conversation:1:note", "x")
    conversations.keep_draft(cast.ben.id, "conversation:1:note", "")
    assert conversations.draft(cast.ben.id, "conversation:1:note") == ""


@pytest.mark.parametrize(
    "key", ["", "a" * 121, "conversation: 1", "é", "x:" * 7 + "y", "a\nb", "conversation:1:'; --"]
)
def test_a_key_of_another_form_is_refused(cast: Cast, key: str) -> None:
    with pytest.raises(BadRequest):
        conversations.keep_draft(cast.ben.id, key, "x")


@pytest.mark.parametrize("body", ["\x00", "\ud800", "x" * 20_001])
def test_a_draft_that_cannot_be_kept_is_refused(cast: Cast, body: str) -> None:
    with pytest.raises(Invalid):
        conversations.keep_draft(cast.ben.id, "conversation:1:reply", body)
