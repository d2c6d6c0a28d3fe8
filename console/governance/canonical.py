"""One spelling for one value: what keys and digests are made of."""

from __future__ import annotations

import json
import math
from hashlib import sha256
from typing import Any

DEEPEST = 64
LONGEST_NUMBER = 4096
"""Bits; Python refuses to write out much longer numbers."""


def canonical_json(value: Any) -> str:
    """JSON with keys sorted at every depth and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return sha256(canonical_json(value).encode()).hexdigest()


def storable(value: Any, depth: int = 0) -> Any:
    """The value as PostgreSQL's jsonb can hold it and give it back: no NUL, no lone surrogate, no NaN, nothing foreign.

    Raises ValueError when it is nested deeper than any form or agent has reason to.
    """
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(str(key)): storable(member, depth + 1) for key, member in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [storable(member, depth + 1) for member in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= LONGEST_NUMBER else hex(value)
    return _number(value) if isinstance(value, float) else storable(str(value))


def _number(value: float) -> Any:
    """jsonb writes numbers out in full and knows no -0; a digest is made of what will come back: 1e16 as digits."""
    if not math.isfinite(value):
        return str(value)
    return int(value) if abs(value) >= 1e16 else value + 0.0


def has_forbidden_text(value: Any) -> bool:
    """Whether a NUL or a lone surrogate hides anywhere in the value; neither can be stored as typed."""
    if isinstance(value, str):
        return "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return any(has_forbidden_text(part) for pair in value.items() for part in pair)
    return isinstance(value, (list, tuple)) and any(has_forbidden_text(member) for member in value)
