"""Nobody loses work to a live update, no update is missed, and a refusal is said where it was met."""

from __future__ import annotations

import time

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Change, Server
from tests.browser.conftest import SignIn as OpenPage


def number(page: Page, shown: int, within_ms: float = 2000) -> None:
    expect(page.locator("#number")).to_have_text(str(shown), timeout=within_ms)


def fetches(app: Flask) -> int:
    return int(app.extensions["console_redis"].get("workbench:fetches") or 0)


@pytest.mark.parametrize("failure", ["unreachable", "away"])
def test_a_refresh_that_failed_is_tried_again(bench: Page, change: Change, failure: str) -> None:
    def fail(route: Route) -> None:
        if failure == "unreachable":
            route.abort()
        else:
            route.fulfill(status=503, headers={"X-Problem": "unavailable"}, body="<p>Away</p>")

    bench.route("**/workbench/region", fail, times=1)
    change(number=2)
    number(bench, 2, within_ms=6000)
    expect(bench.get_by_text("Away")).to_have_count(0)


def test_typed_text_focus_and_caret_survive(bench: Page, change: Change) -> None:
    bench.locator("#reason").click()
    bench.keyboard.type("The bank voided the capture")
    bench.evaluate("document.querySelector('#reason').setSelectionRange(4, 8)")
    change(number=2, draft="The bank")
    number(bench, 2)
    reason = bench.locator("#reason")
    expect(reason).to_have_value("The bank voided the capture")
    expect(reason).to_be_focused()
    assert reason.evaluate("field => [field.selectionStart, field.selectionEnd]") == [4, 8]


def test_typed_text_survives_when_the_focus_is_elsewhere(bench: Page, change: Change) -> None:
    bench.locator("#reason").fill("Half a reason")
    bench.locator("#amount").fill("12.50")
    bench.locator("#colour").select_option("blue")
    bench.locator("#summary").focus()
    change(number=2, draft="Half a")
    number(bench, 2)
    expect(bench.locator("#reason")).to_have_value("Half a reason")
    expect(bench.locator("#amount")).to_have_value("12.50")
    expect(bench.locator("#colour")).to_have_value("blue")
    expect(bench.locator("#summary")).to_be_focused()


def test_untouched_fields_follow_the_server(bench: Page, change: Change) -> None:
    change(number=7, draft="Typed in another tab")
    number(bench, 7)
    expect(bench.locator("#reason")).to_have_value("Typed in another tab")
    expect(bench.locator("#amount")).to_have_value("7.00")


def test_open_details_stay_open_with_fresh_content(bench: Page, change: Change) -> None:
    bench.locator("#summary").click()
    change(number=3)
    number(bench, 3)
    expect(bench.get_by_text("Inside 3")).to_be_visible()


def test_a_selection_stays_with_its_row_when_rows_move(bench: Page, change: Change) -> None:
    bench.locator("#pick-2").check()
    bench.locator("#pick-2").focus()
    change(number=2, rows=[9, 8, 3, 2, 1])
    number(bench, 2)
    assert bench.locator("#bench input:checked").evaluate_all("boxes => boxes.map(box => box.id)") == [
        "pick-2"
    ]
    expect(bench.locator("#pick-2")).to_be_focused()


def test_the_scroll_position_stays(bench: Page, change: Change) -> None:
    change(rows=list(range(1, 80)))
    expect(bench.locator("#row-79")).to_be_attached()
    bench.locator("#row-40").scroll_into_view_if_needed()
    before = bench.evaluate("document.scrollingElement.scrollTop")
    assert before > 0
    change(number=2)
    number(bench, 2)
    assert bench.evaluate("document.scrollingElement.scrollTop") == before


def test_nothing_moves_between_pointer_down_and_click(bench: Page, change: Change) -> None:
    bench.evaluate("document.addEventListener('click', e => { window.pressed = e.target.id })")
    bench.locator("#press-1").hover()
    bench.mouse.down()
    change(number=2, rows=[9, 8, 7, 1, 2, 3])
    bench.wait_for_timeout(700)
    expect(bench.locator("#number")).to_have_text("1")
    bench.mouse.up()
    assert bench.evaluate("window.pressed") == "press-1"
    number(bench, 2)


def test_what_was_typed_about_a_decided_card_stays_ready_to_copy(bench: Page, change: Change) -> None:
    bench.locator("#reason").click()
    bench.keyboard.type("One apology is enough")
    change(number=2, decided=True)
    number(bench, 2)
    expect(bench.locator(".kept")).to_be_visible()
    expect(bench.locator("#reason")).to_have_value("One apology is enough")


def test_a_decided_card_keeps_nothing_when_nothing_was_typed(bench: Page, change: Change) -> None:
    change(number=2, decided=True)
    number(bench, 2)
    expect(bench.locator(".kept")).to_be_hidden()


def test_a_change_says_itself_politely(bench: Page, change: Change) -> None:
    change(number=5)
    expect(bench.locator("#announcer")).to_have_text("Number 5")


def test_a_burst_is_a_few_fetches_and_ends_fresh(bench: Page, change: Change, app: Flask) -> None:
    before = fetches(app)
    for count in range(2, 42):
        change(number=count)
    number(bench, 41)
    bench.wait_for_timeout(600)
    assert fetches(app) - before <= 6
    number(bench, 41)


def test_a_change_before_the_stream_opened_is_not_missed(sign_in: OpenPage, change: Change) -> None:
    page = sign_in("ben", "/workbench")
    page.route("**/live?*", lambda route: (change(announced=False, number=6), route.continue_()))
    page.reload()
    number(page, 6)


def test_a_restarted_server_leaves_no_gap(bench: Page, change: Change, server: Server) -> None:
    server.stop()
    try:
        expect(bench.locator("#connection")).to_have_attribute("data-state", "reconnecting", timeout=5000)
        change(number=8)
    finally:
        server.start()
    number(bench, 8, within_ms=1500)
    expect(bench.locator("#connection")).to_have_attribute("data-state", "live")


def test_a_hidden_tab_fetches_nothing_and_is_current_when_it_comes_back(
    bench: Page, change: Change, app: Flask
) -> None:
    _hide(bench, True)
    bench.wait_for_timeout(500)
    before = fetches(app)
    change(number=2)
    bench.wait_for_timeout(800)
    assert fetches(app) == before
    _hide(bench, False)
    number(bench, 2, within_ms=1000)


def _hide(page: Page, hidden: bool) -> None:
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [("forbidden", "may not do this"), ("conflict", "Someone was faster"), ("broken", "wrong on our side")],
)
def test_a_refusal_is_shown_in_the_form_and_the_text_stays(
    bench: Page, change: Change, answer: str, words: str
) -> None:
    change(announced=False, answer=answer)
    bench.locator("#reason").fill("My reason")
    bench.locator("#send").click()
    expect(bench.locator("#decide").get_by_role("alert")).to_contain_text(words)
    expect(bench.locator("#reason")).to_have_value("My reason")


def test_a_live_update_leaves_the_notice_of_a_refusal_in_its_form(bench: Page, change: Change) -> None:
    change(announced=False, answer="forbidden")
    bench.locator("#send").click()
    expect(bench.locator("#decide").get_by_role("alert")).to_be_visible()
    change(number=2)
    number(bench, 2)
    expect(bench.locator("#decide").get_by_role("alert")).to_be_visible()


def test_a_fragment_answered_with_422_is_swapped_in(bench: Page, change: Change) -> None:
    change(announced=False, answer="invalid")
    bench.locator("#reason").fill("x")
    bench.locator("#send").click()
    expect(bench.locator("#error")).to_have_text("Say why.")
    expect(bench.locator("#reason")).to_have_value("x")


def test_a_double_click_sends_once(bench: Page, app: Flask) -> None:
    bench.route("**/workbench/decide", lambda route: (time.sleep(0.3), route.continue_()))
    bench.locator("#reason").fill("Once")
    bench.locator("#send").dblclick()
    expect(bench.get_by_text("Decided: 4")).to_be_visible()
    assert int(app.extensions["console_redis"].get("workbench:decisions")) == 1
