"""Clock times and days in the team's time zone. Words depend on the day at most, so that equal pages stay equal."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from console.db import now


@cache
def zone(name: str) -> tzinfo:
    """The time zone of a name; UTC when the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def day(at: date, local: tzinfo) -> str:
    """A day as a heading: `Today, Friday 20 November`; the year when it is another one."""
    today = now().astimezone(local).date()
    words = f"{at:%A} {at.day} {at:%B}"
    if at.year != today.year:
        words += f" {at.year}"
    return f"Today, {words}" if at == today else words


def at_time(at: datetime, local: tzinfo) -> str:
    """When something happened, inside a sentence: `at 14:05`, `on 19 November at 14:05`."""
    here = at.astimezone(local)
    if here.date() == now().astimezone(local).date():
        return f"at {here:%H:%M}"
    year = f" {here.year}" if here.year != now().year else ""
    return f"on {here.day} {here:%B}{year} at {here:%H:%M}"


def stamp(at: datetime, local: tzinfo) -> str:
    """When something happened, beside a name: `14:05`, `19 Nov 14:05`."""
    here = at.astimezone(local)
    if here.date() == now().astimezone(local).date():
        return f"{here:%H:%M}"
    year = f" {here.year}" if here.year != now().year else ""
    return f"{here.day} {here:%b}{year} {here:%H:%M}"
