"""The queue in a real browser: by keys alone, with somebody else deciding, and without losing the focus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from console import conversations, governance
from console.db import db
from console.models import ToolApproval
from tests.browser.conftest import Visit
from tests.desk import Desk

pytestmark = pytest.mark.browser

Opened = Callable[..., Page]
SECOND_CLICK_MS = 600


@pytest.fixture
def opened(visit: Visit, desk: Desk) -> Opened:
    """`opened("ada")`: the queue in a browser of Ada's own."""

    def open_as(name: str, path: str = "/approvals", **how: Any) -> Page:
        page = visit(name, path, **how)
        page.mouse.move(5, 5)
        return page

    return open_as


@pytest.fixture
def lanes(desk: Desk) -> list[ToolApproval]:
    """A low one, a high one, and two more low ones, in this order."""
    found = [
        desk.pending(amount=1),
        desk.pending("refund", amount=48),
        desk.pending(amount=3),
        desk.pending(amount=4),
    ]
    for hours, lane in enumerate(found, 2):
        desk.tamper(
            "UPDATE tool_approvals SET expires_at = now() + :h * interval '1 hour' WHERE id = :id",
            h=hours,
            id=lane.id,
        )
    return found


def card(page: Page) -> Locator:
    return page.locator("#queue-focus .lane-card")


def rows(page: Page) -> list[str]:
    return page.locator("#queue-list [data-row] .lane-card__title").all_inner_texts()


def status(desk: Desk, lane: ToolApproval) -> str:
    db.session.rollback()
    return str(desk.fresh(lane).status)


def test_by_keys_alone_one_after_the_other(opened: Opened, lanes: list[ToolApproval], desk: Desk) -> None:
    ada = opened("ada")
    expect(card(ada)).to_contain_text("Adjustment of 1")
    ada.wait_for_timeout(SECOND_CLICK_MS)
    ada.keyboard.press("a")
    expect(card(ada)).to_contain_text("Refund of 48")
    expect(card(ada).get_by_role("link", name="Refund of 48")).to_be_focused()
    expect(ada.locator("#toasts")).to_contain_text("Approved: Adjustment of 1")
    expect(ada.locator(f"#row-{lanes[1].id}")).to_have_class(
        "lane-card lane-card--pending lane-card--compact edge-high lane-card--cursor"
    )
    ada.wait_for_timeout(SECOND_CLICK_MS)
    ada.keyboard.press("Shift+R")
    ada.keyboard.type("Not her order, a dear friend's.")
    ada.keyboard.press("Control+Enter")
    expect(card(ada)).to_contain_text("Adjustment of 3")
    ada.wait_for_timeout(SECOND_CLICK_MS)
    ada.keyboard.press("d")
    ada.keyboard.type("Just a moment.")
    ada.keyboard.press("Control+Enter")
    expect(card(ada)).to_contain_text("Adjustment of 4")
    assert rows(ada) == ["Adjustment of 4"] and ada.url.endswith(f"lane={lanes[3].id}")
    assert [status(desk, lane) for lane in lanes] == ["approved", "rejected", "deferred", "pending"]
    expect(ada.locator("#queue-heading")).to_contain_text("1 decision waits for you")


def test_moving_opens_each_card_and_enter_opens_its_conversation(
    opened: Opened, lanes: list[ToolApproval], desk: Desk
) -> None:
    ada = opened("ada")
    for key, name in (("j", "Refund of 48"), ("j", "Adjustment of 3"), ("k", "Refund of 48")):
        ada.keyboard.press(key)
        expect(card(ada)).to_contain_text(name)
    expect(ada.locator(f"#row-{lanes[1].id}-link")).to_be_focused()
    assert ada.url.endswith(f"/approvals?lane={lanes[1].id}")
    ada.keyboard.press("Enter")
    ada.wait_for_url(f"**/conversations/{desk.conversation_id}#lane-{lanes[1].id}")
    ada.keyboard.press("g")
    ada.keyboard.press("a")
    ada.wait_for_url("**/approvals")
    assert status(desk, lanes[1]) == "pending"


def test_a_key_too_many_approves_nothing_that_was_not_read(
    opened: Opened, lanes: list[ToolApproval], desk: Desk
) -> None:
    governance.reject(lanes[1].id, desk.ben, reason="No.")
    ada = opened("ada")
    ada.wait_for_timeout(SECOND_CLICK_MS)
    ada.keyboard.press("a")
    expect(card(ada)).to_contain_text("Adjustment of 3")
    ada.keyboard.press("a")
    ada.keyboard.press("g")
    ada.keyboard.press("a")
    ada.wait_for_timeout(300)
    assert [status(desk, lane) for lane in (lanes[2], lanes[3])] == ["pending", "pending"]


def test_a_double_click_approves_one(opened: Opened, lanes: list[ToolApproval], desk: Desk) -> None:
    governance.reject(lanes[1].id, desk.ben, reason="No.")
    ada = opened("ada")
    ada.wait_for_timeout(SECOND_CLICK_MS)
    button = card(ada).get_by_role("button", name="Approve")
    box = button.bounding_box()
    assert box
    x, y = box["x"] + 20, box["y"] + 10
    ada.mouse.click(x, y)
    expect(card(ada)).to_contain_text("Adjustment of 3")
    ada.mouse.click(x, y)
    ada.wait_for_timeout(300)
    assert [status(desk, lane) for lane in (lanes[0], lanes[2])] == ["approved", "pending"]


def test_high_risk_takes_its_second_click_here_too(
    opened: Opened, lanes: list[ToolApproval], desk: Desk
) -> None:
    ada = opened("ada", f"/approvals?lane={lanes[1].id}")
    ada.wait_for_timeout(SECOND_CLICK_MS)
    ada.keyboard.press("a")
    ada.wait_for_timeout(SECOND_CLICK_MS)
    assert status(desk, lanes[1]) == "pending"
    card(ada).get_by_role("button", name="Refund of 48").click()
    expect(card(ada)).to_contain_text("Adjustment of 3")
    assert status(desk, lanes[1]) == "approved"


def test_what_another_decides_leaves_the_list_and_tells_the_open_card(
    opened: Opened, lanes: list[ToolApproval], desk: Desk
) -> None:
    ada, ben = opened("ada"), opened("ben")
    ben.keyboard.press("Shift+R")
    ben.keyboard.type("The customer took it ba")
    ada.wait_for_timeout(SECOND_CLICK_MS)
    ada.keyboard.press("a")
    expect(card(ada)).to_contain_text("Refund of 48")
    expect(card(ben)).to_have_attribute("data-lane-status", "approved")
    expect(card(ben)).to_contain_text("Ada approved it")
    expect(ben.locator(f".kept #lane-{lanes[0].id}-rejection")).to_have_value("The customer took it ba")
    expect(ben.locator("#queue-bar")).to_contain_text("No longer waiting")
    ben.keyboard.press("Escape")
    ben.get_by_role("link", name="Next decision").click()
    expect(card(ben)).to_contain_text("Refund of 48")
    expect(ben.locator("#queue-list [data-row]")).to_have_count(3)
    assert rows(ben) == ["Refund of 48", "Adjustment of 3", "Adjustment of 4"]


def test_what_the_customer_writes_meanwhile_shows_beside_the_open_card(
    opened: Opened, lanes: list[ToolApproval], desk: Desk
) -> None:
    page = opened("ben")
    expect(card(page)).to_be_visible()
    # The first may still be seen by what the page fetches when its stream opens.
    for words in ("Please leave it as it is.", "Or no, change it."):
        conversations.receive(desk.conversation_id, words)
        expect(page.locator("#evidence .evidence__quote").first).to_contain_text(words)


def test_the_loser_of_a_race_reads_who_was_faster(
    opened: Opened, lanes: list[ToolApproval], desk: Desk
) -> None:
    ben = opened("ben")
    # What others do does not reach this page any more, as on a train.
    ben.route("**/approvals**", lambda route: route.abort())
    ben.keyboard.press("Shift+R")
    ben.keyboard.type("No.")
    governance.approve(lanes[0].id, desk.ada, enqueue=desk.enqueued)
    ben.keyboard.press("Control+Enter")
    expect(card(ben)).to_have_attribute("data-lane-status", "approved")
    expect(card(ben).get_by_role("alert")).to_contain_text("Not counted. Ada Okafor approved this at")
    expect(ben.locator(f"#lane-{lanes[0].id}-rejection")).to_have_value("No.")


def test_rows_stay_under_the_pointer_and_the_open_card_is_fresh(
    opened: Opened, lanes: list[ToolApproval], desk: Desk
) -> None:
    ada = opened("ada")
    ada.locator(f"#row-{lanes[2].id}").hover()
    before = rows(ada)
    governance.reject(lanes[0].id, desk.ben, reason="No.")
    governance.expire(lanes[1].id)
    desk.pending(amount=9)
    expect(card(ada)).to_have_attribute("data-lane-status", "rejected")
    pill = ada.get_by_role("button", name="1 new — show")
    expect(pill).to_be_visible()
    assert rows(ada) == before
    pill.click()
    expect(ada.locator("#queue-list [data-row]")).to_have_count(3)
    expect(pill).to_be_hidden()


def test_a_new_one_comes_by_itself_and_the_open_card_stays(
    opened: Opened, lanes: list[ToolApproval], desk: Desk
) -> None:
    ada = opened("ada", f"/approvals?lane={lanes[2].id}")
    desk.pending(amount=9)
    expect(ada.locator("#queue-list [data-row]")).to_have_count(5)
    expect(card(ada)).to_contain_text("Adjustment of 3")
    expect(ada.locator(f"#row-{lanes[2].id}-link")).to_have_attribute("aria-current", "true")
    expect(ada.locator(".side-nav__count--due")).to_contain_text("5", timeout=9000)


def test_the_whole_queue_without_javascript(opened: Opened, lanes: list[ToolApproval], desk: Desk) -> None:
    ada = opened("ada", script=False)
    ada.get_by_role("link", name="Adjustment of 3").first.click()
    ada.wait_for_timeout(SECOND_CLICK_MS)
    card(ada).get_by_role("button", name="Approve").click()
    expect(card(ada)).to_contain_text("Adjustment of 4")
    card(ada).get_by_role("button", name="Reject").click()
    ada.get_by_label("Why not?").fill("Not now.")
    ada.get_by_role("button", name="Reject this").click()
    expect(card(ada)).to_contain_text("Adjustment of 1")
    assert [status(desk, lane) for lane in lanes] == ["pending", "pending", "approved", "rejected"]


def test_an_admin_finds_and_ends_stale_lanes(opened: Opened, lanes: list[ToolApproval], desk: Desk) -> None:
    desk.tamper("UPDATE tool_approvals SET created_at = now() - interval '30 hours' WHERE id < 4")
    ada, ben = opened("ada", "/admin/lanes"), opened("ben")
    ada.get_by_label("Select all shown").check()
    expect(ada.locator("#stale-picked")).to_have_text("3 selected")
    ada.get_by_label("Select Adjustment of 3").uncheck()
    ada.get_by_role("button", name="Expire what is selected").click()
    expect(ada.get_by_role("heading", level=1)).to_contain_text("2 actions end here")
    governance.approve(lanes[1].id, desk.ben, enqueue=desk.enqueued)
    ada.get_by_role("button", name="Expire what is ticked").click()
    expect(ada.get_by_role("heading", level=1)).to_contain_text("1 expired, 1 was decided meanwhile by Ben.")
    expect(card(ben)).to_have_attribute("data-lane-status", "expired")
    expect(card(ben)).to_contain_text("Ada ended the waiting.")


def test_nothing_scrolls_sideways_on_any_width(opened: Opened, lanes: list[ToolApproval], desk: Desk) -> None:
    desk.tamper("UPDATE tool_approvals SET created_at = now() - interval '30 hours'")
    ada = opened("ada")
    for path in ("/approvals", "/admin/lanes", f"/admin/lanes/expiry?lane_ids={lanes[0].id}"):
        ada.goto(path)
        for width in (1440, 1024, 768, 390, 320):
            ada.set_viewport_size({"width": width, "height": 800})
            assert ada.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
