"""A sign-in that ends while a page is open: nothing typed is lost, and the page goes on afterwards."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Page, expect

from console.db import db, transaction
from console.models import SignIn
from tests.browser.conftest import Change, enter
from tests.conftest import PASSWORD


def test_an_ended_session_is_renewed_over_the_page_and_nothing_typed_is_lost(
    bench: Page, app: Flask, change: Change
) -> None:
    bench.locator("#reason").fill("Half typed")
    with transaction():
        db.session.query(SignIn).update({"ended_at": db.func.now()})
    expect(bench.locator("#sign-in")).to_be_visible(timeout=6000)
    expect(bench.locator("#sign-in-email")).to_have_value("ben@example.com")
    bench.locator("#sign-in-password").fill("wrong")
    bench.locator("#sign-in").get_by_role("button").click()
    expect(bench.locator("#sign-in").get_by_role("alert")).to_be_visible()
    bench.locator("#sign-in-password").fill(PASSWORD)
    bench.locator("#sign-in").get_by_role("button").click()
    expect(bench.locator("#sign-in")).to_be_hidden()
    expect(bench.locator("#reason")).to_have_value("Half typed")
    bench.locator("#send").click()
    expect(bench.get_by_text("Decided: 10")).to_be_visible()
    expect(bench.locator("#connection")).to_have_attribute("data-state", "live")


def signed_out_elsewhere(bench: Page) -> Page:
    """Another tab of the same browser, in which its owner has just signed out."""
    other = bench.context.new_page()
    other.goto("/workbench")
    other.locator(".topbar__me").click()
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/login")
    return other


def test_who_signed_in_again_in_another_tab_comes_back_to_a_page_that_goes_on(bench: Page) -> None:
    bench.locator("#reason").fill("Half typed")
    other = signed_out_elsewhere(bench)
    expect(bench.locator("#sign-in")).to_be_visible(timeout=6000)
    enter(other, "ben", "/inbox")
    bench.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(bench.locator("#sign-in")).to_be_hidden()
    expect(bench.locator("#reason")).to_have_value("Half typed")
    bench.locator("#send").click()
    expect(bench.get_by_text("Decided: 10")).to_be_visible()


def test_a_button_pressed_in_an_ended_session_asks_to_sign_in(bench: Page, app: Flask) -> None:
    bench.locator("#reason").fill("Half typed")
    bench.context.clear_cookies()
    bench.locator("#send").click()
    expect(bench.locator("#sign-in")).to_be_visible()
    bench.locator("#sign-in-email").fill("ben@example.com")
    bench.locator("#sign-in-password").fill(PASSWORD)
    bench.locator("#sign-in").get_by_role("button").click()
    expect(bench.locator("#sign-in")).to_be_hidden()
    bench.locator("#send").click()
    expect(bench.get_by_text("Decided: 10")).to_be_visible()


def test_another_tab_that_signed_in_again_does_not_break_this_one(bench: Page) -> None:
    # This page is not to notice that it was signed out in between.
    bench.route("**/live?*", lambda route: route.abort())
    enter(signed_out_elsewhere(bench), "ben", "/inbox")
    bench.locator("#reason").fill("Still here")
    bench.locator("#send").click()
    expect(bench.locator("#decide").get_by_role("alert")).to_contain_text("Press the button once more")
    bench.locator("#send").click()
    expect(bench.get_by_text("Decided: 10")).to_be_visible()
