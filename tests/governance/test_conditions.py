"""Conditions on the input: what they compare, what cannot be told, and that this always counts as the stricter."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from console.governance.conditions import Condition
from console.governance.policy import STRICTNESS, Policy, Rules, stricter
from console.governance.validation import dump
from console.models import Role
from console.tools import ApprovalMode, RiskTier
from tests.tools import Acting, Adjust


def condition(**words: Any) -> Condition:
    return Condition.model_validate({"field": "amount"} | words)


HOLDS: list[tuple[dict[str, Any], Any, bool | None]] = [
    ({"over": 200}, 201, True),
    ({"over": 200}, 200, False),
    ({"over": 200}, 200.0000001, True),
    ({"over": 200}, "200.01", True),
    ({"over": 0.1}, "0.10", False),
    ({"over": 0.1}, 0.1, False),
    ({"under": 10}, 9.99, True),
    ({"under": 10}, 10, False),
    ({"over": 10, "under": 20}, 15, True),
    ({"over": 10, "under": 20}, 25, False),
    ({"over": 10, "under": 20}, 10, False),
    ({"over": 200}, 10**4000, True),
    ({"over": 200}, "1e999999", True),
    ({"over": 200}, None, None),
    ({"over": 200}, "many", None),
    ({"over": 200}, "", None),
    ({"over": 200}, "NaN", None),
    ({"over": 200}, "Infinity", None),
    ({"over": 200}, "1e99999999999999999999", None),
    ({"over": 200}, True, None),
    ({"over": 200}, [300], None),
    ({"over": 200}, {"value": 300}, None),
    ({"equals": "gold"}, "gold", True),
    ({"equals": "gold"}, "Gold", False),
    ({"equals": "gold"}, 5, None),
    ({"equals": "gold"}, ["gold"], None),
    ({"equals": 5}, "5.00", True),
    ({"equals": 5}, 6, False),
    ({"equals": 5}, "five", None),
    ({"equals": 1}, True, None),
    ({"equals": True}, True, True),
    ({"equals": True}, False, False),
    ({"equals": False}, 0, None),
    ({"equals": False}, None, None),
    ({"in": ["EUR", "USD"]}, "USD", True),
    ({"in": ["EUR", "USD"]}, "CHF", False),
    ({"in": ["EUR", 5]}, 5, True),
    ({"in": ["EUR", 5]}, "CHF", None),
    ({"in": [1, 2]}, 3, False),
    ({"over": 200, "in": [100, 300]}, 100, False),
    ({"over": 200, "in": [100, 300]}, 300, True),
]


@pytest.mark.parametrize(("words", "value", "expected"), HOLDS)
def test_what_holds_what_does_not_and_what_cannot_be_told(
    words: dict[str, Any], value: Any, expected: bool | None
) -> None:
    assert condition(**words).holds({"amount": value}) is expected


def test_a_missing_field_cannot_be_told() -> None:
    assert condition(over=1).holds({}) is None


def test_amounts_are_compared_to_the_cent_as_they_are_stored() -> None:
    class Money(BaseModel):
        amount: Decimal

    stored = dump(Money(amount=Decimal("200.000000000000000000001")))
    assert isinstance(stored["amount"], str) and condition(over=200).holds(stored) is True


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"over": "200"},
        {"over": True},
        {"over": float("nan")},
        {"under": float("inf")},
        {"equals": ["a"]},
        {"equals": {}},
        {"in": []},
        {"in": "EUR"},
        {"in": [[]]},
        {"above": 5},
        {"field": "", "over": 5},
        {"field": 5, "over": 5},
        {"over": None},
    ],
)
def test_a_condition_that_says_nothing_or_nothing_that_can_be_compared_is_refused(
    words: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        condition(**words)


class Typed(Acting):
    risk_tier, title, description = RiskTier.LOW_WRITE, "Typed", "Has fields of every type."

    class Input(BaseModel):
        count: int = Field(ge=1, le=9)
        price: Decimal
        maybe: float | None = None
        name: str = ""
        level: Literal["silver", "gold"] = "silver"
        loud: bool = False
        items: list[str] = []


FITS = [
    ({"field": "count", "over": 5}, None),
    ({"field": "count", "over": 0.5}, None),
    ({"field": "price", "over": 200}, None),
    ({"field": "price", "equals": 200}, None),
    ({"field": "maybe", "under": 2}, None),
    ({"field": "level", "equals": "gold"}, None),
    ({"field": "loud", "equals": True}, None),
    ({"field": "name", "in": ["a", "b"]}, None),
    ({"field": "nothing", "over": 5}, "no field nothing"),
    ({"field": "name", "over": 5}, "no number"),
    ({"field": "items", "over": 5}, "no number"),
    ({"field": "loud", "under": 5}, "no number"),
    ({"field": "level", "equals": "golden"}, "never be “golden”"),
    ({"field": "level", "in": ["gold", "bronze"]}, "never be “bronze”"),
    ({"field": "count", "equals": "5"}, "never be “5”"),
    ({"field": "count", "equals": 12}, "never be 12"),
    ({"field": "name", "equals": 5}, "never be 5"),
    ({"field": "items", "equals": "a"}, "never be “a”"),
]


@pytest.mark.parametrize(("words", "why"), FITS)
def test_a_condition_that_can_never_hold_for_a_tool_is_told_why(
    words: dict[str, Any], why: str | None
) -> None:
    found = Condition.model_validate(words).misfit(Typed())
    assert found is None if why is None else why in (found or "")


def test_a_condition_reads_as_people_say_it() -> None:
    assert condition(over=1200).words("Amount") == "Amount over 1,200"
    assert condition(over=1, under=2.5).words("Amount") == "Amount over 1 and under 2.5"
    assert condition(equals=True).words("Loud") == "Loud: yes"
    assert condition(**{"in": ["EUR", 5]}).words("Currency") == "Currency: “EUR” or 5"


rules = st.builds(
    Rules,
    mode=st.sampled_from(ApprovalMode),
    lane_seconds=st.integers(1, 9),
    execute_seconds=st.integers(1, 9),
    four_eyes=st.booleans(),
    decide=st.sampled_from([(Role.OPERATOR, Role.ADMIN), (Role.ADMIN,), (Role.OPERATOR,), ()]),
    approvals=st.integers(1, 4),
)
fields = {
    "mode": st.sampled_from(["auto", "requires_approval", "always_block"]),
    "lane_seconds": st.integers(1, 9),
    "execute_seconds": st.integers(1, 9),
    "four_eyes": st.booleans(),
    "decide": st.sampled_from([["admin"], ["operator"], ["operator", "admin"]]),
    "approvals": st.integers(1, 4),
    "when": st.fixed_dictionaries({"field": st.sampled_from(["amount", "kind"]), "over": st.integers(0, 3)}),
    "allow_loosening": st.booleans(),
}
sections = st.lists(st.fixed_dictionaries({}, optional=fields), min_size=1, max_size=3)
inputs = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.integers(0, 4) | st.sampled_from(["", "2", "many"]),
        "kind": st.none() | st.integers(0, 4),
    },
)


def at_least(one: Rules, other: Rules) -> bool:
    """Whether `one` is as strict as `other` in everything."""
    return (
        STRICTNESS[one.mode] >= STRICTNESS[other.mode]
        and one.lane_seconds <= other.lane_seconds
        and one.execute_seconds <= other.execute_seconds
        and one.four_eyes >= other.four_eyes
        and set(one.decide) <= set(other.decide)
        and one.approvals >= other.approvals
    )


@given(rules, rules, rules)
def test_the_stricter_of_two_is_as_strict_as_both_whatever_their_order(a: Rules, b: Rules, c: Rules) -> None:
    found = stricter(a, b)
    assert at_least(found, a) and at_least(found, b) and stricter(a, a) == a
    assert at_least(stricter(b, a), found) and at_least(found, stricter(b, a))
    assert stricter(stricter(a, b), c) == stricter(a, stricter(b, c))


@given(sections, sections, inputs)
def test_several_approvals_always_leave_out_who_asked(tier: Any, tool: Any, given_: dict[str, Any]) -> None:
    policy = Policy.model_validate({"tier": {"low_write": tier}, "tool": {"adjust": tool}})
    found = policy.rules_for(Adjust(), given_)
    assert found.four_eyes or found.approvals == 1


@given(st.fixed_dictionaries({}, optional=fields), inputs, st.integers(0, 4))
def test_what_cannot_be_told_is_never_looser_than_either_answer(
    section: dict[str, Any], given_: dict[str, Any], value: int
) -> None:
    """An input without the number is held to the rules of every input that has one."""
    policy = Policy.model_validate({"tool": {"adjust": section}})
    field = section.get("when", {}).get("field", "amount")
    unknown = policy.rules_for(Adjust(), {name: v for name, v in given_.items() if name != field})
    assert at_least(unknown, policy.rules_for(Adjust(), {field: value}))


@given(sections, inputs)
def test_without_the_word_no_section_ever_loosens(tool: Any, given_: dict[str, Any]) -> None:
    tighter = [
        {k: v for k, v in s.items() if k not in ("allow_loosening", "lane_seconds", "execute_seconds")}
        for s in tool
    ]
    policy = Policy.model_validate({"tool": {"adjust": tighter}})
    assert at_least(policy.rules_for(Adjust(), given_), Policy().rules_for(Adjust(), given_))
