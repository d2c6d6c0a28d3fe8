"""Ctrl-K: everything that can be done from here, by a few letters."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from console.db import db
from console.models import Conversation
from tests.browser.conftest import SignIn
from tests.conftest import Cast

pytestmark = pytest.mark.browser


@pytest.fixture
def page(sign_in: SignIn, cast: Cast) -> Page:
    return sign_in("ben", f"/conversations/{cast.conversation.id}")


def test_a_room_is_two_letters_away(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("approv")
    expect(page.locator("#palette").get_by_role("option")).to_have_count(2)
    page.keyboard.press("Enter")
    page.wait_for_url("**/approvals")


def test_an_admin_finds_what_is_stale_from_any_page(sign_in: SignIn, cast: Cast) -> None:
    page = sign_in("ada", "/inbox")
    page.keyboard.press("Control+k")
    page.keyboard.type("stale")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/lanes")


def test_the_rooms_of_admins_are_offered_to_nobody_else(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("stale")
    expect(page.locator("#palette").get_by_role("option")).to_have_count(1)


def test_what_has_a_key_on_this_page_is_offered_and_done(page: Page, cast: Cast) -> None:
    page.locator("#message").fill("Half typed")
    page.keyboard.press("Control+k")
    page.keyboard.type("resol")
    expect(page.locator("#palette").get_by_role("option", selected=True)).to_contain_text("Resolve")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-head")).to_contain_text("Reopen")
    expect(page.locator("#message")).to_have_value("Half typed")
    db.session.rollback()
    assert db.session.get_one(Conversation, cast.conversation.id, populate_existing=True).status == "resolved"


def test_what_is_no_command_is_searched_for(page: Page) -> None:
    page.get_by_role("button", name="Commands").click()
    page.keyboard.type("charged twice")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox?q=charged%20twice")
    expect(page.get_by_role("link", name="Charged twice", exact=True)).to_be_visible()


def test_escape_closes_it_and_nothing_is_done(page: Page) -> None:
    page.locator("#message").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("resolve")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#message")).to_be_focused()
    expect(page.locator("#thread-head")).not_to_contain_text("Reopen")
