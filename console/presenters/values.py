"""Values as people read them: labelled rows instead of JSON, dots instead of secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from console.masking import DOTS, is_secret, masked

MOST_ROWS = 24
_MONEY = re.compile(r"(^|_)(amount|price|total|refund|balance)($|_)")


class Row(NamedTuple):
    """A label and what stands beside it, one entry a line."""

    label: str
    lines: tuple[str, ...]
    money: bool = False


def label(name: str) -> str:
    """A field's name as words: `order_id` is `Order id`."""
    return name.replace("_", " ").strip().capitalize()


def snapshot_rows(snapshot: Mapping[str, Any]) -> list[Row]:
    """The rows of a proposal's input snapshot, without those that were left empty."""
    return [
        Row(row["label"], _lines(row["name"], row["value"]), bool(_MONEY.search(row["name"])))
        for row in snapshot.get("rows", ())
        if row["value"] not in (None, "", [])
    ]


def fact_rows(facts: Mapping[str, Any] | None, *, without: Iterable[str] = ()) -> list[Row]:
    """Any mapping as rows; what is nested deeper than a list is counted, not spelled out."""
    hidden = set(without)
    rows = [
        Row(label(name), _lines(name, value), bool(_MONEY.search(name)))
        for name, value in (facts or {}).items()
        if name not in hidden and value not in (None, "", [], {})
    ]
    return rows[:MOST_ROWS]


def raw(value: Any) -> str:
    """The value as indented JSON, secrets as dots, for those who ask for it."""
    return json.dumps(masked(value), indent=2, ensure_ascii=False, sort_keys=True)


def _lines(name: str, value: Any) -> tuple[str, ...]:
    if is_secret(name) and value not in (None, ""):
        return (DOTS,)
    if isinstance(value, list):
        return tuple(_word(member) for member in value[:MOST_ROWS]) or ("none",)
    if isinstance(value, dict):
        return tuple(f"{label(str(k))}: {DOTS if is_secret(str(k)) else _word(v)}" for k, v in value.items())
    return (_word(value),)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if value is None:
        return "none"
    if isinstance(value, dict):
        parts = [
            f"{label(str(k))} {DOTS if is_secret(str(k)) else v}" for k, v in value.items() if not _nested(v)
        ]
        return ", ".join(parts) or f"{len(value)} facts"
    if isinstance(value, list):
        return ", ".join(str(v) for v in value) if not any(map(_nested, value)) else f"{len(value)} entries"
    return str(value)


def _nested(value: Any) -> bool:
    return isinstance(value, (dict, list))
