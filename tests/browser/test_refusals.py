"""What refusals, updates and long words leave alone: the open form, the focus, a field's size, the page's width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console import conversations
from console.db import db
from console.models import Customer
from tests.conftest import Cast
from tests.desk import Desk

pytestmark = pytest.mark.browser
SignIn = Callable[..., Page]
SIDEWAYS = """() => [document.scrollingElement, ...document.querySelectorAll('main, .scroll')]
  .filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.id || part.tagName)"""


def live(page: Page) -> Page:
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    return page


def test_a_refused_form_stays_open_and_gives_the_focus_to_its_error_once(
    sign_in: SignIn, cast: Cast, desk: Desk
) -> None:
    page = live(sign_in("ben", f"/conversations/{cast.conversation.id}"))
    tool = page.locator("#propose-cancel_pending_order")
    tool.locator("summary").click()
    tool.locator("form").evaluate("form => { form.noValidate = true }")
    tool.locator("[type=submit]").click()
    expect(tool.locator(".field__error").first).to_be_visible()
    expect(tool.locator("[aria-invalid]").first).to_be_focused()
    page.get_by_label("Your message").focus()
    desk.pending(amount=3)
    expect(page.get_by_role("article", name="Adjustment of 3")).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_focused()


def test_an_empty_reason_leaves_its_panel_open(sign_in: SignIn, cast: Cast, desk: Desk) -> None:
    lane = desk.pending()
    page = live(sign_in("ben", f"/conversations/{cast.conversation.id}"))
    page.get_by_role("article", name="Adjustment of 1").get_by_role("button", name="Reject").click()
    page.keyboard.type("   ")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Say why, in a few words.")).to_be_visible()
    expect(page.locator(f"#lane-{lane.id}-rejection")).to_be_focused()


def test_a_field_keeps_the_size_it_was_drawn_to(sign_in: SignIn, cast: Cast, desk: Desk) -> None:
    lane = desk.pending()
    page = live(sign_in("ben", f"/conversations/{cast.conversation.id}"))
    page.get_by_role("article", name="Adjustment of 1").get_by_role("button", name="Reject").click()
    field = page.locator(f"#lane-{lane.id}-rejection")
    field.evaluate("field => { field.style.height = '150px' }")
    desk.pending(amount=2)
    expect(page.get_by_role("article", name="Adjustment of 2")).to_be_visible()
    assert field.evaluate("field => field.style.height") == "150px"


def test_escape_closes_first_and_then_goes_back(sign_in: SignIn, cast: Cast, desk: Desk) -> None:
    desk.pending()
    page = live(sign_in("ben", f"/conversations/{cast.conversation.id}"))
    page.get_by_role("article", name="Adjustment of 1").get_by_role("button", name="Reject").click()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Why not?")).to_be_hidden()
    page.locator("#assign-menu summary").click()
    page.keyboard.press("Escape")
    expect(page.locator("#assign-menu")).not_to_have_attribute("open", "")
    assert page.url.endswith(f"/conversations/{cast.conversation.id}")
    page.keyboard.press("Escape")
    page.wait_for_url("**/inbox")


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_nothing_scrolls_sideways(sign_in: SignIn, cast: Cast, width: int) -> None:
    long = Customer(name="N" * 200, email=f"{'e' * 200}@example.com")
    db.session.add(long)
    db.session.commit()
    found = conversations.start(long, "x" * 300, "y" * 600)
    conversations.receive(found.id, "שלום " * 40)
    page = sign_in("ben", "/inbox")
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/inbox", f"/conversations/{found.id}", f"/conversations/{found.id}#rail"):
        page.goto(path)
        assert page.evaluate(SIDEWAYS) == [], path
        assert page.evaluate("document.scrollingElement.scrollHeight <= innerHeight"), path
