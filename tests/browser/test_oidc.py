"""Signing in through a provider in a real browser, under the strict policy of our pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from console.config import Settings
from console.db import db
from console.models import SignIn
from tests.browser.conftest import Server
from tests.browser.test_accessibility import ALL, CROSSED, accept
from tests.conftest import Cast
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider

pytestmark = pytest.mark.browser
BEN = {"sub": "b-7", "email": "ben@example.com", "email_verified": True}
BUTTON = "Sign in with Kitchen ID"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(person=dict(BEN), asks=True) as running:
        yield running


@pytest.fixture
def desk(settings: Settings, migrated: object, provider: Provider, cast: Cast) -> Iterator[Server]:
    running = Server(
        settings,
        CONSOLE_OIDC_ISSUER=provider.issuer,
        CONSOLE_OIDC_CLIENT_ID=CLIENT_ID,
        CONSOLE_OIDC_CLIENT_SECRET=CLIENT_SECRET,
        CONSOLE_OIDC_BUTTON=BUTTON,
    )
    provider.callbacks.append(f"{running.url}/login/oidc/back")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def visitor(browser: Browser, desk: Server) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=desk.url, viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(5000)
    yield opened
    opened.close()


def heard(page: Page) -> list[str]:
    """What the page complains of, such as a policy that stood in the way."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def test_there_and_back_and_in(visitor: BrowserContext, provider: Provider) -> None:
    page = visitor.new_page()
    complaints = heard(page)
    page.goto("/login?next=/account")
    accept(page, ALL)
    page.get_by_role("link", name=BUTTON).press("Enter")
    page.get_by_role("link", name="Go on").click()
    page.wait_for_url("**/account")
    expect(page.get_by_text("Ben Weiss, ben@example.com")).to_be_visible()
    assert complaints == [] and provider.problems == []


def test_what_went_wrong_is_said_on_the_sign_in_page(visitor: BrowserContext, provider: Provider) -> None:
    provider.person["email"] = "nobody@example.com"
    page = visitor.new_page()
    page.goto("/login")
    page.get_by_role("link", name=BUTTON).click()
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text(
        "There is no active account for nobody@example.com here."
    )
    accept(page, CROSSED)


def test_a_page_whose_sign_in_ended_goes_on_after_one_in_another_tab(
    visitor: BrowserContext, cast: Cast
) -> None:
    page = visitor.new_page()
    page.goto(f"/login?next=/conversations/{cast.conversation.id}")
    page.get_by_role("link", name=BUTTON).click()
    page.get_by_role("link", name="Go on").click()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.get_by_label("Your message").fill("Half a sentence")
    db.session.execute(db.text("UPDATE sign_ins SET ended_at = now()"))
    db.session.commit()
    dialog = page.get_by_role("dialog", name="Sign in again to go on")
    expect(dialog).to_be_visible()
    accept(page, CROSSED)
    page.set_viewport_size({"width": 1440, "height": 900})
    with visitor.expect_page() as opened:
        dialog.get_by_role("link", name=BUTTON).click()
    opened.value.get_by_role("link", name="Go on").click()
    opened.value.wait_for_url("**/inbox")
    opened.value.close()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Your message")).to_have_value("Half a sentence")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.get_by_label("Your message").press("Control+Enter")
    expect(page.locator("#timeline")).to_contain_text("Half a sentence")
    assert db.session.query(SignIn).count() == 2


def test_without_a_script_a_button_goes_on(browser: Browser, desk: Server) -> None:
    plain = browser.new_context(base_url=desk.url, java_script_enabled=False)
    page = plain.new_page()
    page.goto("/login?next=/account")
    page.get_by_role("link", name=BUTTON).click()
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/account")
    plain.close()
