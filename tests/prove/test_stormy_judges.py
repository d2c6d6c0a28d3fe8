"""The judges of the storm see what they are there for: each change to a good day is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.prove.stormy import lanes
from tests.prove.stormy.lanes import Event, Lane, Trail

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA, BEN = "operator:1", "operator:2"
STEPS = [
    ("approval_requested", None, "pending", ADA),
    ("approved", "pending", "approved", BEN),
    ("revalidation_passed", "approved", "execution_pending", "system"),
    ("execution_started", "execution_pending", "execution_pending", "system"),
    ("execution_succeeded", "execution_pending", "executed", "system"),
]

Judge = Callable[[Trail], Iterator[str]]


def walked(*steps: int, tool: str = "give_back") -> Trail:
    """Ada's action, which Ben approved, with these steps of its history."""
    events = [Event(None, 1, "proposal_created", ADA, None, None, NOON)]
    for number in steps:
        kind, before, after, actor = STEPS[number]
        events.append(Event(1, 1, kind, actor, before, after, NOON))
    lane = Lane(1, 1, "mark", tool, ADA, "executed", 5, 1, "succeeded", BEN, NOON + timedelta(hours=1))
    return Trail([lane], events)


def entitled(trail: Trail) -> Iterator[str]:
    return lanes.entitled(trail, {ADA, BEN})


GOOD = walked(0, 1, 2, 3, 4)


def by(actor: str) -> Trail:
    """Decided by somebody else."""
    return GOOD._replace(events=[e._replace(actor=actor) if e.type == "approved" else e for e in GOOD.events])


def expired() -> Trail:
    """Over before its time."""
    return GOOD._replace(events=[*GOOD.events, Event(1, 1, "expired", "system", "pending", "expired", NOON)])


@pytest.mark.parametrize("judge", [lanes.histories, entitled, lanes.early])
def test_a_good_day_is_a_good_day(judge: Judge) -> None:
    assert list(judge(GOOD)) == []


@pytest.mark.parametrize(
    ("judge", "trail"),
    [
        (lanes.histories, walked(0, 1, 2, 4)),
        (lanes.histories, walked(0, 1, 1, 2, 3, 4)),
        (lanes.histories, walked(0, 2, 1, 3, 4)),
        (lanes.histories, walked(0, 1, 2, 3)),
        (entitled, walked(0, 2, 3, 4)),
        (entitled, by(ADA)),
        (entitled, by("agent:iris")),
        (lanes.early, expired()),
    ],
)
def test_what_is_missing_doubled_moved_or_not_allowed_is_seen(judge: Judge, trail: Trail) -> None:
    assert list(judge(trail))


@pytest.mark.parametrize("rows", [Counter(), Counter(mark=2), Counter(mark=1, other=1)])
def test_an_effect_that_is_lost_doubled_or_from_nowhere_is_seen(rows: Counter[str]) -> None:
    assert not list(lanes.effects(GOOD.lanes, Counter(mark=1), Counter()))
    assert list(lanes.effects(GOOD.lanes, rows, Counter()))


@pytest.mark.parametrize(
    ("status", "result", "times", "well"),
    [
        ("executed", "succeeded", 1, True),
        ("executed", "succeeded", 2, False),
        ("executed", "succeeded", 0, False),
        ("execution_failed", "unknown", 1, True),
        ("execution_failed", "unknown", 2, False),
        ("execution_failed", "failed", 1, False),
        ("rejected", "proposed", 1, False),
    ],
)
def test_what_cannot_be_taken_back_is_counted(status: str, result: str, times: int, well: bool) -> None:
    lane = GOOD.lanes[0]._replace(tool="press_button", status=status, result=result)
    assert (not list(lanes.presses([lane], Counter(mark=times)))) == well
