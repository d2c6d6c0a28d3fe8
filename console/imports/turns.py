"""What the two published sets of conversations share: turns of an agent, a customer and a back office."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from console.imports.records import BadLine
from console.models import MessageRole

ROLES = {"customer": MessageRole.CUSTOMER, "agent": MessageRole.OPERATOR, "action": MessageRole.ACTION}
UNKNOWN_CUSTOMER = "Customer"
AGENT = "Agent"


class Turn(NamedTuple):
    """One turn; `action` is empty unless the role is ACTION."""

    role: MessageRole
    text: str
    action: dict[str, Any]
    ts: float | None


def turns(record: dict[str, Any]) -> Iterator[Turn]:
    """The turns that say or do something. Raises BadLine."""
    found = record["turns"]
    if not isinstance(found, list):
        raise BadLine("turns must be a list")
    for number, turn in enumerate(found, 1):
        if not isinstance(turn, dict):
            raise BadLine(f"turn {number} must be an object")
        role, text, action, ts = (turn.get(name) for name in ("role", "text", "action", "ts"))
        if not isinstance(role, str) or role not in ROLES:
            raise BadLine(f"turn {number} has no role that is agent, customer or action")
        if not isinstance(text, str):
            raise BadLine(f"turn {number} has no text")
        if role == "action" and not isinstance(action, dict):
            raise BadLine(f"turn {number} does not say which action it was")
        if ts is not None and (isinstance(ts, bool) or not isinstance(ts, int | float)):
            raise BadLine(f"the time of turn {number} must be in Unix seconds")
        if role == "action" or text.strip():
            yield Turn(ROLES[role], text, action if role == "action" and isinstance(action, dict) else {}, ts)


def text_of(record: dict[str, Any], name: str, usual: str | None = None) -> str:
    """A text of the record. Raises BadLine when it is missing or none."""
    value = record.get(name, usual)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise BadLine(f"{name} is missing" if value is None else f"{name} must be text")
    return value


def humanised(name: str) -> str:
    """`recover_username` and `pull-up-account` as words."""
    return " ".join(name.replace("_", " ").replace("-", " ").split())


def capital(words: str) -> str:
    """With a capital first letter, the rest as it is."""
    return words[:1].upper() + words[1:]
