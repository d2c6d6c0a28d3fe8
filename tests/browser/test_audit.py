"""The audit log in a real browser: walked by keys, opened in place, and never moved by what comes meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console import governance
from tests.browser.test_accessibility import PHONE, WIDE, accept, look
from tests.desk import Desk

pytestmark = pytest.mark.browser
SignIn = Callable[..., Page]


@pytest.fixture
def log(sign_in: SignIn, desk: Desk) -> Page:
    """Ben's view of what Iris asked and Cleo rejected."""
    for number in range(1, 25):
        desk.pending("refund", amount=number)
    governance.reject(desk.pending().id, desk.cleo, reason="Not under warranty any more. " * 12)
    page = sign_in("ben", "/audit")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    return page


def test_the_log_is_walked_by_keys_and_a_card_opened(log: Page) -> None:
    for _ in range(3):
        log.keyboard.press("j")
    row = log.evaluate("document.activeElement.closest('[data-row]').id")
    assert row == log.locator("[data-row]").nth(2).get_attribute("id")
    log.keyboard.press("k")
    log.keyboard.press("Enter")
    log.wait_for_url("**/lanes/25")


def test_what_comes_meanwhile_is_counted_and_moves_no_row(log: Page, desk: Desk) -> None:
    first = log.locator("[data-row]").first.get_attribute("id")
    desk.pending()
    news = log.get_by_role("link", name="2 new — show")
    expect(news).to_be_visible()
    assert log.locator("[data-row]").first.get_attribute("id") == first
    news.click()
    expect(log.locator("[data-row]").first).not_to_have_id(first or "")
    expect(log.locator("#audit-news a")).to_have_count(0)


def test_details_open_in_place_by_keyboard_and_lead_to_the_whole_trail(log: Page) -> None:
    log.keyboard.press("j")  # that Ben signed in
    log.keyboard.press("j")
    log.keyboard.press("Tab")
    log.keyboard.press("Tab")
    log.keyboard.press("Enter")
    facts = log.locator(".audit-facts")
    expect(facts).to_contain_text("Place in its trail")
    facts.get_by_text("Raw details").or_(
        facts.get_by_role("link", name="The whole trail of this action")
    ).last.click()
    log.wait_for_url("**/audit?proposal=25")
    expect(log.locator("[data-row]")).to_have_count(3)


def test_filters_are_links_and_a_time_is_a_form(log: Page) -> None:
    log.locator("#audit-actor summary").click()
    log.get_by_role("link", name="Cleo Marchetti").click()
    expect(log.locator("[data-row]")).to_have_count(1)
    log.locator("#audit-time summary").click()
    log.get_by_label("From").fill("2020-01-01")
    log.get_by_label("To, this day included").fill("2020-01-02")
    log.get_by_role("button", name="Show these days").click()
    expect(log.get_by_text("No event fits these filters.")).to_be_visible()
    log.get_by_role("link", name="Show everything").click()
    expect(log.locator("[data-row]")).to_have_count(50)


def test_a_file_is_downloaded_under_a_name_that_says_when(log: Page) -> None:
    log.locator("#audit-export summary").click()
    with log.expect_download() as download:
        log.get_by_role("link", name="As CSV, for a spreadsheet").click()
    assert download.value.suggested_filename.startswith("audit-20")
    assert len(download.value.path().read_text().splitlines()) == 53


def test_nothing_scrolls_sideways_and_long_reasons_stay_on_their_line(log: Page) -> None:
    for width in (1440, 1024, 768, 390, 320):
        log.set_viewport_size({"width": width, "height": 800})
        assert log.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    log.set_viewport_size(WIDE)
    heights = log.evaluate(
        "[...new Set([...document.querySelectorAll('[data-row]')].map((row) => row.offsetHeight))]"
    )
    assert heights == [36]


def test_the_log_in_every_look_has_no_violation(log: Page) -> None:
    accept(log)
    log.set_viewport_size(WIDE)
    log.locator(".audit-row__summary").nth(1).click()
    expect(log.locator(".audit-facts")).to_be_visible()
    log.locator("#audit-event summary").click()
    accept(log)
    log.locator("#audit-time summary").click()
    assert look(log) == []
    for address in ("/audit?actor=operator:99", "/audit?proposal=1", "/audit/events/1"):
        log.goto(address)
        log.set_viewport_size(PHONE)
        assert look(log) == [], address
