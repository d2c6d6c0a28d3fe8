"""The rooms that exist, in the order in which the navigation shows them, and the pages of the admins' room."""

from __future__ import annotations

from typing import NamedTuple


class Room(NamedTuple):
    """One item of the navigation; `number` names the number beside it, `unit` says it to a screen reader."""

    name: str
    word: str
    href: str
    icon: str
    number: str = ""
    unit: str = ""
    due: bool = False
    even_none: bool = False
    """Whether a zero is worth saying."""
    key: str = ""
    """The keys that lead there."""
    admin: bool = False
    """Whether only admins see it. What may be done there is for the verbs to say."""


ROOMS = (
    Room("inbox", "Inbox", "/inbox", "inbox", "open", "open", even_none=True),
    Room(
        "approvals",
        "Approvals",
        "/approvals",
        "sign",
        "approvals",
        "waiting",
        due=True,
        even_none=True,
        key="g a",
    ),
    Room("bulk", "Bulk sends", "/bulk", "send", "sends", "under way"),
    Room("audit", "Audit", "/audit", "audit"),
    Room("admin", "Admin", "/admin", "admin", admin=True),
)
ADMIN = (
    Room("lanes", "Stale lanes", "/admin/lanes", "clock"),
    Room("people", "People", "/admin/people", "user"),
    Room("templates", "Templates", "/admin/templates", "mail"),
    Room("policy", "Policy", "/admin/policy", "shield"),
)
"""The pages of the admins' room, first what asks for a look every day.

A further one is a line here and a template that extends admin/base.html.
"""


def rooms(*, admin: bool) -> list[Room]:
    """What the navigation shows to an admin, or to anyone else."""
    return [room for room in ROOMS if admin or not room.admin]
