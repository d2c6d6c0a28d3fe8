"""The rooms that exist, in the order in which the navigation shows them."""

from __future__ import annotations

from typing import NamedTuple


class Room(NamedTuple):
    """One item of the navigation; `number` names the number beside it, `unit` says it to a screen reader."""

    name: str
    word: str
    href: str
    icon: str
    number: str
    unit: str
    due: bool = False


ROOMS = (
    Room("inbox", "Inbox", "/inbox", "inbox", "open", "open"),
    Room(
        "decisions",
        "Needs decision",
        "/inbox?view=needs_decision",
        "sign",
        "needs_decision",
        "waiting",
        due=True,
    ),
    Room("audit", "Audit", "/audit", "audit", "", ""),
)
