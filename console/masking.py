"""What nobody may read: values whose names speak of a secret are shown, kept and given out as dots."""

from __future__ import annotations

import re
from typing import Any

DOTS = "••••••••"
_SECRET = re.compile(r"password|token|secret|key|credential", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether the value of a field of this name is shown as dots."""
    return bool(_SECRET.search(name))


def masked(value: Any) -> Any:
    """The value with every member whose name speaks of a secret as dots, at any depth."""
    if isinstance(value, dict):
        return {k: DOTS if is_secret(str(k)) and v else masked(v) for k, v in value.items()}
    return [masked(member) for member in value] if isinstance(value, list) else value
