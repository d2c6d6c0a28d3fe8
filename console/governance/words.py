"""Reasons as people give them, and sentences about what was decided."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import current_app

from console.config import Settings
from console.db import now
from console.governance.actors import find_actor
from console.governance.canonical import has_forbidden_text
from console.governance.errors import DateNotUsable, ReasonRequired
from console.models import LaneStatus, ToolApproval

VERBS = {"approved": "approved", "rejected": "rejected", "deferred": "deferred", "expired": "let lapse"}


def decided_sentence(lane: ToolApproval, reader_id: str = "") -> str:
    """Who decided what and when, for someone who came second; it may have been themselves, before."""
    if lane.status == LaneStatus.EXPIRED and not lane.decided_by:
        return "The deadline to decide has passed. Nothing will run; ask again if it is still wanted."
    if not (lane.decided_by and lane.decided_at):
        return "This is no longer waiting for a decision."
    settings: Settings = current_app.config["SETTINGS"]
    here = lane.decided_at.astimezone(ZoneInfo(settings.timezone))
    verb = VERBS.get(lane.last_decision or "", "decided")
    when = f"{here:%H:%M} {here.tzname()} on {here.day} {here:%B}"
    who = "The policy" if lane.decided_by == "policy" else find_actor(lane.decided_by).name
    if lane.decided_by == reader_id:
        return f"You, {who}, {verb} this already at {when}."
    reason = f" The reason given: “{lane.reason}”" if lane.reason else ""
    return f"{who} {verb} this at {when}, before your decision arrived.{reason}"


def checked_reason(text: str | None, *, required: bool = True) -> str | None:
    """The reason as it is stored: without whitespace around it, and each line break counted once, as a browser does.

    Raises ReasonRequired when it is needed and shows nothing, is too long, or cannot be stored.
    """
    limit: int = current_app.config["SETTINGS"].max_reason_chars
    reason = (text or "").replace("\r\n", "\n").strip()
    if has_forbidden_text(reason):
        raise ReasonRequired("The reason has a character that cannot be stored; please type it again.")
    if len(reason) > limit:
        raise ReasonRequired(f"The reason has {len(reason):,} characters; at most {limit:,} fit.")
    if not any(_is_visible(char) for char in reason):
        if required:
            raise ReasonRequired()
        return None
    return reason


def checked_wake_at(until: datetime | None) -> datetime | None:
    """The moment at which a deferred action comes back. Raises DateNotUsable when it is past, or too far away."""
    if until is None:
        return None
    days: int = current_app.config["SETTINGS"].max_defer_days
    if until.tzinfo is None or until <= now():
        raise DateNotUsable()
    if until > now() + timedelta(days=days):
        raise DateNotUsable(f"An action can be put off for {days} days at most. Choose an earlier moment.")
    return until


def _is_visible(char: str) -> bool:
    """Neither a space of any kind nor one of the characters that take no room at all."""
    return unicodedata.category(char)[0] not in "ZC"
