"""The list: views, filters, pages, chips and counts."""

from __future__ import annotations

import json
import random

import pytest
from sqlalchemy import func, select, text

from console import conversations, governance
from console.conversations import NOBODY, VIEWS, Filters
from console.db import db
from console.models import Conversation, ConversationTally
from tests.conftest import Cast, Clock
from tests.desk import Desk


def ids(cast: Cast, **filters: object) -> list[int]:
    return [row.id for row in conversations.inbox(cast.ben.id, Filters(**filters)).rows]  # type: ignore[arg-type]


def true_counts(cast: Cast) -> dict[str, int]:
    every = list(db.session.scalars(select(Conversation).execution_options(populate_existing=True)))
    opened = [one for one in every if one.status == "open"]
    return {
        "open": len(opened),
        "needs_decision": sum(one.waiting_lanes > 0 for one in every),
        "mine": sum(one.assignee_id == cast.ben.id for one in opened),
        "unassigned": sum(one.assignee_id is None for one in opened),
        "resolved": len(every) - len(opened),
        "all": len(every),
    }


def test_each_view_holds_what_it_says(cast: Cast, clock: Clock) -> None:
    names = ("first", "second", "third", "fourth")
    made = {}
    for name in names:
        clock.advance(minutes=1)
        made[name] = conversations.start(cast.riya, name, "Hello").id
    conversations.assign(made["second"], cast.ada.actor_id, cast.ben.id)
    conversations.assign(made["third"], cast.ada.actor_id, cast.ada.id)
    conversations.resolve(made["fourth"], cast.ada.actor_id)
    riyas = cast.conversation.id
    assert ids(cast) == [made["third"], made["second"], made["first"], riyas]
    assert ids(cast, view="mine") == [made["second"]]
    assert ids(cast, view="unassigned") == [made["first"], riyas]
    assert ids(cast, view="resolved") == [made["fourth"]]
    assert ids(cast, view="all") == [made["fourth"], made["third"], made["second"], made["first"], riyas]
    assert ids(cast, view="needs_decision") == []
    assert ids(cast, assignee=cast.ada.id) == [made["third"]]
    assert ids(cast, assignee=NOBODY) == [made["first"], riyas]
    assert ids(cast, view="mine", assignee=cast.ada.id) == []


def test_pages_follow_one_another_in_every_view(cast: Cast, clock: Clock) -> None:
    for number in range(123):
        conversations.start(cast.riya, f"Question {number}")
        if number % 3:
            clock.advance(seconds=1)
    for view in ("open", "unassigned", "all"):
        seen: list[int] = []
        before = ""
        while True:
            page = conversations.inbox(cast.ben.id, Filters(view=view, before=before))
            seen += [row.id for row in page.rows]
            assert len(page.rows) <= 50
            if page.older is None:
                break
            before = page.older
        assert len(seen) == len(set(seen)) == 124 and seen[:3] == ids(cast, view=view)[:3]


def test_a_waiting_action_is_a_chip_until_it_is_decided(cast: Cast, desk: Desk) -> None:
    lane = desk.pending()
    [row] = conversations.inbox(cast.ben.id, Filters(view="needs_decision")).rows
    assert row.waiting == 1 and row.lanes
    [chip] = json.loads(row.lanes)
    assert (chip[0], chip[2]) == ("pending", lane.proposal.title)
    governance.reject(lane.id, cast.ben.actor_id, reason="Not now.")
    assert conversations.inbox(cast.ben.id, Filters(view="needs_decision")).rows == []
    assert conversations.inbox(cast.ben.id, Filters()).rows[0].lanes is None


def test_the_counts_are_exact_whatever_happens_in_whatever_order(cast: Cast, desk: Desk) -> None:
    dice = random.Random(7)
    made = [
        conversations.start(cast.riya, f"Question {n}", channel=dice.choice(["email", "chat"])).id
        for n in range(12)
    ]
    for step in range(60):
        one = dice.choice(made)
        match dice.randrange(6):
            case 0:
                conversations.resolve(one, cast.ben.actor_id)
            case 1:
                conversations.reopen(one, cast.ada.actor_id)
            case 2:
                conversations.assign(one, cast.ada.actor_id, dice.choice([None, cast.ben.id, cast.ada.id]))
            case 3:
                conversations.receive(one, f"Step {step}")
            case 4:
                conversations.fold_tallies()
            case 5:
                desk.pending(amount="1.00") if step % 2 else conversations.add_note(
                    one, cast.ben.actor_id, "n"
                )
    db.session.execute(text("UPDATE conversations SET channel = 'phone' WHERE id % 3 = 0"))
    db.session.execute(text("DELETE FROM conversations WHERE id = :id"), {"id": made[0]})
    db.session.commit()
    counts = conversations.counts(cast.ben.id)
    assert {view: getattr(counts, view) for view in VIEWS} == true_counts(cast)
    conversations.fold_tallies()
    assert conversations.counts(cast.ben.id) == counts


def test_matching_counts_the_view_under_its_filters(cast: Cast) -> None:
    for number in range(5):
        conversations.start(cast.riya, f"Question {number}", channel="chat" if number % 2 else "email")
    for filters in (
        Filters(),
        Filters(channel="chat"),
        Filters(view="unassigned", channel="email"),
        Filters(view="mine"),
        Filters(view="mine", assignee=NOBODY),
        Filters(view="all", assignee=cast.ada.id),
        Filters(pending=True),
    ):
        page = conversations.inbox(cast.ben.id, filters)
        assert conversations.counts(cast.ben.id, filters).matching == len(page.rows), filters


def test_folding_keeps_one_row_a_kind_and_loses_nothing_twice_at_once(cast: Cast) -> None:
    for number in range(20):
        conversations.resolve(conversations.start(cast.riya, f"Question {number}").id, cast.ben.actor_id)
    before = conversations.counts(cast.ben.id)
    conversations.fold_tallies()
    assert db.session.scalar(select(func.count()).select_from(ConversationTally)) == 2
    assert conversations.fold_tallies() == 0
    assert conversations.counts(cast.ben.id) == before


@pytest.mark.parametrize("view", VIEWS)
def test_the_whole_list_is_one_query(cast: Cast, view: str, statements: list[str]) -> None:
    statements.clear()
    conversations.inbox(cast.ben.id, Filters(view=view, q="double charge"))
    conversations.counts(cast.ben.id)
    assert len(statements) == 2
