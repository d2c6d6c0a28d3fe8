"""Whatever the filters are, and wherever a page begins: exactly what fits, newest first."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select

from console import conversations
from console.conversations import NOBODY, VIEWS, Filters, rows
from console.db import db, now
from console.models import Conversation
from tests.conftest import Cast

FITS: dict[str, Callable[[Conversation, int], bool]] = {
    "open": lambda one, me: one.status == "open",
    "needs_decision": lambda one, me: one.waiting_lanes > 0,
    "mine": lambda one, me: one.status == "open" and one.assignee_id == me,
    "unassigned": lambda one, me: one.status == "open" and one.assignee_id is None,
    "resolved": lambda one, me: one.status == "resolved",
    "all": lambda one, me: True,
}


@pytest.fixture
def crowd(cast: Cast) -> list[Conversation]:
    """Conversations of every kind, many of them of the same moment; newest first."""
    dice, moment = random.Random(11), now()
    db.session.add_all(
        Conversation(
            customer_id=cast.riya.id,
            subject=f"Question {number} about a {dice.choice(['jacket', 'tent'])}",
            channel=dice.choice(["email", "email", "chat"]),
            status=dice.choice(["open", "resolved"]),
            assignee_id=dice.choice([None, cast.ben.id, cast.ada.id]),
            waiting_lanes=dice.choice([0, 0, 1]),
            last_message_at=moment - timedelta(seconds=number // 3),
        )
        for number in range(240)
    )
    db.session.commit()
    every = db.session.scalars(select(Conversation)).all()
    return sorted(every, key=lambda one: (one.last_message_at, one.id), reverse=True)


def every_page(cast: Cast, filters: Filters) -> list[int]:
    """The ids of all pages, one after the other."""
    found: list[int] = []
    before: str | None = ""
    while before is not None:
        page = conversations.inbox(cast.ben.id, filters._replace(before=before))
        found, before = found + [row.id for row in page.rows], page.older
    return found


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_of_every_list_holds_what_fits(cast: Cast, crowd: list[Conversation], view: str) -> None:
    owners = (None, NOBODY, cast.ben.id, cast.ada.id, 99)
    for assignee, channel, pending in product(owners, ("", "email", "chat", "fax"), (False, True)):
        filters = Filters(view=view, assignee=assignee, channel=channel, pending=pending)
        expected = [
            one.id
            for one in crowd
            if FITS[view](one, cast.ben.id)
            and (assignee is None or (one.assignee_id or NOBODY) == assignee)
            and (not channel or one.channel == channel)
            and (not pending or one.waiting_lanes > 0)
        ]
        assert every_page(cast, filters) == expected, filters


@pytest.mark.parametrize("searched", [2_000, 10])
def test_a_search_keeps_to_the_filters(
    cast: Cast, crowd: list[Conversation], searched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found among the newest, and found by the index behind them."""
    monkeypatch.setattr(rows, "NEWEST_SEARCHED", searched)
    rows._statement.cache_clear()
    for view, channel in product(VIEWS, ("", "chat")):
        expected = [
            one.id
            for one in crowd
            if FITS[view](one, cast.ben.id)
            and "tent" in one.subject
            and (not channel or one.channel == channel)
        ]
        assert every_page(cast, Filters(view=view, q="tent", channel=channel)) == expected, (view, channel)
    rows._statement.cache_clear()
