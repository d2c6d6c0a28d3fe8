"""Selecting in the inbox, in a real browser: with the pointer, with keys, across pages and under live updates."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console import conversations
from tests.browser.conftest import Visit, enter
from tests.conftest import Cast

pytestmark = pytest.mark.browser
SignIn = Callable[..., Page]


@pytest.fixture
def inbox(sign_in: SignIn, cast: Cast) -> Page:
    """Sixty open conversations and three resolved ones of people with names."""
    for name in ("Sofia Marin", "Kwame Boateng", "Elin Strand", "Otto Kranz"):
        done = conversations.start(conversations.customer_known_as(name=name), f"Thanks, says {name}", "Ok")
        conversations.resolve(done.id, cast.ben.actor_id)
    for number in range(60):
        conversations.start(cast.riya, f"Question {number}", "Hello")
    page = sign_in("ben", "/inbox")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.mouse.move(5, 5)
    return page


def box(page: Page, number: int) -> str:
    return page.locator("[data-row] .check__box").nth(number).get_attribute("value") or ""


def ticked(page: Page) -> list[int]:
    """The rows that are ticked, by their place."""
    every = "boxes => boxes.flatMap((box, at) => box.checked ? [at] : [])"
    found: list[int] = page.locator("[data-row] .check__box").evaluate_all(every)
    return found


def tick(page: Page, *places: int) -> None:
    for place in places:
        page.locator(".inbox-row__pick").nth(place).click()


def says(page: Page, words: str) -> None:
    expect(page.locator(".bulk-bar__where")).to_have_text(words)


def test_a_click_ticks_a_row_and_shift_ticks_all_between(inbox: Page) -> None:
    expect(inbox.locator("#selection")).to_be_hidden()
    tick(inbox, 2)
    inbox.locator(".inbox-row__pick").nth(5).click(modifiers=["Shift"])
    assert ticked(inbox) == [2, 3, 4, 5]
    expect(inbox.locator(".bulk-bar__count")).to_have_text("4 selected")
    inbox.locator(".inbox-row__pick").nth(3).click()
    inbox.locator(".inbox-row__pick .check__box").nth(1).click(modifiers=["Shift"])
    assert ticked(inbox) == [1, 2, 3, 4, 5]


def test_keys_tick_rows_and_ranges_and_escape_lets_go(inbox: Page) -> None:
    for key in ("j", "j", "x", "j", "j", "Shift+X"):
        inbox.keyboard.press(key)
    assert ticked(inbox) == [1, 2, 3]
    inbox.keyboard.press("x")
    assert ticked(inbox) == [1, 2]
    inbox.keyboard.press("Escape")
    assert ticked(inbox) == []
    expect(inbox.locator("#selection")).to_be_hidden()


def test_enter_on_a_box_opens_its_row_and_presses_no_button(inbox: Page) -> None:
    tick(inbox, 0)
    where = f"**/conversations/{box(inbox, 0)}"
    inbox.keyboard.press("Enter")
    inbox.wait_for_url(where)


def test_the_box_above_ticks_the_page_and_shows_when_only_some_are(inbox: Page) -> None:
    all_rows = inbox.get_by_label("Select all 50 on this page")
    all_rows.check()
    assert len(ticked(inbox)) == 50
    tick(inbox, 7)
    assert all_rows.evaluate("box => [box.checked, box.indeterminate]") == [False, True]
    all_rows.check()
    all_rows.uncheck()
    assert ticked(inbox) == []


def test_a_selection_outlives_pages_views_filters_and_searches(inbox: Page) -> None:
    tick(inbox, 0)
    inbox.get_by_role("link", name="Older conversations").click()
    tick(inbox, 1)
    says(inbox, "1 on this page, 1 elsewhere: Riya Chen")
    inbox.get_by_role("link", name="Resolved 4").click()
    tick(inbox, 0, 1, 2, 3)
    says(inbox, "4 on this page, 2 elsewhere: Riya Chen, Riya Chen")
    inbox.goto("/inbox?q=Thanks")
    assert ticked(inbox) == [0, 1, 2, 3]
    inbox.goto("/inbox?channel=email")
    says(inbox, "1 on this page, 5 elsewhere: Riya Chen, Otto Kranz, Elin Strand, +2")
    expect(inbox.get_by_role("button", name="Resolve 2")).to_be_enabled()
    expect(inbox.get_by_role("button", name="Follow up with 4")).to_be_enabled()
    inbox.reload()
    assert ticked(inbox) == [0]


def test_live_updates_keep_the_ticks_with_their_rows(inbox: Page, cast: Cast) -> None:
    tick(inbox, 1, 4)
    chosen = {box(inbox, 1), box(inbox, 4)}
    inbox.evaluate("document.activeElement.blur()")
    inbox.mouse.move(5, 5)
    conversations.receive(int(box(inbox, 4)), "Is there any news?")
    expect(inbox.locator("[data-row]").first).to_contain_text("Is there any news?")
    assert {box(inbox, place) for place in ticked(inbox)} == chosen
    assert ticked(inbox) == [0, 2]


def test_one_that_comes_back_onto_the_page_is_still_ticked(inbox: Page, cast: Cast) -> None:
    inbox.get_by_role("link", name="Older conversations").click()
    tick(inbox, 0)
    chosen = box(inbox, 0)
    inbox.get_by_role("link", name="Back to the newest").click()
    inbox.mouse.move(5, 5)
    says(inbox, "none on this page, 1 elsewhere: Riya Chen")
    conversations.receive(int(chosen), "Is there any news?")
    expect(inbox.locator(f"#pick-{chosen}")).to_be_checked()
    says(inbox, "all on this page")


def test_resolving_a_selection_says_so_and_lets_go_of_it(inbox: Page, cast: Cast) -> None:
    tick(inbox, 0, 1, 2)
    conversations.resolve(int(box(inbox, 2)), cast.ada.actor_id)
    inbox.keyboard.press("e")
    expect(inbox.locator("#toasts")).to_contain_text("2 resolved, 1 was already.")
    expect(inbox.locator("#selection")).to_be_hidden()
    expect(inbox.get_by_role("link", name="Resolved 7")).to_be_visible()
    assert ticked(inbox) == []


def test_a_selection_is_given_to_a_colleague(inbox: Page) -> None:
    tick(inbox, 0, 1)
    inbox.get_by_text("Assign…").click()
    inbox.get_by_role("button", name="Cleo Marchetti").click()
    expect(inbox.locator("#toasts")).to_contain_text("2 assigned to Cleo Marchetti.")
    expect(inbox.locator("[data-row]").nth(1)).to_contain_text("Cleo")
    expect(inbox.locator("#selection-assign")).not_to_have_attribute("open", "")
    expect(inbox.locator("#inbox-scroll")).to_be_focused()


def test_a_refused_selection_stays_and_says_why(inbox: Page) -> None:
    tick(inbox, 0)
    kept = "Object.keys(sessionStorage).find((key) => key.startsWith('selection'))"
    many = "[...Array(201).keys()].map((n) => [String(n + 1), {name: 'R', resolved: false}])"
    # In one go: the page writes what it has chosen whenever it is refreshed.
    inbox.evaluate(f"sessionStorage.setItem({kept}, JSON.stringify({many})); location.reload()")
    inbox.get_by_role("button", name="Resolve 201").click()
    expect(inbox.locator("#selection").get_by_role("alert")).to_contain_text("at most 200")
    expect(inbox.locator(".bulk-bar__count")).to_have_text("201 selected")


def test_another_operator_in_the_same_tab_has_another_selection(inbox: Page) -> None:
    tick(inbox, 0)
    inbox.context.clear_cookies()
    enter(inbox, "cleo", "/inbox")
    assert ticked(inbox) == []


def test_twenty_rows_fit_beside_the_open_bar(inbox: Page) -> None:
    tick(inbox, 0)
    whole = """[...document.querySelectorAll('[data-row]')].filter((row) => {
        const box = row.getBoundingClientRect(), bar = document.querySelector('#selection').getBoundingClientRect();
        return box.top >= 0 && box.bottom <= bar.top; }).length"""
    assert inbox.evaluate(whole) >= 20
    for width in (1440, 1024, 768, 390, 320):
        inbox.set_viewport_size({"width": width, "height": 800})
        assert inbox.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


def test_without_javascript_the_page_is_a_form(visit: Visit) -> None:
    page = visit("ben", "/inbox", script=False)
    expect(page.locator("#selection")).to_be_hidden()
    page.locator(".inbox-row__pick").first.click()
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator("#toasts")).to_contain_text("1 resolved.")
