"""Proposing records an intent once, with what was true when it was asked; it runs and sends nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel
from sqlalchemy import func, select

from console import governance
from console.db import db, transaction
from console.governance import Blocked, NotFound, ToolContext, execution, propose
from console.models import EventType, ToolActionEvent, ToolProposal
from console.tools import RiskTier
from tests.conftest import Cast
from tests.desk import Desk, Ears
from tests.tools import Acting

GOOD = {"does": "work", "amount": 5}


def context(cast: Cast, **changes: Any) -> ToolContext:
    base = ToolContext(
        tool_params=GOOD,
        scopes=("orders:refund",),
        conversation_id=cast.conversation.id,
        idempotency_token="t",
    )
    return replace(base, **changes)


def made(tool_ref: str, actor_id: str, given: ToolContext) -> ToolProposal:
    found = propose(tool_ref, actor_id, given)
    assert isinstance(found, ToolProposal), found
    return found


def refused(tool_ref: str, actor_id: str, given: ToolContext) -> Blocked:
    found = propose(tool_ref, actor_id, given)
    assert isinstance(found, Blocked)
    return found


def rows() -> tuple[int, int]:
    """How many proposals and events there are."""
    return (
        db.session.scalar(select(func.count()).select_from(ToolProposal)) or 0,
        db.session.scalar(select(func.count()).select_from(ToolActionEvent)) or 0,
    )


def test_propose_records_the_intent_and_its_first_event(cast: Cast) -> None:
    proposal = made("refund", "agent:iris", context(cast))
    assert (proposal.status, proposal.title, proposal.consequence) == (
        "proposed",
        "Refund of 5",
        "Pays money back.",
    )
    assert proposal.input == GOOD and proposal.conversation_id == cast.conversation.id
    (event,) = governance.list_events(proposal.id)
    assert (event.event_type, event.actor_id) == (EventType.PROPOSAL_CREATED, "agent:iris")


def test_proposal_and_event_stand_or_fall_together(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the event cannot be written")

    monkeypatch.setattr("console.governance.proposals.record", broken)
    with pytest.raises(RuntimeError):
        propose("refund", "agent:iris", context(cast))
    assert rows() == (0, 0)


def test_propose_is_announced_after_the_commit_alone(cast: Cast, ears: Ears) -> None:
    topic = f"conversation:{cast.conversation.id}"
    with pytest.raises(ZeroDivisionError), transaction():
        propose("refund", "agent:iris", context(cast))
        assert ears.heard() == []
        raise ZeroDivisionError
    assert ears.heard() == []
    propose("refund", "agent:iris", context(cast))
    assert topic in ears.heard()


def test_propose_never_runs_and_never_enqueues(app: Flask, cast: Cast) -> None:
    made("peek", "agent:iris", context(cast))
    assert app.extensions["console_redis"].keys("rq:*") == []


def test_an_unknown_tool_leaves_no_row(cast: Cast) -> None:
    assert refused("nobody", "agent:iris", context(cast)).outcome == "unsupported"
    assert rows() == (0, 0)


def test_a_blocked_attempt_is_recorded_with_its_reason(cast: Cast) -> None:
    blocked = refused("refund", "agent:iris", context(cast, scopes=()))
    assert blocked.proposal is not None and blocked.proposal.status == "blocked"
    assert blocked.proposal.blocked_outcome == "scope_invalid"
    (event,) = governance.list_events(blocked.proposal.id)
    assert event.event_type == EventType.PROPOSAL_BLOCKED and "orders:refund" in (event.reason or "")


def test_a_blocked_attempt_is_recorded_once_per_key_and_outcome(cast: Cast) -> None:
    first, second = (refused("refund", "agent:iris", context(cast, scopes=())) for _ in range(2))
    assert first.proposal and second.proposal and first.proposal.id == second.proposal.id
    assert rows() == (1, 1)
    refused("refund", "agent:iris", context(cast, scopes=(), tool_params={"amount": "many"}))
    assert rows() == (2, 2)


def test_a_blocked_attempt_never_shadows_a_valid_one(cast: Cast) -> None:
    refused("refund", "agent:iris", context(cast, scopes=()))
    assert made("refund", "agent:iris", context(cast)).status == "proposed"
    assert rows() == (2, 2)


def test_the_same_key_returns_the_first_proposal(cast: Cast) -> None:
    first = made("refund", "agent:iris", context(cast))
    assert made("refund", "agent:iris", context(cast)).id == first.id
    assert made("refund", "agent:iris", context(cast, conversation_id=None)).id == first.id
    assert rows() == (1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"account_id": "a-2"},
        {"idempotency_token": "u"},
        {"idempotency_token": None},
        {"tool_params": {"does": "work", "amount": 6}},
    ],
)
def test_every_part_of_the_key_makes_another_proposal(cast: Cast, changes: dict[str, Any]) -> None:
    first = made("refund", "agent:iris", context(cast))
    assert made("refund", "agent:iris", context(cast, **changes)).id != first.id


def test_actor_and_tool_are_part_of_the_key(cast: Cast) -> None:
    ids = {
        made(tool, actor, context(cast)).id
        for tool, actor in (("refund", "agent:iris"), ("adjust", "agent:iris"), ("refund", "operator:1"))
    }
    assert len(ids) == 3


class Nested(Acting):
    """Takes anything at all."""

    risk_tier = RiskTier.LOW_WRITE
    title = "Nested"
    description = "Takes a tree."

    class Input(BaseModel):
        tree: dict[str, Any] = {}
        value: float = 0.0


def test_the_key_does_not_depend_on_the_order_of_names_at_any_depth(desk: Desk) -> None:
    desk.offer(Nested())
    one = {"b": [{"y": 1, "x": {"q": 1, "p": 2}}], "a": None}
    other = {"a": None, "b": [{"x": {"p": 2, "q": 1}, "y": 1}]}
    first, second = (
        made("nested", "agent:iris", context(desk.cast, tool_params={"tree": tree})) for tree in (one, other)
    )
    assert first.id == second.id


@pytest.mark.parametrize("value", [1e16, 1e22, 123456789012345680000.0, -0.0, 1e-9, 0.1, 1.0, 1.7e308])
def test_a_number_comes_back_from_the_database_with_the_digest_it_had(desk: Desk, value: float) -> None:
    desk.offer(Nested())
    lane = governance.submit("nested", "agent:iris", desk.context(value=value), enqueue=desk.enqueued).lane
    assert lane is not None
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "execution_pending", desk.fresh(lane).last_error


def test_the_snapshots_stay_as_they_were_when_the_tool_changes_its_words(desk: Desk) -> None:
    proposal = made("refund", "agent:iris", context(desk.cast))

    class Refund(Acting):
        risk_tier, title, description = RiskTier.HIGH_WRITE, "Theft", "Takes money."
        scopes = ("orders:refund",)

    desk.offer(Refund())
    again = made("refund", "agent:iris", context(desk.cast))
    assert (again.id, again.title, again.consequence) == (proposal.id, "Refund of 5", "Pays money back.")


def test_words_that_the_tool_fails_to_find_are_replaced_by_its_general_ones(desk: Desk) -> None:
    class Speechless(Acting):
        risk_tier, title, description = RiskTier.LOW_WRITE, "Speechless", "Does something."

        def preview(self, input: Any) -> str:
            raise RuntimeError("no words")

        def headline(self, input: Any) -> str:
            return "  "

    desk.offer(Speechless())
    proposal = made("speechless", "agent:iris", context(desk.cast))
    assert (proposal.title, proposal.consequence) == ("Speechless", "Does something.")


class Connect(Acting):
    """Has secrets at the top and below."""

    risk_tier = RiskTier.LOW_WRITE
    title = "Connect"
    description = "Connects."

    class Input(BaseModel):
        api_key: str
        user_password: str = ""
        deep: dict[str, Any] = {}
        word: str = ""


SECRETS = {
    "api_key": "sk-1",
    "deep": {"list": [{"refresh_token": "rt-2"}], "CREDENTIALS": ["c-3"]},
    "word": "w",
}


@pytest.mark.parametrize("params", [SECRETS, {**SECRETS, "word": 7}])
def test_secrets_are_dots_in_every_snapshot(desk: Desk, params: dict[str, Any]) -> None:
    """Also in the record of a blocked attempt, where nothing will ever be run with them."""
    desk.offer(Connect())
    found = propose("connect", "agent:iris", context(desk.cast, tool_params=params))
    proposal = found if isinstance(found, ToolProposal) else found.proposal
    assert proposal is not None
    shown = str(
        [proposal.input_snapshot, proposal.errors, proposal.reason, proposal.title, proposal.consequence]
    )
    if proposal.status == "blocked":
        shown += str(proposal.input)
    assert "•" in shown and not any(secret in shown for secret in ("sk-1", "rt-2", "c-3"))


@pytest.mark.parametrize(
    "changes",
    [
        {"tool_params": {"note": "a\x00b"}},
        {"tool_params": {"note": "\ud800", "\x00": 1}},
        {"tool_params": {"amount": float("nan")}},
        {"tool_params": {"amount": 10**5000}},
        {"tool_params": {"amount": object()}},
        {"tool_params": None},
        {"account_id": "a\x00b"},
        {"account_id": "\ud800"},
    ],
)
def test_what_cannot_be_stored_is_blocked_and_recorded(cast: Cast, changes: dict[str, Any]) -> None:
    blocked = refused("refund", "agent:iris", context(cast, **changes))
    assert blocked.outcome == "needs_input" and blocked.proposal is not None


def test_an_input_nested_a_thousand_deep_is_recorded_without_it(cast: Cast) -> None:
    deep: Any = "bottom"
    for _ in range(5000):
        deep = [deep]
    blocked = refused("refund", "agent:iris", context(cast, tool_params={"amount": deep}))
    assert blocked.proposal is not None and blocked.proposal.input == {}


@pytest.mark.parametrize("conversation_id", [999, 0, -1, 10**30])
@pytest.mark.parametrize("params", [GOOD, {"amount": "many"}])
def test_a_conversation_that_does_not_exist_is_refused(
    cast: Cast, conversation_id: int, params: dict[str, Any]
) -> None:
    with pytest.raises(NotFound, match="conversation"):
        propose("refund", "agent:iris", context(cast, conversation_id=conversation_id, tool_params=params))
    assert rows() == (0, 0)


def test_the_same_key_asked_again_after_a_scope_was_taken_away_is_the_first_proposal(cast: Cast) -> None:
    first = made("refund", cast.iris.actor_id, context(cast))
    again = made("refund", cast.iris.actor_id, context(cast, scopes=()))
    assert again.id == first.id and len(governance.list_events(first.id)) == 1


def test_what_would_be_read_back_as_something_else_is_not_stored(desk: Desk) -> None:
    class Anything(BaseModel):
        value: Any

    class Odd(Acting):
        risk_tier, title, description, Input = RiskTier.LOW_WRITE, "Odd", "Odd.", Anything

    desk.offer(Odd())
    for value in (float("nan"), float("inf")):
        found = propose("odd", desk.iris, desk.context(value=value))
        assert isinstance(found, Blocked) and found.outcome == "needs_input"
