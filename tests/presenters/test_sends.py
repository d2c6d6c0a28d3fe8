"""A bulk send in words: the headline says what matters most, and nothing that is not so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from console.db import now
from console.models import BulkEnvelope
from console.presenters.sends import bar, headline, meter, narrower, phase, tally


def envelope(**columns: Any) -> BulkEnvelope:
    given = {"status": "submitted", "count": 17, "cap": 25, "send_after": now() - timedelta(minutes=1)}
    return BulkEnvelope(**given | columns)


@pytest.mark.parametrize(
    ("counts", "at", "words"),
    [
        ({"pending": 17}, "running", "17 messages are on the way"),
        ({"pending": 4, "sent": 10, "failed": 2, "uncertain": 1}, "running", "10 of 17 sent, three need you"),
        ({"sent": 17}, "done", "All 17 sent"),
        ({"sent": 16, "failed": 1}, "done", "16 of 17 sent, one needs you"),
        ({"failed": 17}, "done", "None of 17 sent, 17 need you"),
        ({"sent": 10, "cancelled": 7}, "done", "10 of 17 sent, seven stopped"),
        ({"sent": 17, "uncertain": 1}, "done", "All 17 sent"),
    ],
)  # fmt: skip
def test_the_headline_says_how_a_send_stands(counts: dict[str, int], at: str, words: str) -> None:
    assert (phase(envelope(), counts), headline(envelope(), counts)) == (at, words)


def test_before_it_leaves_undone_and_refused_have_words_of_their_own() -> None:
    soon = envelope(send_after=now() + timedelta(seconds=9))
    assert phase(soon, {"pending": 17}) == "undoable"
    assert headline(soon, {"pending": 17}) == "17 messages leave in a moment"
    undone = envelope(undone_at=now(), undone_count=17)
    assert headline(undone, {"cancelled": 17}) == "Undone, all 17 were stopped in time"
    refused = envelope(status="refused_cap_exceeded", count=31)
    assert headline(refused, {}) == "31 is six more than one send may hold"
    assert headline(envelope(count=0), {}) == "Nobody was written to"
    assert headline(envelope(count=1), {"sent": 1}) == "Sent"


def test_a_selection_that_is_too_large_is_told_how_to_fit() -> None:
    assert narrower(31, 25) == "Deselect six, or send in two halves."
    assert narrower(26, 25) == "Deselect one, or send in two halves."
    assert narrower(80, 25) == "Deselect 55, or send in four parts."


def test_a_bar_is_in_proportion_and_hides_nothing() -> None:
    found = bar({"sent": 9_999, "failed": 1})
    sent, failed = found.segments
    assert failed.width > 0.003 * found.width and sent.x < failed.x
    assert found.words == "9,999 sent, 1 failed"
    assert bar({}).words == "Nothing to send"
    assert [one.state for one in tally({"failed": 2})] == ["sent", "failed"]


def test_the_meter_shows_a_slot_each_or_the_proportion() -> None:
    slots = [part.kind for part in meter(31, 25).segments]
    assert slots == ["on"] * 25 + ["over"] * 6
    assert [part.kind for part in meter(2, 3).segments] == ["on", "on", "free"]
    wide = meter(4_000, 10_000)
    assert [part.kind for part in wide.segments] == ["on", "free"] and wide.segments[1].x == 79.2
    assert [part.kind for part in meter(20_000, 10_000).segments] == ["on", "over"]
