"""An action that takes two people, decided by keyboard alone, side by side, with nothing lost in between."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from console.governance.policy import Policy
from console.models import ToolApproval
from tests.browser.test_accessibility import accept, look
from tests.browser.test_deciding import SECOND_CLICK_MS, Opened, card, opened
from tests.desk import Desk

__all__ = ["opened"]
pytestmark = pytest.mark.browser
NAME = "Refund of 48"


@pytest.fixture
def lane(desk: Desk) -> ToolApproval:
    desk.rule(Policy.model_validate({"tool": {"refund": {"approvals": 2}}}))
    return desk.pending("refund", amount=48)


def test_two_people_approve_with_the_keyboard_and_each_sees_the_other(
    opened: Opened, lane: ToolApproval, desk: Desk
) -> None:
    ada, ben = opened("ada"), opened("ben")
    for page, state in ((ben, "pending"), (ada, "approved")):
        found = card(page, NAME)
        found.get_by_role("link", name=NAME).focus()
        page.keyboard.press("a")
        page.wait_for_timeout(SECOND_CLICK_MS)
        page.keyboard.press("Tab")
        expect(found.get_by_role("button", name=NAME)).to_be_focused()
        page.keyboard.press("Enter")
        if state == "pending":
            expect(found).to_contain_text("1 of 2 approved. It takes 1 more")
            expect(card(ada, NAME)).to_contain_text("1 of 2 approved. With yours it runs.")
        expect(found).to_have_attribute("data-lane-status", state)
        expect(found.get_by_role("link", name=NAME)).to_be_focused()
    expect(card(ben, NAME)).to_contain_text("You and Ada approved it")


def test_what_was_typed_stays_when_someone_else_approves_first(
    opened: Opened, lane: ToolApproval, desk: Desk
) -> None:
    ada, ben = opened("ada"), opened("ben")
    card(ben, NAME).get_by_role("button", name="Reject").click()
    ben.keyboard.type("The bank voided it")
    found = card(ada, NAME)
    found.get_by_role("button", name="Approve").click()
    ada.wait_for_timeout(SECOND_CLICK_MS)
    found.get_by_role("button", name=NAME).click()
    expect(card(ben, NAME)).to_contain_text("Ada approved")
    expect(ben.get_by_label("Why not?")).to_have_value("The bank voided it")
    expect(ben.get_by_label("Why not?")).to_be_focused()
    ben.keyboard.type(" on Thursday.")
    ben.keyboard.press("Control+Enter")
    for page in (ada, ben):
        expect(card(page, NAME)).to_have_attribute("data-lane-status", "rejected")
    assert desk.fresh(lane).reason == "The bank voided it on Thursday."


def test_a_card_with_one_of_two_approvals_is_open_to_everyone(
    opened: Opened, lane: ToolApproval, desk: Desk
) -> None:
    desk.tamper(
        'UPDATE tool_approvals SET version = 2, votes = \'[{"by": "operator:2", "at": "2026-11-20T12:00:00+00:00"}]\''
    )
    for name, button in (("ben", "You approved"), ("ada", "Approve")):
        page = opened(name)
        expect(card(page, NAME).get_by_role("button", name=button)).to_be_visible()
        card(page, NAME).get_by_role("button", name="Reject").click()
        page.evaluate("location.hash = 'rail'")
        accept(page)


def test_the_policy_is_read_and_tried_with_the_keyboard(opened: Opened, desk: Desk) -> None:
    ada = opened("ada")
    ada.goto("/admin/policy")
    accept(ada)
    ada.get_by_role("link", name="Refund").focus()
    ada.keyboard.press("Enter")
    ada.get_by_label("Amount").fill("0")
    ada.keyboard.press("Enter")
    accept(ada)
    ada.locator("#policy-example form").evaluate("form => { form.noValidate = true }")
    ada.get_by_label("Amount").press("Enter")
    expect(ada.locator(".field__error")).to_be_visible()
    assert look(ada) == []
    ada.get_by_label("Amount").fill("48")
    ada.keyboard.press("Enter")
    told = ada.get_by_role("heading", name="It would wait for one approval")
    expect(told).to_be_focused()
    accept(ada)
    ada.keyboard.press("Escape")
    ada.wait_for_url("**/admin/policy")
