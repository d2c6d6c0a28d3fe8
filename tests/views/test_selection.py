"""What a selection of the inbox is sent to, with JavaScript and without."""

from __future__ import annotations

import json

import pytest

from console import conversations
from console.db import db
from console.models import Conversation
from tests.conftest import Cast
from tests.views.conftest import As
from tests.views.forms import HTMX, read, send


@pytest.fixture
def ids(cast: Cast) -> list[int]:
    return [cast.conversation.id, conversations.start(cast.riya, "Second").id]


def test_a_page_without_javascript_sends_its_ticked_rows(as_: As, cast: Cast, ids: list[int]) -> None:
    client = as_("ben")
    page = read(client, "/inbox?view=all")
    form = page.form("/bulk/preview")
    assert form.values["back"] == "/inbox?view=all"
    form.action = "/inbox/resolution"
    answer = send(client, form, conversation_ids=[str(one) for one in ids])
    assert (answer.status_code, answer.location) == (303, "/inbox?view=all")
    assert "2 resolved." in client.get("/inbox").text
    db.session.expire_all()
    assert {db.session.get_one(Conversation, one).status for one in ids} == {"resolved"}


def test_the_open_page_is_told_what_came_of_it_and_lets_go(as_: As, cast: Cast, ids: list[int]) -> None:
    client = as_("ben")
    form = read(client, "/inbox").form("/bulk/preview")
    form.action = "/inbox/assignment"
    both = ",".join(map(str, ids))
    told = []
    for assignee_id in (str(cast.cleo.id), str(cast.cleo.id), str(cast.ben.id), ""):
        answer = send(client, form, htmx=True, conversation_ids=both, assignee_id=assignee_id)
        assert answer.status_code == 200
        trigger = json.loads(answer.headers["HX-Trigger"])
        assert "console:selection-spent" in trigger
        told.append(trigger["console:toast"])
    assert told == [
        "2 assigned to Cleo Marchetti.",
        "2 were already.",
        "2 assigned to you.",
        "2 given back for anyone to take.",
    ]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("", "Nothing is selected"),
        ("1,x", "names conversations by their numbers"),
        ("1,-2", "names conversations by their numbers"),
        ("9" * 40, "names conversations by their numbers"),
        (",".join(map(str, range(1, 202))), "at most 200 are changed at once"),
    ],
)
def test_what_is_no_selection_is_refused_with_a_sentence(as_: As, cast: Cast, sent: str, words: str) -> None:
    client = as_("ben")
    form = read(client, "/inbox").form("/bulk/preview")
    form.action = "/inbox/resolution"
    answer = send(client, form, htmx=True, conversation_ids=sent)
    assert answer.status_code == 422 and words in answer.text


def test_a_row_says_for_whom_its_box_is_and_whether_it_is_resolved(as_: As, cast: Cast) -> None:
    client = as_("ben")
    html = client.get("/inbox").text
    assert "Select Riya Chen: Charged twice" in html and "data-resolved" not in html
    assert "Select all 1 on this page" in html
    conversations.resolve(cast.conversation.id, cast.ben.actor_id)
    assert "data-resolved" in client.get("/inbox?view=all", headers=HTMX).text
