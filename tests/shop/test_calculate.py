"""Arithmetic: right, bounded, and nothing else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.shop.arithmetic import ALLOWED, MAX_CHARS, NotArithmetic, calculate

CENTS = st.integers(min_value=-10_000_000, max_value=10_000_000).map(lambda cents: Decimal(cents) / 100)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("2 + 2", "4.0"),
        ("652.61 + 473.43", "1126.04"),
        ("135.24 - 153.23", "-17.99"),
        ("-(1 + 2) * 3 / 4", "-2.25"),
        ("2 ** 10", "1024.0"),
        ("7 // 2", "3.0"),
        (" .5 + 1. ", "1.5"),
    ],
)
def test_it_knows_the_result(expression: str, result: str) -> None:
    assert calculate(expression) == result


@pytest.mark.parametrize(
    "expression",
    [
        *("", "()", "1 +", "1 2", "(1)(2)", "1.2.3", "...", "007", "a", "1e5", "1\n+1", "__import__('os')"),
        *("1 / 0", "0 ** -1", "9 ** 9 ** 9", "(-8) ** .5", "(" * 150, "1" * (MAX_CHARS + 1)),
        "*".join(["9" * 60 + "."] * 3) + "**9",
    ],
)
def test_it_refuses_what_has_no_result(expression: str) -> None:
    with pytest.raises(NotArithmetic) as refusal:
        calculate(expression)
    assert str(refusal.value)


@given(st.lists(st.tuples(st.sampled_from("+-"), CENTS), min_size=1, max_size=8))
def test_sums_of_prices_are_exact_to_the_cent(terms: list[tuple[str, Decimal]]) -> None:
    expression = "0" + "".join(f" {sign} ({amount})" for sign, amount in terms)
    expected = sum((amount if sign == "+" else -amount for sign, amount in terms), Decimal(0))
    if len(expression) <= MAX_CHARS:
        assert Decimal(calculate(expression)) == expected


@settings(max_examples=500)
@given(st.text(alphabet=sorted(ALLOWED), max_size=60))
def test_whatever_is_written_it_answers_with_a_number_or_a_sentence(expression: str) -> None:
    try:
        float(calculate(expression))
    except NotArithmetic as refusal:
        assert str(refusal).endswith((".", "used."))
