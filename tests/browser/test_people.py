"""People in a real browser: invited and signed in with keys alone, ended while their page is open, looked at by axe."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from console import people
from console.db import db
from console.models import Operator
from tests.browser.conftest import Server, Visit
from tests.browser.test_accessibility import ALL, CROSSED, WIDE, accept
from tests.browser.test_refusals import SIDEWAYS
from tests.conftest import Cast
from tests.desk import Desk

pytestmark = pytest.mark.browser
SignIn = Callable[..., Page]
PASSWORD = "correct horse battery"


def tab_to(page: Page, wanted: Locator) -> Locator:
    """Go on by the Tab key until the focus is there."""
    for _ in range(60):
        if wanted.evaluate("element => element === document.activeElement"):
            return wanted
        page.keyboard.press("Tab")
    raise AssertionError(f"No Tab leads to {wanted}.")


def open_page(browser: Browser, server: Server, address: str) -> Page:
    """A browser of somebody else."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(5000)
    page = context.new_page()
    page.goto(address)
    return page


def test_somebody_is_invited_and_comes_in_with_keys_alone(
    sign_in: SignIn, browser: Browser, server: Server, cast: Cast
) -> None:
    page = sign_in("ada", "/admin/people")
    tab_to(page, page.get_by_role("link", name="Invite somebody"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Name", exact=True))
    page.keyboard.type("Noor Aziz")
    tab_to(page, page.locator("#person-email"))
    page.keyboard.type("noor@shop.example")
    tab_to(page, page.locator("input[name=role]:checked"))
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[value=admin]")).to_be_checked()
    tab_to(page, page.locator("input[name=scopes]").first)
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#secret")).to_be_focused()
    link = page.locator("#secret").input_value()
    assert page.evaluate("getSelection().toString()") == link, "it is selected, ready to be copied"

    noor = open_page(browser, server, link)
    expect(noor.get_by_label("Password", exact=True)).to_be_focused()
    noor.keyboard.type(PASSWORD)
    noor.keyboard.press("Tab")
    noor.keyboard.type(PASSWORD)
    noor.keyboard.press("Enter")
    noor.wait_for_url("**/login")
    noor.keyboard.type("noor@shop.example")
    noor.keyboard.press("Tab")
    noor.keyboard.type(PASSWORD)
    noor.keyboard.press("Enter")
    noor.wait_for_url("**/inbox")
    expect(noor.get_by_role("link", name="Admin")).to_be_visible()
    noor.context.close()


def test_who_is_deactivated_is_asked_to_sign_in_within_five_seconds_wherever_they_are(
    sign_in: SignIn, browser: Browser, server: Server, cast: Cast
) -> None:
    ben = open_page(browser, server, f"/login?next=/conversations/{cast.conversation.id}")
    ben.get_by_label("Email").fill("ben@example.com")
    ben.get_by_label("Password").fill("console-demo")
    ben.keyboard.press("Enter")
    expect(ben.locator("#connection")).to_have_attribute("data-state", "live")
    ben.get_by_label("Your message").fill("Half a sentence")
    page = sign_in("ada", f"/admin/people/{cast.ben.id}")
    end = page.locator("#end summary")
    tab_to(page, end)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ben is signed out everywhere within five seconds")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Deactivate Ben Weiss"))
    pressed = time.monotonic()
    page.keyboard.press("Enter")
    expect(ben.get_by_role("dialog", name="Sign in again to go on")).to_be_visible(timeout=5000)
    assert time.monotonic() - pressed < 5
    expect(page.get_by_text("Deactivated", exact=True)).to_be_visible()
    ben.get_by_label("Password").fill("console-demo")
    ben.keyboard.press("Enter")
    expect(ben.get_by_text("do not belong together")).to_be_visible()
    expect(ben.get_by_label("Your message")).to_have_value("Half a sentence")
    ben.context.close()


def test_the_page_of_somebody_says_what_another_admin_did_and_keeps_what_is_typed(
    sign_in: SignIn, cast: Cast
) -> None:
    page = sign_in("ada", f"/admin/people/{cast.ben.id}")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.get_by_label("Name", exact=True).fill("Benedikt Weiss")
    page.locator("#end summary").click()
    people.revoke(cast.ben.actor_id, people.SYSTEM, ["orders:refund"])
    expect(page.get_by_text("Somebody changed this account since you opened the page.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Benedikt Weiss")
    expect(page.get_by_role("button", name="Deactivate Ben Weiss")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("The scopes are now none.")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Benedikt Weiss")


def test_the_list_changes_by_itself(sign_in: SignIn, cast: Cast) -> None:
    page = sign_in("ada", "/admin/people")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    people.invite("noor@shop.example", "Noor Aziz", actor_id=people.SYSTEM)
    expect(page.get_by_role("link", name="Noor Aziz")).to_be_visible()


@pytest.fixture
def everybody(cast: Cast, desk: Desk) -> str:
    """Somebody in every state; the address of a link that is open."""
    desk.approved(amount=3)
    left = Operator(name="Left Long Ago", email="left@example.com", active=False)
    late = Operator(name="Late", email="late@example.com")
    db.session.add_all([left, late])
    cast.cleo.oidc_issuer, cast.cleo.oidc_subject, cast.cleo.scopes = "https://id.example", "c", ["gone:tool"]
    db.session.commit()
    _, token = people.invite("noor@shop.example", "Noor Aziz", actor_id=people.SYSTEM)
    return f"/password?token={token}"


def test_every_page_of_people_satisfies_axe(sign_in: SignIn, everybody: str, cast: Cast) -> None:
    page = sign_in("ada", "/admin/people")
    accept(page, ALL)
    for path in ("?q=nobody", "?deactivated=1", "/new", f"/{cast.cleo.id}", "/agents/new", "/agents/iris"):
        page.goto(f"/admin/people{path}")
        accept(page, CROSSED)
    page.goto(f"/admin/people/{cast.ben.id}")
    page.locator("#end summary").click()
    accept(page, ALL)
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("#secret")).to_be_visible()
    accept(page, CROSSED)
    page.set_viewport_size(WIDE)
    page.goto("/admin/people/new")
    page.locator("#person-form").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Make the account").click()
    expect(page.locator("[aria-invalid]").first).to_be_visible()
    accept(page, CROSSED)


def test_an_account_and_the_choice_of_a_password_satisfy_axe(
    sign_in: SignIn, everybody: str, cast: Cast
) -> None:
    page = sign_in("ben", "/account")
    accept(page, ALL)
    page.locator("#password-form").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("[aria-invalid]").first).to_be_visible()
    accept(page, CROSSED)
    page.goto(everybody)
    accept(page, ALL)
    page.goto("/password?token=none")
    accept(page, CROSSED)


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_nothing_scrolls_sideways(sign_in: SignIn, cast: Cast, width: int) -> None:
    long = Operator(name="N" * 200, email=f"{'e' * 60}@{'x' * 60}.example", scopes=["s" * 120])
    db.session.add(long)
    db.session.commit()
    page = sign_in("ada", "/admin/people")
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/admin/people", f"/admin/people/{long.id}", "/admin/people/new", "/account"):
        page.goto(path)
        assert page.evaluate(SIDEWAYS) == [], path


def test_without_a_script_every_form_works(visit: Visit, cast: Cast) -> None:
    page = visit("ada", "/admin/people/new", script=False)
    page.get_by_label("Name", exact=True).fill("Noor Aziz")
    page.locator("#person-email").fill("noor@shop.example")
    page.get_by_role("button", name="Make the account").click()
    link = page.locator("#secret").get_attribute("value") or ""
    page.goto(link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Once more").fill(PASSWORD)
    page.get_by_role("button", name="Keep it").click()
    page.wait_for_url("**/inbox")
    page.goto(f"/admin/people/{cast.ben.id}")
    page.locator("#end summary").click()
    page.get_by_role("button", name="Deactivate Ben Weiss").click()
    expect(page.get_by_text("They cannot sign in")).to_be_visible()
