"""On whose behalf something is sent."""

from __future__ import annotations

from typing import NamedTuple

from console.conversations.access import acting

SYSTEM = "system"


class Sender(NamedTuple):
    """Who sends: an operator, or the host application itself."""

    id: str
    name: str


def sender(actor: str | None) -> Sender:
    """An active operator (`operator:3`), or the application (None, `system`). Raises Forbidden; agents only propose."""
    if actor is None or actor == SYSTEM:
        return Sender(SYSTEM, "")
    operator = acting(actor)
    return Sender(operator.actor_id, operator.name)
