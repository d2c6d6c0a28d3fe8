"""The inbox in a real browser: rows stay under the pointer, and come by themselves when nobody points at them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console import conversations
from tests.conftest import Cast

pytestmark = pytest.mark.browser
SignIn = Callable[..., Page]


@pytest.fixture
def inbox(sign_in: SignIn, cast: Cast) -> Page:
    for number in range(30):
        conversations.start(cast.riya, f"Question {number}", "Hello")
    page = sign_in("ben", "/inbox")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.mouse.move(5, 5)
    return page


def first_row(page: Page) -> str:
    return page.locator("[data-row] .inbox-row__subject").first.inner_text()


def test_new_activity_comes_by_itself_when_nobody_points(inbox: Page, cast: Cast) -> None:
    conversations.receive(cast.conversation.id, "Is there any news?")
    expect(inbox.locator("[data-row]").first).to_contain_text("Is there any news?")
    expect(inbox.locator("#inbox-new")).to_be_hidden()


def test_rows_stay_under_the_pointer_until_asked(inbox: Page, cast: Cast) -> None:
    inbox.locator("[data-row]").nth(3).hover()
    before = first_row(inbox)
    conversations.receive(cast.conversation.id, "Is there any news?")
    conversations.start(cast.riya, "Something else", "Hello")
    pill = inbox.get_by_role("button", name="2 new — show")
    expect(pill).to_be_visible()
    assert first_row(inbox) == before
    pill.click()
    expect(inbox.locator("[data-row]").first).to_contain_text("Something else")
    expect(pill).to_be_hidden()


def test_what_waited_comes_once_the_pointer_leaves(inbox: Page, cast: Cast) -> None:
    inbox.locator("[data-row]").nth(3).hover()
    conversations.start(cast.riya, "Something else", "Hello")
    expect(inbox.get_by_role("button", name="1 new — show")).to_be_visible()
    inbox.mouse.move(5, 5)
    expect(inbox.locator("[data-row]").first).to_contain_text("Something else")


def test_words_inside_rows_change_even_under_the_pointer(inbox: Page, cast: Cast) -> None:
    inbox.locator("[data-row]").first.hover()
    newest = int((inbox.locator("[data-row]").first.get_attribute("id") or "").removeprefix("row-"))
    conversations.assign(newest, cast.ada.actor_id, cast.ada.id)
    expect(inbox.locator("[data-row]").first).to_contain_text("Ada")
    expect(inbox.locator("#inbox-new")).to_be_hidden()


def test_the_list_is_walked_by_keys_and_does_not_move_below_them(inbox: Page, cast: Cast) -> None:
    inbox.keyboard.press("j")
    inbox.keyboard.press("j")
    focused = "document.activeElement.closest('[data-row]')?.id"
    row = inbox.evaluate(focused)
    assert row == inbox.locator("[data-row]").nth(1).get_attribute("id")
    conversations.start(cast.riya, "Something else", "Hello")
    expect(inbox.get_by_role("button", name="1 new — show")).to_be_visible()
    assert inbox.evaluate(focused) == row
    inbox.keyboard.press("Enter")
    inbox.wait_for_url(f"**/conversations/{row.removeprefix('row-')}")


def test_twenty_rows_fit_a_desk_screen_and_nothing_scrolls_sideways(inbox: Page) -> None:
    whole = """[...document.querySelectorAll('[data-row]')].filter((row) => {
        const box = row.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; }).length"""
    assert inbox.evaluate(whole) >= 20
    for width in (1440, 1024, 768, 390, 320):
        inbox.set_viewport_size({"width": width, "height": 800})
        assert inbox.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    inbox.locator("#inbox-assignee summary").click()
    expect(inbox.get_by_role("link", name="Nobody", exact=True)).to_be_in_viewport()
