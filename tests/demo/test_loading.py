"""Loading the demo: once, quickly, and never in anybody's way."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from console import conversations, demo, governance, people
from console.config import Settings
from console.db import db, now
from console.demo.script import DEMO_IDS
from console.errors import Conflict, Forbidden
from console.governance.policy import Policy
from console.models import Conversation, EventType, LaneStatus, Message, Operator, ToolActionEvent
from console.shop.models import Order
from jobs import actions
from tests.conftest import Cast, Clock


def found(name: str) -> Conversation:
    return db.session.scalars(select(Conversation).where(Conversation.external_id == DEMO_IDS + name)).one()


def sizes() -> list[int | None]:
    return [
        db.session.scalar(select(func.count()).select_from(kind))
        for kind in (Message, ToolActionEvent, Operator)
    ]


def test_a_second_load_changes_nothing(app: Flask) -> None:
    before = time.process_time()
    assert demo.load() is demo.Outcome.LOADED
    assert time.process_time() - before < 5
    before_again = sizes()
    assert demo.load() is demo.Outcome.THERE_ALREADY
    assert sizes() == before_again


def test_a_newcomer_approves_the_first_card_and_it_runs(app: Flask) -> None:
    demo.load()
    ben = people.find("ben@example.com")
    (lane,) = [
        lane
        for lane in governance.list_pending_approvals()
        if lane.conversation_id == found("cracked-kettle").id
    ]
    governance.approve(lane.id, ben.actor_id, version=lane.version, digest=lane.digest)
    actions.resume(lane.id)
    actions.execute(lane.id)
    done = governance.get_approval(lane.id)
    assert done is not None and done.status == LaneStatus.EXECUTED
    bought = db.session.scalars(select(Order).where(Order.id == "#W20418")).one()
    assert bought.return_items == ["kettle-sage"]


def test_the_past_of_the_demo_was_decided_under_the_built_in_table_whatever_is_in_force_now(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = {"mode": "requires_approval", "approvals": 3, "decide": ["admin"]}
    policy = Policy.model_validate({"tier": {"high_write": strict, "low_write": strict, "read_only": strict}})
    monkeypatch.setitem(app.extensions, "console_policy", policy)
    assert demo.load() is demo.Outcome.LOADED
    assert app.extensions["console_policy"] is policy
    waiting = governance.list_pending_approvals()
    assert waiting and {governance.approvals(lane).needed for lane in waiting} == {3}


def test_a_desk_that_was_left_for_days_asks_again(app: Flask, clock: Clock) -> None:
    demo.load()
    clock.advance(days=4)
    assert demo.load() is demo.Outcome.THERE_ALREADY
    waiting = governance.list_pending_approvals()
    assert len(waiting) >= 4
    assert max(lane.expires_at for lane in waiting) - now() == timedelta(days=2)
    assert len(governance.list_stale_lanes(older_than=timedelta(days=1))) == 3
    assert found("cracked-kettle").last_message_at == now() - timedelta(hours=44)
    asked = [event.event_type for event in governance.list_events(waiting[0].tool_proposal_id)]
    assert asked[-2:] == [EventType.EXPIRED, EventType.APPROVAL_REQUESTED]


def test_people_who_work_here_are_left_alone(cast: Cast) -> None:
    assert demo.load() is demo.Outcome.DECLINED
    assert db.session.scalar(select(func.count()).select_from(Conversation)) == 1


def test_beside_real_data_nothing_is_deleted(app: Flask) -> None:
    people.create_operator("zoe@shop.example", "Zoe", "a long enough password", actor_id=people.SYSTEM)
    own = conversations.start(conversations.customer_known_as(name="Real"), "Real", "Real")
    assert demo.load(beside=True) is demo.Outcome.LOADED
    assert db.session.get(Conversation, own.id) is not None
    assert people.find_operator("zoe@shop.example") is not None


def test_an_account_of_the_same_email_is_not_taken_over(app: Flask) -> None:
    people.create_operator("Ada@example.com", "Another Ada", "a long enough password", actor_id=people.SYSTEM)
    with pytest.raises(Conflict):
        demo.load(beside=True)
    assert db.session.scalar(select(func.count()).select_from(Conversation)) == 0


def test_production_has_no_demo(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "settings", settings.model_copy(update={"environment": "production"}))
    with pytest.raises(Forbidden):
        demo.load(beside=True)
    assert people.find_operator("ada@example.com") is None
