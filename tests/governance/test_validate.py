"""The gates: pure, in their order, and a gate that raises is a denial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel, field_validator
from sqlalchemy import event

from console.db import db
from console.governance import Blocked, ToolContext, Validated, validate
from console.tools import ApprovalMode, RiskTier, RunContext, Tool
from tests.desk import Desk
from tests.tools import Acting

GOOD: dict[str, Any] = {"does": "work", "amount": 5}
BAD = {"does": "dance", "amount": 5}


class Denied(Acting):
    """Every gate says no; the first one to be asked wins."""

    risk_tier = RiskTier.HIGH_WRITE
    title = "Denied"
    description = "Says no."
    scopes = ("orders:refund", "orders:write")

    def authorize(self, actor: str, context: ToolContext) -> bool | str:
        return "Not on a Sunday."


@pytest.mark.parametrize(
    ("tool_ref", "params", "scopes", "outcome"),
    [
        ("nobody", BAD, (), "unsupported"),
        ("denied", BAD, (), "needs_input"),
        ("denied", GOOD, (), "scope_invalid"),
        ("denied", GOOD, ("orders:refund",), "scope_invalid"),
        ("denied", GOOD, ("orders:refund", "orders:write"), "policy_denied"),
        ("refund", GOOD, ("orders:refund",), None),
        ("wipe", GOOD, (), None),
    ],
)
def test_the_first_gate_that_fails_names_the_outcome(
    desk: Desk, tool_ref: str, params: dict[str, Any], scopes: tuple[str, ...], outcome: str | None
) -> None:
    desk.offer(Denied())
    found = validate(tool_ref, "agent:iris", ToolContext(tool_params=params, scopes=scopes))
    assert (found.outcome if isinstance(found, Blocked) else None) == outcome


def test_what_passed_comes_with_tier_mode_and_three_snapshots(desk: Desk) -> None:
    found = validate("refund", "agent:iris", ToolContext(tool_params=GOOD, scopes=["orders:refund"]))
    assert isinstance(found, Validated)
    assert (found.risk_tier, found.approval_mode) == (RiskTier.HIGH_WRITE, ApprovalMode.REQUIRES_APPROVAL)
    assert {"name": "amount", "label": "Amount", "value": 5} in found.input_snapshot["rows"]
    assert found.scope_snapshot == {"needed": ["orders:refund"], "granted": ["orders:refund"]}
    assert found.policy_snapshot["four_eyes"] is True and found.policy_snapshot["risk_tier"] == "high_write"


def test_a_refused_input_has_a_sentence_for_each_field(desk: Desk) -> None:
    found = validate("refund", "agent:iris", ToolContext(tool_params={"amount": 0, "does": "dance"}))
    assert isinstance(found, Blocked) and set(found.errors) == {"amount", "does"}
    assert all(sentence.endswith(".") for sentence in found.errors.values())


def test_missing_scopes_are_named(desk: Desk) -> None:
    found = validate("refund", "agent:iris", ToolContext(tool_params=GOOD))
    assert isinstance(found, Blocked)
    assert found.missing_scopes == ("orders:refund",) and "orders:refund" in found.sentence


def test_a_tool_without_a_policy_is_denied(app: Flask) -> None:
    found = validate("silent", "operator:1", ToolContext())
    assert isinstance(found, Blocked) and (found.outcome, found.reason) == (
        "policy_denied",
        "no_policy_defined",
    )


@pytest.mark.parametrize("answer", [None, 1, "", [], {"ok": True}, object()])
def test_only_true_itself_is_a_yes(desk: Desk, answer: Any) -> None:
    class Vague(Acting):
        risk_tier, title, description = RiskTier.LOW_WRITE, "Vague", "Answers oddly."

        def authorize(self, actor: str, context: ToolContext) -> Any:
            return answer

    desk.offer(Vague())
    found = validate("vague", "agent:iris", ToolContext(tool_params=GOOD))
    assert isinstance(found, Blocked) and found.outcome == "policy_denied" and found.sentence


class Brittle(BaseModel):
    word: str = "x"

    @field_validator("word")
    @classmethod
    def _raises(cls, word: str) -> str:
        raise RuntimeError(f"a secret: {word}")


def test_a_check_of_the_input_that_raises_is_a_denial(desk: Desk) -> None:
    class Fragile(Acting):
        risk_tier, title, description = RiskTier.LOW_WRITE, "Fragile", "Breaks."
        Input = Brittle

    desk.offer(Fragile())
    found = validate("fragile", "agent:iris", ToolContext(tool_params={"word": "hush"}))
    assert isinstance(found, Blocked) and found.outcome == "needs_input" and "hush" not in found.sentence


def test_an_authorisation_that_raises_is_a_denial(app: Flask) -> None:
    found = validate("moody", "operator:1", ToolContext(tool_params=GOOD))
    assert isinstance(found, Blocked) and found.outcome == "policy_denied" and "mood" not in found.sentence


ODD_CONTEXTS: dict[str, Callable[[ToolContext], ToolContext]] = {
    "scopes are nothing": lambda c: replace(c, scopes=None),  # type: ignore[arg-type]
    "scopes are one word": lambda c: replace(c, scopes="orders:refund"),  # type: ignore[arg-type]
    "scopes hold no names": lambda c: replace(c, scopes=[["orders:refund"], 7]),  # type: ignore[list-item]
    "input is a list": lambda c: replace(c, tool_params=["amount"]),  # type: ignore[arg-type]
    "input is nothing": lambda c: replace(c, tool_params=None),  # type: ignore[arg-type]
    "input has NUL": lambda c: replace(c, tool_params={**GOOD, "note": "a\x00b"}),
    "input has half a character": lambda c: replace(c, tool_params={**GOOD, "note": "\ud800"}),
    "a name has NUL": lambda c: replace(c, tool_params={**GOOD, "a\x00": 1}),
    "the account has NUL": lambda c: replace(c, account_id="a\x00"),
}


@pytest.mark.parametrize("name", ODD_CONTEXTS)
def test_an_odd_context_is_denied_and_nothing_is_raised(app: Flask, name: str) -> None:
    context = ODD_CONTEXTS[name](ToolContext(tool_params=GOOD, scopes=["orders:refund"]))
    assert isinstance(validate("refund", "agent:iris", context), Blocked)


def test_an_input_nested_a_thousand_deep_is_denied(app: Flask) -> None:
    deep: Any = "bottom"
    for _ in range(5000):
        deep = {"in": deep}
    assert isinstance(validate("adjust", "agent:iris", ToolContext(tool_params={"amount": deep})), Blocked)


class Measured(BaseModel):
    value: float


class Measure(Tool):
    risk_tier, title, description = RiskTier.LOW_WRITE, "Measure", "Takes a number."
    Input = Measured

    def authorize(self, actor: str, context: ToolContext) -> bool:
        return True

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        return {}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), "nan"])
def test_a_number_that_is_none_is_denied(desk: Desk, value: Any) -> None:
    desk.offer(Measure())
    found = validate("measure", "agent:iris", ToolContext(tool_params={"value": value}))
    assert isinstance(found, Blocked) and found.outcome == "needs_input"


def test_a_tool_ref_that_is_no_word_is_an_unknown_tool(app: Flask) -> None:
    found = validate(["refund"], "agent:iris", ToolContext())  # type: ignore[arg-type]
    assert isinstance(found, Blocked) and found.reason == "unknown_tool"


def test_validating_asks_the_database_nothing_and_may_be_repeated(desk: Desk) -> None:
    said: list[str] = []
    watch = lambda *call: said.append(call[2])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", watch)
    try:
        context = ToolContext(tool_params=GOOD, scopes=("orders:refund",), conversation_id=1)
        first, second = (validate("refund", "agent:iris", context) for _ in range(2))
        validate("refund", "agent:iris", ToolContext(tool_params=BAD))
    finally:
        event.remove(db.engine, "before_cursor_execute", watch)
    assert first == second and said == []
