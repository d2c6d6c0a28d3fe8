"""A bulk send in a real browser: from the selection to its progress, with the pointer and with keys alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console import conversations, outbound
from console.models import BulkEnvelope
from jobs import deliveries
from tests.browser.conftest import Visit
from tests.outbound.desk import Outbox

pytestmark = pytest.mark.browser
SignIn = Callable[..., Page]


@pytest.fixture
def preview(sign_in: SignIn, outbox: Outbox) -> Page:
    """Ben, before the preview of a send to three."""
    for name in ("Sofia Marin", "Kwame Boateng", "Elin Strand"):
        outbox.conversation(name)
    page = sign_in("ben", "/inbox?view=resolved")
    page.get_by_label("Select all 3 on this page").check()
    page.get_by_role("button", name="Follow up with 3").click()
    page.get_by_role("button", name="Preview “Lost pallet”").click()
    expect(page.get_by_role("heading", name="Write to 3 customers")).to_be_visible()
    return page


def confirmed(preview: Page) -> Page:
    preview.get_by_role("button", name="Send to 3 customers").click()
    expect(preview.get_by_role("heading", name="3 messages leave in")).to_be_visible()
    expect(preview.locator("#connection")).to_have_attribute("data-state", "live")
    return preview


def send_now(outbox: Outbox) -> None:
    """The undo window is over, and a worker goes through the queue."""
    outbox.tamper("UPDATE bulk_envelopes SET send_after = now() - interval '1 second'")
    outbox.tamper("UPDATE deliveries SET send_after = now() - interval '1 second'")
    for one in {delivery.envelope_id for delivery in outbox.deliveries()}:
        deliveries.drain(str(one))


def test_going_back_keeps_the_selection_and_sending_lets_go_of_it(preview: Page) -> None:
    preview.get_by_role("link", name="Back, keep selection").click()
    expect(preview.locator(".bulk-bar__count")).to_have_text("3 selected")
    preview.get_by_role("button", name="Follow up with 3").click()
    preview.get_by_role("button", name="Preview “Lost pallet”").click()
    confirmed(preview).goto("/inbox?view=resolved")
    expect(preview.locator("#selection")).to_be_hidden()
    assert preview.locator("[data-row] :checked").count() == 0


def test_a_refused_confirmation_says_why_and_keeps_the_selection(preview: Page, outbox: Outbox) -> None:
    outbound.change_template(outbox.template_id, outbox.ada, name="Lost pallet", subject="New", body="New")
    preview.get_by_role("button", name="Send to 3 customers").click()
    expect(preview.locator("#send").get_by_role("alert")).to_contain_text("was changed after this preview")
    expect(preview.get_by_role("button", name="Look again")).to_be_visible()
    preview.goto("/inbox?view=resolved")
    expect(preview.locator(".bulk-bar__count")).to_have_text("3 selected")


def test_a_double_click_is_one_send(preview: Page, outbox: Outbox) -> None:
    preview.get_by_role("button", name="Send to 3 customers").dblclick()
    expect(preview.get_by_role("heading", name="3 messages leave in")).to_be_visible()
    assert outbox.count(BulkEnvelope) == 1 and len(outbox.deliveries()) == 3


def test_the_seconds_are_counted_and_u_undoes_all_of_it(preview: Page, outbox: Outbox) -> None:
    page = confirmed(preview)
    before = int(page.locator("[data-left]").inner_text())
    page.wait_for_timeout(1300)
    assert int(page.locator("[data-left]").inner_text()) < before
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="Undone, all 3 were stopped in time")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("3 messages were stopped before leaving.")
    assert {str(one.state) for one in outbox.deliveries()} == {"cancelled"}


def test_the_page_follows_the_send_by_itself(preview: Page, outbox: Outbox) -> None:
    page = confirmed(preview)
    send_now(outbox)
    expect(page.get_by_role("heading", name="All 3 sent")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("All 3 sent")
    assert len(outbox.postbox.letters) == 3


def test_when_the_window_ends_the_page_shows_what_comes_next(preview: Page, outbox: Outbox) -> None:
    page = confirmed(preview)
    outbox.tamper("UPDATE bulk_envelopes SET send_after = now() + interval '1 second'")
    page.evaluate("htmx.trigger('#envelope', 'console:refresh', {}, false)")
    expect(page.get_by_role("heading", name="3 messages are on the way")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the 3 still waiting")).to_be_visible()


def test_trouble_is_settled_from_the_page(preview: Page, outbox: Outbox) -> None:
    page = confirmed(preview)
    send_now(outbox)
    expect(page.get_by_role("heading", name="All 3 sent")).to_be_visible()
    trouble = "UPDATE deliveries SET state = :state, reason = 'The mailbox is full.' WHERE id = :id"
    first, second, _ = outbox.deliveries()
    outbox.tamper(trouble, state="failed", id=first.id)
    outbox.tamper(trouble, state="uncertain", id=second.id)
    page.reload()
    expect(page.get_by_role("heading", name="1 of 3 sent, two need you")).to_be_visible()
    page.get_by_role("link", name="1 failed").click()
    expect(page.locator(".deliveries tbody tr")).to_have_count(1)
    page.get_by_role("link", name="1 failed").click()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.get_by_role("button", name="Mark as sent").click()
    expect(page.get_by_role("heading", name="2 of 3 sent, one needs you")).to_be_visible()
    page.get_by_role("button", name="Try the failed one again").click()
    expect(page.locator("#toasts")).to_contain_text("1 message is tried again.")
    send_now(outbox)
    expect(page.get_by_role("heading", name="All 3 sent")).to_be_visible()


def test_all_of_it_with_the_keyboard_alone(sign_in: SignIn, outbox: Outbox) -> None:
    outbox.conversations(3)
    page = sign_in("ben", "/inbox?view=resolved")
    for key in ("j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    expect(page.locator(".bulk-bar__count")).to_have_text("3 selected")
    page.get_by_role("button", name="Follow up with 3").press("Enter")
    page.get_by_role("button", name="Preview “Lost pallet”").press("Enter")
    page.get_by_role("button", name="Send to 3 customers").press("Enter")
    expect(page.get_by_role("heading", name="3 messages leave in")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="Undone, all 3 were stopped in time")).to_be_visible()


def test_a_followup_from_a_conversation_is_seen_planned_and_cancelled(
    sign_in: SignIn, outbox: Outbox
) -> None:
    number = outbox.conversation("Sofia Marin")
    page = sign_in("ben", f"/conversations/{number}")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.keyboard.press("f")
    page.locator("#followup-template").select_option(label="Lost pallet")
    expect(page.get_by_role("article", name="Message to Sofia Marin")).to_contain_text("Dear Sofia Marin")
    conversations.assign(number, outbox.ben, outbox.cast.cleo.id)
    expect(page.locator("#thread-head")).to_contain_text("Cleo")
    expect(page.get_by_role("article", name="Message to Sofia Marin")).to_be_visible()
    page.get_by_label("Later").check()
    later = "new Date(Date.now() + 86400000).toISOString().slice(0, 16)"
    page.locator("#followup-at").fill(page.evaluate(later))
    page.get_by_role("button", name="Send to Sofia Marin").click()
    entry = page.locator(".entry--outbound")
    expect(entry).to_contain_text("Planned")
    expect(page.get_by_role("link", name="Send a follow-up…")).to_be_focused()
    entry.get_by_role("button", name="Cancel").click()
    expect(entry).to_contain_text("before it left")


def test_nothing_scrolls_sideways(preview: Page, outbox: Outbox) -> None:
    addresses = [preview.url, "/bulk", "/bulk/new?conversation_ids=1,2,3"]
    addresses.append(confirmed(preview).url)
    for width in (1440, 1024, 768, 390, 320):
        preview.set_viewport_size({"width": width, "height": 800})
        for address in addresses:
            preview.goto(address)
            assert preview.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, address)


def test_without_javascript_it_goes_to_the_send_itself(visit: Visit, outbox: Outbox) -> None:
    outbox.conversations(2)
    page = visit("ben", "/inbox?view=resolved", script=False)
    for place in (0, 1):
        page.locator(".inbox-row__pick").nth(place).click()
    page.get_by_role("button", name="Follow up").click()
    page.get_by_role("button", name="Preview “Lost pallet”").click()
    page.get_by_role("button", name="Send to 2 customers").click()
    expect(page.get_by_role("heading", name="2 messages leave in")).to_be_visible()
    page.get_by_role("button", name="Undo, send none").click()
    expect(page.get_by_role("heading", name="Undone, all 2 were stopped in time")).to_be_visible()
