"""Two operators side by side: decisions show live, and nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from console import conversations, governance
from console.conversations import draft
from console.db import db
from tests.browser.conftest import Visit
from tests.conftest import Cast
from tests.desk import Desk

pytestmark = pytest.mark.browser

Opened = Callable[..., Page]
SECOND_CLICK_MS = 600


@pytest.fixture
def opened(visit: Visit, cast: Cast) -> Opened:
    """`opened("ada")`: Riya's conversation in a browser of Ada's own."""
    return lambda name, **how: visit(name, f"/conversations/{cast.conversation.id}", **how)


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name)


def test_a_decision_shows_on_the_other_page(opened: Opened, desk: Desk) -> None:
    desk.pending("adjust", amount=7)
    ada, ben = opened("ada"), opened("ben")
    card(ada, "Adjustment of 7").get_by_role("button", name="Approve").click()
    for page in (ada, ben):
        expect(card(page, "Adjustment of 7")).to_have_attribute("data-lane-status", "approved")
    expect(card(ben, "Adjustment of 7")).to_contain_text("Ada approved it")


def test_a_half_typed_reason_survives_the_others_decision(opened: Opened, desk: Desk, cast: Cast) -> None:
    lane = desk.pending("refund", amount=48)
    ada, ben = opened("ada"), opened("ben")
    card(ben, "Refund of 48").get_by_role("button", name="Reject").click()
    reason = ben.get_by_label("Why not?")
    expect(reason).to_be_focused()
    ben.keyboard.type("The bank voided the second cap")
    card(ada, "Refund of 48").get_by_role("button", name="Defer").click()
    ada.get_by_label("What are we waiting for?").fill("The bank confirms by Monday.")
    ada.get_by_role("button", name="Defer this").click()
    expect(card(ben, "Refund of 48")).to_have_attribute("data-lane-status", "deferred")
    kept = ben.locator(f".kept #lane-{lane.id}-rejection")
    expect(kept).to_have_value("The bank voided the second cap")
    expect(kept).to_be_visible()
    expect(card(ben, "Refund of 48")).to_contain_text("The bank confirms by Monday.")
    card(ben, "Refund of 48").get_by_role("button", name="Keep it as a note").first.click()
    expect(ben.locator("#timeline")).to_contain_text("The bank voided the second cap")
    db.session.rollback()
    assert desk.fresh(lane).decided_by == cast.ada.actor_id


def test_a_reason_is_kept_by_the_server_while_it_is_typed(opened: Opened, desk: Desk, cast: Cast) -> None:
    lane = desk.pending("adjust")
    ben = opened("ben")
    card(ben, "Adjustment of 1").get_by_role("button", name="Reject").click()
    with ben.expect_response("**/drafts"):
        ben.keyboard.type("Not under warr")
    db.session.rollback()
    assert draft(cast.ben.id, f"lane:{lane.id}:rejection") == "Not under warr"
    ben.reload()
    expect(ben.locator(f"#lane-{lane.id}-rejection")).to_have_value("Not under warr")


def test_high_risk_takes_a_second_click_and_a_double_click_is_one(opened: Opened, desk: Desk) -> None:
    lane = desk.pending("refund", amount=48)
    ada = opened("ada")
    found = card(ada, "Refund of 48")
    found.get_by_role("button", name="Approve").dblclick()
    ada.wait_for_timeout(200)
    assert desk.fresh(lane).status == "pending"
    if found.get_by_role("button", name="Refund of 48").is_hidden():
        found.get_by_role("button", name="Approve").click()
    ada.wait_for_timeout(SECOND_CLICK_MS)
    found.get_by_role("button", name="Refund of 48").click()
    expect(found).to_have_attribute("data-lane-status", "approved")


def test_keys_decide_on_a_focused_card_and_escape_goes_back(opened: Opened, desk: Desk) -> None:
    desk.pending("adjust")
    ada = opened("ada")
    found = card(ada, "Adjustment of 1")
    found.get_by_role("link", name="Adjustment of 1").focus()
    ada.keyboard.press("Shift+R")
    expect(ada.get_by_label("Why not?")).to_be_focused()
    ada.keyboard.press("Escape")
    expect(ada.get_by_label("Why not?")).to_be_hidden()
    expect(found.get_by_role("button", name="Reject")).to_be_focused()
    ada.keyboard.press("d")
    ada.keyboard.type("Waiting for the driver.")
    ada.keyboard.press("Control+Enter")
    expect(found).to_have_attribute("data-lane-status", "deferred")
    assert ada.evaluate("document.activeElement !== document.body")


def test_a_form_that_is_being_filled_stays_and_keeps_its_token(
    opened: Opened, desk: Desk, cast: Cast
) -> None:
    ada = opened("ada")
    ada.locator("#propose-refund > summary").click()
    ada.locator("#refund-amount").fill("48")
    token = ada.locator('#propose-refund input[name="token"]')
    before = token.input_value()
    desk.pending("adjust")
    expect(card(ada, "Adjustment of 1")).to_be_visible()
    assert (token.input_value(), ada.locator("#refund-amount").input_value()) == (before, "48")
    expect(ada.locator("#propose-refund")).to_have_attribute("open", "")
    ada.get_by_role("button", name="Ask for approval").locator("visible=true").click()
    expect(card(ada, "Refund of 48")).to_be_visible()
    expect(token).not_to_have_value(before)
    db.session.rollback()
    assert len(governance.list_proposals_for_conversation(cast.conversation.id)) == 2


def test_a_half_written_reply_survives_what_others_do(opened: Opened, cast: Cast) -> None:
    ada, ben = opened("ada"), opened("ben")
    ben.get_by_label("Your message").fill("Hi Riya, yes. The refund")
    ada.get_by_label("Your message").fill("I have it.")
    ada.get_by_role("button", name="Send").click()
    expect(ben.locator("#timeline")).to_contain_text("I have it.")
    expect(ben.get_by_label("Your message")).to_have_value("Hi Riya, yes. The refund")
    ben.get_by_role("button", name="Send").click()
    expect(ben.get_by_role("alert")).to_contain_text("Ada Okafor answered meanwhile")
    ben.get_by_role("button", name="Send anyway").click()
    expect(ben.locator("#timeline")).to_contain_text("Hi Riya, yes. The refund")
    expect(ben.get_by_label("Your message")).to_have_value("")


def test_a_note_and_a_reply_are_two_drafts(opened: Opened, cast: Cast) -> None:
    conversations.keep_draft(cast.ben.id, f"{cast.conversation.topic}:reply", "Dear Riya")
    conversations.keep_draft(cast.ben.id, f"{cast.conversation.topic}:note", "Only for us")
    ben = opened("ben")
    message = ben.get_by_label("Your message")
    expect(message).to_have_value("Dear Riya")
    ben.get_by_label("Internal note").check()
    expect(message).to_have_value("Only for us")
    ben.get_by_role("button", name="Add note").click()
    expect(ben.locator("#timeline")).to_contain_text("Only for us")
    expect(message).to_have_value("Dear Riya")


def test_deciding_works_without_javascript(opened: Opened, desk: Desk) -> None:
    desk.pending("refund", amount=48)
    desk.pending("adjust", amount=3)
    ada = opened("ada", script=False)
    found = card(ada, "Refund of 48")
    found.get_by_role("button", name="Approve").click()
    ada.wait_for_timeout(SECOND_CLICK_MS)
    found.get_by_role("button", name="Refund of 48").click()
    expect(card(ada, "Refund of 48")).to_have_attribute("data-lane-status", "approved")
    card(ada, "Adjustment of 3").get_by_role("button", name="Reject").click()
    ada.get_by_label("Why not?").fill("Not now.")
    ada.get_by_role("button", name="Reject this").click()
    expect(card(ada, "Adjustment of 3")).to_have_attribute("data-lane-status", "rejected")


def test_on_a_phone_the_rail_is_a_sheet(opened: Opened, desk: Desk, app: Flask) -> None:
    desk.pending("refund", amount=48)
    ada = opened("ada", width=390)
    expect(card(ada, "Refund of 48")).to_be_hidden()
    ada.locator("#rail-door").click()
    expect(card(ada, "Refund of 48")).to_be_visible()
    assert ada.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ada.get_by_role("link", name="Close").click()
    expect(card(ada, "Refund of 48")).to_be_hidden()


def test_each_sees_that_the_other_is_here_and_writing(opened: Opened, desk: Desk) -> None:
    ada, ben = opened("ada"), opened("ben")
    expect(ada.locator("#thread-head")).to_contain_text("Ben is here too")
    ada.locator("#message").fill("My own words")
    ben.locator("#message").fill("Dear Riya")
    expect(ada.locator("#typing")).to_contain_text("Ben is writing an answer")
    expect(ada.locator("#message")).to_have_value("My own words")
    ben.close()
    expect(ada.locator("#thread-head")).not_to_contain_text("Ben is here too", timeout=12_000)
    expect(ada.locator("#typing")).not_to_contain_text("writing", timeout=12_000)


def test_a_draft_that_arrives_after_its_message_does_not_come_back(opened: Opened, cast: Cast) -> None:
    ben, key = opened("ben"), f"{cast.conversation.topic}:reply"
    field = ben.locator(f"[data-draft-key='{key}']")
    field.fill("Dear Riya, it is on its way")
    field.press("Control+Enter")
    expect(ben.locator("#timeline")).to_contain_text("Dear Riya, it is on its way")
    with ben.expect_response("**/drafts"):
        conversations.keep_draft(cast.ben.id, key, "Dear Riya, it is on")
    db.session.rollback()
    assert draft(cast.ben.id, key) == ""
    ben.reload()
    expect(field).to_have_value("")
