"""Moments in words, in the team's own day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from console.presenters.days import day
from console.presenters.times import exact
from tests.conftest import Clock

AUCKLAND = ZoneInfo("Pacific/Auckland")


def test_today_is_the_day_where_the_team_is(clock: Clock) -> None:
    clock.moment = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    assert day(date(2026, 11, 25), AUCKLAND) == "Today, Wednesday 25 November"
    assert day(date(2026, 11, 24), AUCKLAND) == "Tuesday 24 November"


def test_the_exact_moment_is_said_in_the_team_s_time() -> None:
    at = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    assert exact(at, AUCKLAND) == "Wednesday 25 November 2026, 11:00:00 NZDT"
