"""Every event of both logs has calm words, an icon that exists, and a place to look at it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from console.db import now
from console.models import AuditType, EventType
from console.presenters import audit, events
from console.presenters.faces import Faces
from console.trail import Filters, Known, Page
from tests.presenters.test_exports import event

FACES = Faces({2: "Ben Weiss", 3: "Cleo Marchetti"}, "operator:2")
SPRITE = (Path(__file__).parents[2] / "static" / "sprite.svg").read_text()
ENVELOPE = UUID(int=7)


@pytest.mark.parametrize("kind", [*EventType, *AuditType])
def test_every_event_has_words_and_a_symbol(kind: str) -> None:
    assert kind in events.DEEDS
    words, icon, tone = events.deed(kind)
    assert f'id="i-{icon}"' in SPRITE and tone in ("", "good", "warn", "bad")
    assert re.fullmatch(r"[a-z][a-z ,-]+", words), words
    assert events.sentence(event(type=kind), FACES).startswith("Ben Weiss ")


def test_no_two_events_of_a_list_say_the_same() -> None:
    words = [events.label(kind) for kind in (*EventType, *AuditType)]
    assert len(words) == len(set(words))


def test_one_that_has_no_words_yet_says_its_name() -> None:
    assert events.sentence(event(type="vote_counted"), FACES) == "Ben Weiss vote counted."


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"title": "Refund of 48."}, "Ben Weiss rejected: Refund of 48."),
        ({"type": "template_changed", "template_id": 1, "template": "Lost"}, "Ben Weiss changed a template: Lost."),
        ({"type": "template_created", "template_id": 1, "details": {"name": "Gone"}},
         "Ben Weiss wrote a template: Gone."),
        ({"type": "bulk_submitted", "envelope_id": ENVELOPE, "details": {"recipients": 24, "cap": 25}},
         "Ben Weiss confirmed a bulk send: 24 conversations."),
        ({"type": "delivery_failed", "envelope_id": ENVELOPE, "template_id": 1, "template": "Lost",
          "actor_id": "system", "details": {"attempts": 3}}, "The console could not send a follow-up: Lost."),
        ({"type": "operator_deactivated", "operator_id": 3}, "Ben Weiss deactivated an account: Cleo Marchetti."),
        ({"type": "signed_in", "operator_id": 2}, "Ben Weiss signed in."),
        ({"actor_id": "operator:99", "title": "X"}, "Someone who left rejected: X."),
        ({"actor_id": "", "title": "X"}, "The console rejected: X."),
    ],
)  # fmt: skip
def test_what_it_was_done_to_is_said(facts: dict[str, object], said: str) -> None:
    assert events.sentence(event(**facts), FACES) == said


def test_each_leads_to_where_it_can_be_seen() -> None:
    action = event(conversation_id=4, proposal_id=2, card_id=9)
    assert (events.card(action), events.place(action)) == ("/lanes/9", "/conversations/4#lane-9")
    blocked = event(conversation_id=4, proposal_id=2)
    assert (events.card(blocked), events.place(blocked)) == ("", "/conversations/4#proposal-2")
    assert events.card(event(envelope_id=ENVELOPE)) == f"/bulk/{ENVELOPE}"
    alone = event()
    assert (events.card(alone), events.place(alone)) == ("", "")
    [day] = audit.days([alone], FACES, UTC)
    assert day.lines[0].href == "/audit/events/7"


def test_days_are_those_of_the_team() -> None:
    late = event(at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    early = event(at=datetime(2026, 11, 20, 22, 30, tzinfo=UTC))
    there = audit.days([late, early], FACES, ZoneInfo("Europe/Berlin"))
    assert [(day.iso, [line.clock for line in day.lines]) for day in there] == [
        ("2026-11-21", ["00:30:00"]),
        ("2026-11-20", ["23:30:00"]),
    ]
    assert len(audit.days([late, early], FACES, UTC)) == 1


def test_an_address_carries_every_filter_and_menus_lead_back() -> None:
    local = ZoneInfo("Europe/Berlin")
    midnight = datetime(2026, 10, 25, tzinfo=local)
    # The day on which the clocks go back has 25 hours.
    filters = Filters(actor="operator:2", tool="refund", since=midnight, until=midnight + timedelta(days=1))
    found = audit.present(
        Page([], None, None),
        filters,
        Known({2: "Ben Weiss"}, ["iris"]),
        [("refund", "Refund")],
        "operator:2",
        local,
    )
    assert found.csv == "/audit.csv?actor=operator%3A2&tool=refund&from=2026-10-25&to=2026-10-25"
    assert [menu.value for menu in found.menus] == ["Ben Weiss", "", "Refund", "2026-10-25"]
    assert [menu.choices[0].word for menu in found.menus] == ["Anyone", "Any event", "Any tool", "Any time"]
    assert found.menus[0].choices[0].href == "/audit?tool=refund&from=2026-10-25&to=2026-10-25"
    assert found.hidden == {"actor": "operator:2", "tool": "refund"}
    assert found.news is None and found.without_filters == "/audit" and found.empty == audit.NOTHING


def test_recent_times_are_one_click_and_say_that_they_are_chosen() -> None:
    today = now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    found = audit.present(Page([], None, None), Filters(since=today), Known({}, []), [], "operator:2", UTC)
    assert found.menus[-1].value == "Today"
