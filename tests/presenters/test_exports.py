"""Files are safe to open: no text becomes a formula, none breaks out of its cell, and all of it comes back."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.masking import DOTS
from console.presenters.exports import COLUMNS, csv_bytes, jsonl_bytes, safe
from console.presenters.faces import Faces
from console.trail import Event

FACES = Faces({2: '=HYPERLINK("//evil")', 3: "Cleo; =1+1"})
# What the database can hold: no NUL, no lone surrogate.
words = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=60)
BEGINNINGS = tuple("=+-@\t\r\n＝＋－＠")
risky = st.lists(st.one_of(words, st.sampled_from([*BEGINNINGS, ";", ",", '"', "'"])), max_size=8).map(
    "".join
)
texts = st.one_of(words, risky)


def event(**facts: Any) -> Event:
    """An event with nothing but what a test is about."""
    nothing = dict.fromkeys(Event._fields)
    usual = {
        "id": 7,
        "at": datetime(2026, 11, 20, 8, tzinfo=UTC),
        "type": "rejected",
        "actor_id": "operator:2",
    }
    return Event(**{**nothing, **usual, "details": {}, "hash": "a" * 64, **facts})


def read(found: list[Event]) -> list[dict[str, str]]:
    written = b"".join(csv_bytes([found], FACES)).decode()
    return list(csv.DictReader(io.StringIO(written, newline="")))


@given(texts)
def test_no_cell_begins_like_a_formula_and_every_text_comes_back(text: str) -> None:
    cell = safe(text)
    assert not cell.startswith(BEGINNINGS)
    assert cell.replace("'", "") == text.replace("'", "")
    assert cell == text or any(begins in text for begins in BEGINNINGS)


@given(st.lists(st.tuples(texts, texts, texts, st.dictionaries(words, texts, max_size=3)), max_size=4))
def test_a_csv_has_one_row_an_event_whatever_they_say(
    said: list[tuple[str, str, str, dict[str, str]]],
) -> None:
    found = [event(reason=a, title=b, actor_id=c, details=d) for a, b, c, d in said]
    rows = read(found)
    assert len(rows) == len(found)
    for row, (reason, title, actor, _) in zip(rows, said, strict=True):
        assert tuple(row) == COLUMNS and None not in row
        assert (row["reason"], row["action"], row["actor"]) == (safe(reason), safe(title), safe(actor))
        assert not any(cell.startswith(BEGINNINGS) for cell in row.values())


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@given(texts, texts)
def test_no_separator_of_any_country_opens_a_cell_with_a_formula(separator: str, one: str, two: str) -> None:
    written = b"".join(csv_bytes([[event(reason=one, title=two)]], FACES)).decode()
    for row in csv.reader(io.StringIO(written, newline=""), delimiter=separator):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row), row


@given(texts, st.dictionaries(words, st.one_of(texts, st.integers(), st.none()), max_size=3))
def test_json_lines_are_one_object_a_line_and_exact(reason: str, details: dict[str, Any]) -> None:
    whole = b"".join(jsonl_bytes([[event(reason=reason, details=details)] * 2], FACES)).decode()
    lines = whole.removesuffix("\n").split("\n")
    assert len(lines) == 2 and json.loads(lines[0]) == json.loads(lines[1])
    assert json.loads(lines[0])["reason"] == reason


@pytest.mark.parametrize("name", ["password", "api_token", "client_secret", "KEY", "credentials"])
def test_secrets_are_dots_at_every_depth(name: str) -> None:
    hidden = event(details={"a": [{name: "sesame"}], "b": 1})
    for written in (csv_bytes([[hidden]], FACES), jsonl_bytes([[hidden]], FACES)):
        whole = b"".join(written).decode()
        assert "sesame" not in whole and DOTS in whole


def test_names_are_texts_too() -> None:
    [row] = read([event(title="Refund")])
    assert row["actor_name"].startswith("'=HYPERLINK") and row["said"].startswith("'=HYPERLINK")
