"""Which conversations a page of the inbox shows."""

from __future__ import annotations

from typing import NamedTuple

VIEWS = ("open", "needs_decision", "mine", "unassigned", "resolved", "all")
STATUS_OF_VIEW = {"open": "open", "mine": "open", "unassigned": "open", "resolved": "resolved"}
NOBODY = 0


class Filters(NamedTuple):
    """A view and what narrows it. `assignee` is an operator's id, NOBODY, or None for any; empty text means any."""

    view: str = "open"
    q: str = ""
    assignee: int | None = None
    channel: str = ""
    pending: bool = False
    before: str = ""
