"""Every address that shows a page, looked at by axe, light and dark: a new one fails here until it is listed."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from console import outbound, people
from console.db import db
from console.models import AuditEvent
from tests.browser.conftest import SignIn
from tests.browser.test_accessibility import CROSSED, accept
from tests.conftest import Cast
from tests.desk import Desk
from tests.outbound.desk import Outbox

pytestmark = pytest.mark.browser

NO_PAGES = {
    "/", "/admin", "/login/oidc", "/login/oidc/back",  # on to another
    "/audit.csv", "/audit.jsonl", "/healthz", "/readyz", "/metrics", "/live", "/static/<path:filename>",
    # Parts of pages, which are looked at with them.
    "/navigation", "/approvals/focus", "/lanes/<int:lane_id>/history", "/audit/news",
    "/conversations/<int:conversation_id>/header", "/conversations/<int:conversation_id>/typing",
    "/conversations/<int:conversation_id>/timeline", "/conversations/<int:conversation_id>/rail",
}  # fmt: skip
PAGES = (
    "/login",
    "/password",
    "/account",
    "/inbox",
    "/conversations/<int:conversation_id>",
    "/conversations/<int:conversation_id>/followups/new",
    "/lanes/<int:lane_id>",
    "/approvals",
    "/audit",
    "/audit/events/<int:event_id>",
    "/bulk",
    "/bulk/new",
    "/bulk/<uuid:envelope_id>",
    "/bulk/preview/<uuid:envelope_id>",
    "/bulk/preview/<uuid:envelope_id>/recipients",
    "/admin/lanes",
    "/admin/lanes/expiry",
    "/admin/lanes/expired",
    "/admin/people",
    "/admin/people/new",
    "/admin/people/<int:operator_id>",
    "/admin/people/agents/new",
    "/admin/people/agents/<name>",
    "/admin/policy",
    "/admin/templates",
    "/admin/templates/new",
    "/admin/templates/<int:template_id>",
)


@pytest.fixture
def places(outbox: Outbox, desk: Desk, cast: Cast) -> dict[str, str]:
    """An address for each page, on a desk where something waits, was sent and was refused."""
    lane = desk.pending("refund", amount=48)
    envelope = outbox.submitted(3)
    preview = outbound.preview(outbox.conversations(8), template_id=outbox.template_id, actor=outbox.ada)
    resolved = outbox.conversation("Sofia Marin")
    _, link = people.make_link(cast.cleo.id, cast.ada.actor_id)
    event = db.session.scalars(select(AuditEvent.id)).first()
    numbers = {
        "<int:conversation_id>": cast.conversation.id,
        "<int:lane_id>": lane.id,
        "<int:event_id>": event,
        "<uuid:envelope_id>": envelope.id,
        "<int:operator_id>": cast.ben.id,
        "<name>": "iris",
        "<int:template_id>": outbox.template_id,
    }
    found = {}
    for page in PAGES:
        found[page] = page
        for name, number in numbers.items():
            found[page] = found[page].replace(name, str(number))
    found["/password"] += f"?token={link}"
    found["/bulk/new"] += f"?conversation_ids={resolved}"
    found["/conversations/<int:conversation_id>/followups/new"] = f"/conversations/{resolved}/followups/new"
    for page in PAGES:
        if page.startswith("/bulk/preview"):
            found[page] = page.replace("<uuid:envelope_id>", str(preview.envelope_id))
    for page in ("/admin/lanes/expiry", "/admin/lanes/expired"):
        found[page] += f"?lane_ids={lane.id},4711"
    return found


def test_every_page_is_listed(app: Flask) -> None:
    answers_get = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    unlisted = {
        rule for rule in answers_get - NO_PAGES - set(PAGES) if not rule.startswith(("/assets/", "/live"))
    }
    assert not unlisted, "list them in PAGES, or in NO_PAGES when they show none"
    assert set(PAGES) <= answers_get


def test_no_page_has_a_violation_or_scrolls_sideways(sign_in: SignIn, places: dict[str, str]) -> None:
    page = sign_in("ada", "/inbox")
    # Each page as it opens: what is open, wrong or empty on one is looked at with its own tests.
    for pattern, address in places.items():
        answer = page.goto(address)
        assert answer is not None and answer.status == 200, address
        if pattern == "/login":
            continue  # Leads on when one is signed in; it is looked at by itself.
        accept(page, CROSSED)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{address} is {width} px wide on a phone"
