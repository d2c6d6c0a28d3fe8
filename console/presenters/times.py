"""Words for moments. The browser keeps them ticking (static/js/clock.js says the same words)."""

from __future__ import annotations

from datetime import datetime, tzinfo

from console.db import now

MINUTE, HOUR, DAY = 60, 3600, 86_400


def span(seconds: float) -> str:
    """A length of time in its largest fitting units: `40 s`, `18 m`, `1 h 12 m`, `26 h`, `3 d`, `7 w`."""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} m"
    if whole < 6 * HOUR and whole % HOUR >= MINUTE:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} m"
    if whole < 2 * DAY:
        return f"{whole // HOUR} h"
    return f"{whole // DAY} d" if whole < 8 * 7 * DAY else f"{whole // (7 * DAY)} w"


def ago(at: datetime) -> str:
    """How long ago `at` was: `now`, `3 m`, `2 h`."""
    seconds = (now() - at).total_seconds()
    return "now" if seconds < MINUTE else span(seconds)


def seconds_left(at: datetime) -> int:
    """Whole seconds until `at`; never negative."""
    return max(0, int((at - now()).total_seconds()))


def left(at: datetime) -> str:
    """What is left until `at`: `1 h 12 m left`, or that it is over."""
    seconds = seconds_left(at)
    return f"{span(seconds)} left" if seconds else "time is up"


def coming(at: datetime) -> str:
    """When `at` will be, inside a sentence: `in 1 h 12 m`, `now`."""
    seconds = seconds_left(at)
    return f"in {span(seconds)}" if seconds else "now"


def iso(at: datetime) -> str:
    """For a `datetime` attribute."""
    return at.isoformat()


def exact(at: datetime, local: tzinfo) -> str:
    """The whole moment in the team's time zone, for a title: `Friday 20 November 2026, 16:21:05 UTC`."""
    at = at.astimezone(local)
    return f"{at:%A} {at.day} {at:%B %Y, %H:%M:%S} {at.tzname() or ''}".rstrip()
