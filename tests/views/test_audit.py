"""The audit log as a page: every event of both logs, its filters, its links, its files, and who may read it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from console import audit as log
from console import governance, trail
from console.db import db, transaction
from console.errors import Forbidden
from console.models import AuditType, Operator, ToolApproval
from console.trail import Filters
from jobs import actions
from tests.conftest import Cast, Clock
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import HTMX

ENVELOPE = UUID("6f0c1d7e-9a51-4c4b-8d0e-2f6f5a1b7c3d")


@pytest.fixture
def ben(as_: As) -> FlaskClient:
    return as_("ben")


@pytest.fixture
def lane(desk: Desk) -> ToolApproval:
    """Iris asked for a refund, Ben approved it, it ran; Cleo rejected something else; a bulk send left."""
    lane = desk.to_run("refund", amount=48)
    actions.execute(lane.id)
    governance.reject(desk.pending("adjust").id, desk.cleo, reason="<b>Not</b> today, thank you.")
    with transaction():
        about: dict[str, Any] = {
            "conversation_id": desk.conversation_id,
            "envelope_id": ENVELOPE,
            "delivery_id": 7,
        }
        log.note(AuditType.DELIVERY_SENT, "system", **about, details={"api_token": "sesame", "attempts": 1})
    return lane


def rows(html: str) -> list[str]:
    return re.findall(r'<li class="audit-row".*?</li>', html, re.DOTALL)


def shown(client: FlaskClient, query: str = "") -> list[str]:
    """What the rows of an address say, newest first; that the reader signed in aside."""
    answer = client.get(f"/audit{query}")
    assert answer.status_code == 200, answer.text
    deeds = re.findall(r'audit-row__deed[^"]*">(?:<svg.*?</svg>)?([^<]*)</span>', answer.text)
    return [deed.rstrip(":") for deed in deeds if deed != "signed in"]


def test_every_event_of_both_logs_is_listed_newest_first(ben: FlaskClient, lane: ToolApproval) -> None:
    assert shown(ben) == [
        "sent a follow-up", "rejected", "asked for a decision", "asked", "finished it", "started it",
        "checked once more, all still holds", "approved", "asked for a decision", "asked",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "deeds"),
    [
        ("?actor=operator:2", ["approved"]),
        ("?actor=operator:3", ["rejected"]),
        ("?actor=agent:iris&tool=adjust", ["asked for a decision", "asked"]),
        (
            "?actor=system",
            ["sent a follow-up", "finished it", "started it", "checked once more, all still holds"],
        ),
        ("?event=rejected", ["rejected"]),
        ("?event=delivery_sent", ["sent a follow-up"]),
        ("?tool=adjust", ["rejected", "asked for a decision", "asked"]),
        ("?proposal=2", ["rejected", "asked for a decision", "asked"]),
        (f"?envelope={ENVELOPE}", ["sent a follow-up"]),
        ("?conversation=1&event=approved", ["approved"]),
        ("?conversation=2", []),
        ("?tool=adjust&event=delivery_sent", []),
        ("?actor=operator:99", []),
    ],
)
def test_each_filter_narrows_both_logs(
    ben: FlaskClient, lane: ToolApproval, query: str, deeds: list[str]
) -> None:
    assert shown(ben, query) == deeds


def test_a_time_is_whole_days_where_the_team_is(
    ben: FlaskClient, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask import current_app

    clock.moment = clock.moment.replace(hour=22, minute=30)
    desk.pending()
    settings = current_app.config["SETTINGS"]
    there = settings.model_copy(update={"timezone": "Europe/Berlin"})
    monkeypatch.setitem(current_app.config, "SETTINGS", there)
    # In winter 23:30, in summer 00:30 of the next day, as in Berlin.
    day = (clock.moment + timedelta(hours=1 if clock.moment.month in (11, 12, 1, 2) else 2)).date()
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    assert len(shown(ben, f"?from={day}&to={day}")) == 2
    assert len(shown(ben, f"?from={before}&to={day}&actor=agent:iris")) == 2
    assert shown(ben, f"?to={before}") == shown(ben, f"?from={after}") == []


def test_a_row_says_who_what_why_and_leads_to_its_card_and_conversation(
    ben: FlaskClient, lane: ToolApproval
) -> None:
    html = ben.get("/audit").text
    approved = next(row for row in rows(html) if ">approved:<" in row)
    assert "You" in approved and "Refund of 48" in approved and "Charged twice" in approved
    assert f'href="/lanes/{lane.id}"' in approved and f'href="/conversations/1#lane-{lane.id}"' in approved
    assert ben.get(f"/lanes/{lane.id}").status_code == 200
    rejected = next(row for row in rows(html) if ">rejected:<" in row)
    assert "Cleo" in rejected and "&lt;b&gt;Not&lt;/b&gt; today, thank you." in rejected
    assert f'href="/bulk/{ENVELOPE}"' in rows(html)[0]
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\d">Today, ', html)


def test_a_card_leads_to_its_events_in_the_log(ben: FlaskClient, lane: ToolApproval) -> None:
    for part in ("", "?part=steps"):
        assert '/audit?proposal=1"' in ben.get(f"/lanes/{lane.id}/history{part}").text
    assert len(shown(ben, "?proposal=1")) == 6
    assert "Proposal 1" in ben.get("/audit?proposal=1").text


def test_an_event_has_a_page_of_its_own_with_secrets_as_dots(ben: FlaskClient, lane: ToolApproval) -> None:
    last = trail.page(ben_of(lane), Filters()).events[0]
    page = ben.get(f"/audit/events/{last.id}")
    part = ben.get(f"/audit/events/{last.id}", headers=HTMX)
    assert page.status_code == part.status_code == 200 and "<html" not in part.text
    for answer in (page, part):
        assert last.hash in answer.text and "••••" in answer.text and "sesame" not in answer.text
    assert "The console sent a follow-up." in page.text and f'href="/bulk/{ENVELOPE}"' in page.text
    approved = trail.page(ben_of(lane), Filters(event="approved")).events[0]
    assert "Waiting → Approved" in ben.get(f"/audit/events/{approved.id}").text
    assert ben.get("/audit/events/999").status_code == ben.get(f"/audit/events/{2**63}").status_code == 404


def ben_of(lane: ToolApproval) -> Operator:
    found = db.session.get(Operator, 2)
    assert found is not None
    return found


def test_a_page_is_four_queries_whatever_it_shows(
    ben: FlaskClient, desk: Desk, lane: ToolApproval, statements: list[str]
) -> None:
    for _ in range(20):
        desk.pending()
    for query in ("", "?actor=system", "?tool=adjust&event=approved", "?proposal=1", "?from=2026-01-01"):
        statements.clear()
        ben.get(f"/audit{query}")
        assert len(statements) == 4, query
    statements.clear()
    ben.get("/audit/news?after=1-1")
    assert len(statements) == 2


def test_the_links_below_lead_through_all_events_once(
    ben: FlaskClient, desk: Desk, lane: ToolApproval
) -> None:
    for _ in range(50):
        desk.pending()
    seen: list[str] = []
    address = "/audit"
    while address:
        html = ben.get(address).text
        seen += re.findall(r'<li class="audit-row" id="event-(\d+)"', html)
        older = re.search(r'href="(/audit\?before=[^"]+)" rel="next"', html)
        assert ("Back to the newest" in html) == (address != "/audit") and len(rows(html)) <= 50
        address = older[1] if older else ""
    assert len(seen) == len(set(seen)) == 111 and seen == sorted(seen, key=int, reverse=True)


def test_what_comes_meanwhile_is_counted_and_moves_nothing(
    ben: FlaskClient, desk: Desk, lane: ToolApproval
) -> None:
    html = ben.get("/audit").text
    news = re.search(r'hx-get="(/audit/news\?after=[^"]+)"', html)
    assert news and "lanes from:body" in html and "inbox from:body" in html
    quiet = ben.get(news[1], headers=HTMX)
    assert "new-pill" not in quiet.text
    again = ben.get(news[1], headers={**HTMX, "If-None-Match": quiet.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    desk.pending()
    told = ben.get(news[1], headers=HTMX).text
    assert "2 new — show" in told and 'href="/audit"' in told
    narrowed = re.search(r'hx-get="(/audit/news\?[^"]+)"', ben.get("/audit?tool=refund").text)
    assert narrowed and "new-pill" not in ben.get(narrowed[1].replace("&amp;", "&"), headers=HTMX).text
    for _ in range(50):
        desk.pending()
    assert "99+ new — show" in ben.get(news[1], headers=HTMX).text


def test_nothing_fits_is_said_with_the_way_back(ben: FlaskClient, cast: Cast) -> None:
    assert "signed in" in ben.get("/audit").text
    narrowed = ben.get("/audit?actor=operator:99").text
    assert "Nothing fits" in narrowed and 'href="/audit">Show everything' in narrowed
    assert "Someone who left" in narrowed


@pytest.mark.parametrize(
    "query",
    ["event=nonsense", "event=%27", "from=tomorrow", "from=2026-13-01", "to=99999-01-01",
     "from=2026-02-02&to=2026-02-01",
     "conversation=x", "conversation=0", "conversation=" + "9" * 30, "proposal=-1", "proposal=%D9%A3", "envelope=x",
     "before=x", "before=zzzzzzzzzzzz-1", "actor=" + "x" * 201, "tool=" + "x" * 201, "actor=%00"],
)  # fmt: skip
def test_a_wrong_address_is_a_sentence(ben: FlaskClient, query: str) -> None:
    for path in ("/audit", "/audit.csv", "/audit.jsonl", "/audit/news"):
        if query.startswith("before") and path != "/audit":
            continue
        answer = ben.get(f"{path}?{query}")
        assert answer.status_code == 400 and "Traceback" not in answer.text


READ = [
    lambda who: trail.page(who, Filters()),
    lambda who: trail.newer(who, Filters(), "1-1"),
    lambda who: trail.event(who, 1),
    lambda who: trail.walk(who, Filters()),
]


@pytest.mark.parametrize("read", READ)
def test_every_operator_may_read_and_nobody_else(
    client: FlaskClient, cast: Cast, desk: Desk, as_: As, read: Callable[[Operator], Any]
) -> None:
    desk.pending()
    for who in (cast.ada, cast.ben, cast.cleo):
        read(who)
    cast.cleo.active = False
    with pytest.raises(Forbidden):
        read(cast.cleo)
    db.session.rollback()
    for path in ("/audit", "/audit.csv", "/audit.jsonl", "/audit/news?after=1-1", "/audit/events/1"):
        assert as_("cleo").get(path).status_code == 200
        assert client.get(path).headers["Location"].startswith("/login?next=/audit")


def test_a_file_holds_what_the_filters_find(ben: FlaskClient, lane: ToolApproval) -> None:
    answer = ben.get("/audit.csv?proposal=2")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="audit-[\d-]+\.csv"', answer.headers["Content-Disposition"])
    [rejected, asked, created] = csv.DictReader(io.StringIO(answer.text))
    assert rejected["said"] == "Cleo Marchetti rejected: Adjustment of 1."
    assert rejected["reason"] == "<b>Not</b> today, thank you." and rejected["actor"] == "operator:3"
    assert (rejected["event"], rejected["tool"], rejected["sequence"]) == ("rejected", "adjust", "3")
    assert (rejected["prev_hash"], created["lane_id"]) == (asked["hash"], "")
    whole = ben.get("/audit.jsonl")
    facts = [json.loads(line) for line in whole.text.splitlines()]
    assert len(facts) == 11 and facts[0]["details"] == {"api_token": "••••••••", "attempts": 1}
    assert facts[0]["envelope_id"] == str(ENVELOPE) and facts[0]["at"].endswith("+00:00")
    assert "sesame" not in whole.text and whole.headers["Content-Type"].startswith("application/jsonl")
