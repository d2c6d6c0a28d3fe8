"""Every screen, light and dark, wide and narrow, looked at by axe: WCAG A and AA up to 2.2, and its best practices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect
from sqlalchemy import delete

from console import governance, outbound
from console.db import db, transaction
from console.models import SignIn, ToolApproval
from console.outbound import BatchTooLarge
from tests.browser.conftest import Server
from tests.conftest import Cast
from tests.desk import Desk
from tests.outbound.desk import Outbox

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": RULES}
Looks = tuple[tuple[ViewportSize, Literal["light", "dark"]], ...]
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


def look(page: Page) -> list[str]:
    """What axe finds on the page as it stands."""
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


ALL = ((WIDE, "light"), (WIDE, "dark"), (PHONE, "light"), (PHONE, "dark"))
CROSSED = ((WIDE, "light"), (PHONE, "dark"))


def accept(page: Page, looks: Looks = ALL) -> None:
    """No violation in either width, light or dark."""
    for size, theme in looks:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        assert look(page) == [], f"{page.url} at {size['width']} px, {theme}"


@pytest.fixture
def every_state(desk: Desk) -> ToolApproval:
    """A conversation with a card in each state; the lane of the last one, which waits for its second click."""
    failed, unknown, executed = (desk.to_run(amount=number) for number in (1, 2, 3))
    for lane, state, came_to in (
        (failed, "execution_failed", "failed"),
        (unknown, "execution_failed", "unknown"),
        (executed, "executed", "succeeded"),
    ):
        desk.tamper("UPDATE tool_approvals SET status = :s WHERE id = :id", s=state, id=lane.id)
        desk.tamper(
            "UPDATE tool_proposals SET status = :s WHERE id = :id", s=came_to, id=lane.tool_proposal_id
        )
    governance.reject(desk.pending(amount=4).id, desk.ben, reason="Not under warranty any more.")
    governance.defer(desk.pending(amount=5).id, desk.ben, reason="The bank confirms by Monday.")
    desk.approved(amount=6)
    desk.submit("adjust", amount="many")
    desk.pending(amount=7)
    return desk.pending("refund", amount=48)


def test_signing_in(context: BrowserContext, server: Server, cast: Cast) -> None:
    page = context.new_page()
    page.goto("/login")
    accept(page, CROSSED)
    page.get_by_label("Email").fill("ben@example.com")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    accept(page, CROSSED)


def test_the_inbox_in_every_view(sign_in: OpenPage, every_state: ToolApproval) -> None:
    page = sign_in("ben", "/inbox")
    accept(page)
    for query in (
        "view=needs_decision",
        "view=unassigned",
        "view=all",
        "view=mine",
        "view=resolved",
        "q=nothing",
    ):
        page.goto(f"/inbox?{query}")
        assert look(page) == [], query
    page.set_viewport_size(WIDE)
    page.locator("#inbox-assignee summary").click()
    assert look(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    assert look(page) == []


def test_a_conversation_with_cards_in_every_state_and_everything_opened(
    sign_in: OpenPage, every_state: ToolApproval, cast: Cast
) -> None:
    page = sign_in("ben", f"/conversations/{cast.conversation.id}")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.evaluate("location.hash = 'rail'")
    card = page.get_by_role("article", name="Refund of 48")
    card.get_by_role("button", name="Reject").click()
    assert look(page) == []
    card.get_by_role("button", name="Approve").click()
    for fold in page.locator("article .fold:not([open]) > summary").all()[:4]:
        fold.click()
    form = page.locator("#propose-cancel_pending_order")
    form.locator("summary").click()
    form.locator("form").evaluate("form => { form.noValidate = true }")
    form.locator("[type=submit]").click()
    expect(form.locator(".field__error").first).to_be_visible()
    accept(page)


def test_the_page_of_one_action(sign_in: OpenPage, every_state: ToolApproval) -> None:
    page = sign_in("ben", f"/lanes/{every_state.id}")
    accept(page)


def test_a_selection_with_its_bar_and_menu(sign_in: OpenPage, every_state: ToolApproval) -> None:
    page = sign_in("ben", "/inbox")
    page.locator(".inbox-row__pick").first.click()
    accept(page)
    page.locator("#selection-assign summary").click()
    accept(page, CROSSED)


def test_a_bulk_send_from_the_choice_to_the_end(sign_in: OpenPage, outbox: Outbox) -> None:
    ids = [*outbox.conversations(6), outbox.conversation("Bob", status="open")]
    many = ",".join(map(str, [*ids, *range(10**6, 10**6 + 24)]))
    page = sign_in("ben", f"/bulk/new?conversation_ids={','.join(map(str, ids))}")
    accept(page, CROSSED)
    page.get_by_role("button", name="Preview “Lost pallet”").click()
    page.locator("#send-more summary").click()
    expect(page.get_by_text("1 left out")).to_be_visible()
    accept(page)
    page.get_by_role("button", name="Send to 6 customers").click()
    expect(page.get_by_role("heading", name="6 messages leave in")).to_be_visible()
    outbox.tamper("UPDATE bulk_envelopes SET send_after = now() + interval '1 hour'")
    page.reload()
    accept(page)
    outbox.tamper("UPDATE bulk_envelopes SET send_after = now() - interval '1 hour'")
    states = ("pending", "sending", "sent", "failed", "uncertain", "cancelled")
    for delivery, state in zip(outbox.deliveries(), states, strict=True):
        change = (
            "UPDATE deliveries SET state = :s, claim_id = 1, reason = 'The mailbox is full.' WHERE id = :id"
        )
        outbox.tamper(change, s=state, id=delivery.id)
    page.reload()
    accept(page)
    page.goto(f"/bulk/new?conversation_ids={many}")
    page.get_by_role("button", name="Preview “Lost pallet”").click()
    expect(page.get_by_role("heading", name="31 is six more than one send may hold")).to_be_visible()
    accept(page)
    with pytest.raises(BatchTooLarge):
        outbox.bulk(list(range(1, 32)))
    page.goto("/bulk")
    accept(page)
    page.get_by_role("link", name="31 is six more").first.click()
    accept(page, CROSSED)
    page.goto("/bulk?status=submitted&before=00000000-0000-0000-0000-000000000000")
    accept(page, CROSSED)


def test_followups_in_a_conversation(sign_in: OpenPage, outbox: Outbox) -> None:
    number = outbox.conversation("Sofia Marin")
    outbox.trigger(number)
    for state in ("sent", "uncertain"):
        outbox.tamper("UPDATE deliveries SET state = :s, reason = 'Nobody answered.'", s=state)
    page = sign_in("ben", f"/conversations/{number}")
    page.evaluate("location.hash = 'rail-followup'")
    page.get_by_role("link", name="Send a follow-up…").click()
    page.locator("#followup-template").select_option(label="Lost pallet")
    page.get_by_label("Later").check()
    accept(page)
    page.goto(f"/conversations/{number}/followups/new?template_id={outbox.template_id}")
    accept(page, CROSSED)


def test_templates(sign_in: OpenPage, outbox: Outbox) -> None:
    outbox.conversation("Sofia Marin")
    outbound.change_template(outbox.template_id, outbox.ada, name="Lost pallet", subject="A", body="B")
    page = sign_in("ada", "/admin/templates")
    accept(page)
    page.goto("/admin/templates?archived=1")
    accept(page, CROSSED)
    page.goto(f"/admin/templates/{outbox.template_id}?version=1")
    accept(page, CROSSED)
    page.goto(f"/admin/templates/{outbox.template_id}")
    accept(page)
    page.locator("#template-body").fill("{{ nothing }}")
    page.get_by_role("button", name="Save version 3").click()
    expect(page.locator(".field__error")).to_be_visible()
    accept(page)


def test_the_queue_of_approvals(sign_in: OpenPage, every_state: ToolApproval, cast: Cast, desk: Desk) -> None:
    with transaction():
        cast.iris.scopes = []
        db.session.add(cast.iris)
    desk.submit("refund", desk.ben)
    page = sign_in("ada", "/approvals")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    accept(page)
    page.set_viewport_size(WIDE)
    page.keyboard.press("d")
    page.locator("#queue-tool summary").click()
    accept(page, CROSSED[:1])
    # On a phone an open menu lies over what is below it, and leaves a part of a button free.
    page.locator("#queue-tool summary").click()
    accept(page, CROSSED[1:])
    for query in ("whose=asked", "whose=all&tool=nothing", f"lane={every_state.id}", "after=zzzzzzzzzz-zz"):
        page.goto(f"/approvals?{query}")
        assert look(page) == [], query


def test_stale_lanes_and_ending_them(sign_in: OpenPage, every_state: ToolApproval, desk: Desk) -> None:
    desk.tamper(
        "UPDATE tool_approvals SET created_at = now() - interval '30 hours', updated_at = now() - interval '1 hour'"
    )
    page = sign_in("ada", "/admin/lanes")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    accept(page)
    page.goto(f"/admin/lanes/expiry?lane_ids={every_state.id},1,4711")
    accept(page, CROSSED)
    page.get_by_role("button", name="Expire it").click()
    page.wait_for_url("**/expired?**")
    accept(page, CROSSED)
    page.goto("/admin/lanes?kind=overdue")
    assert look(page) == []


def test_a_problem_and_an_ended_sign_in(sign_in: OpenPage, cast: Cast) -> None:
    page = sign_in("ben", f"/conversations/{cast.conversation.id}")
    db.session.execute(delete(SignIn))
    db.session.commit()
    page.get_by_label("Your message").fill("Half a sentence")
    expect(page.get_by_role("dialog", name="Sign in again to go on")).to_be_visible()
    accept(page, CROSSED)
    page.goto("/nothing-here")
    accept(page, CROSSED)
