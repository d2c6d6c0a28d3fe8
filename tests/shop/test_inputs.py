"""What the tools' forms accept, and how they say what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from console.shop.tools import TOOLS
from console.tools import ApprovalMode, RiskTier, Tool, ToolContext
from tests.shop import small

BY_REF = {tool.ref: tool for tool in TOOLS}
RETURN = {"order_id": "#W2", "item_ids": ["lamp-a"], "payment_method_id": "credit_card_1"}
ADDRESS = {"user_id": "ana_lopez", **small.ELSEWHERE}
EXAMPLES: dict[str, dict[str, Any]] = {
    "calculate": {"expression": "1 + 1"},
    "cancel_pending_order": {"order_id": "#W1", "reason": "no longer needed"},
    "erase_customer": {"user_id": "ana_lopez"},
    "exchange_delivered_order_items": {**RETURN, "new_item_ids": ["lamp-b"]},
    "find_user_id_by_email": {"email": "ana.lopez@example.com"},
    "find_user_id_by_name_zip": {"first_name": "Ana", "last_name": "Lopez", "zip": "93650"},
    "get_item_details": {"item_id": "lamp-a"},
    "get_order_details": {"order_id": "#W1"},
    "get_product_details": {"product_id": "lamp"},
    "get_user_details": {"user_id": "ana_lopez"},
    "list_all_product_types": {},
    "modify_pending_order_address": {"order_id": "#W1", **small.ELSEWHERE},
    "modify_pending_order_items": {**RETURN, "new_item_ids": ["lamp-b"]},
    "modify_pending_order_payment": {"order_id": "#W1", "payment_method_id": "paypal_1"},
    "modify_user_address": ADDRESS,
    "notify_carrier": {"order_id": "#W1", "message": "Ring twice."},
    "return_delivered_order_items": RETURN,
    "transfer_to_human_agents": {"summary": "Wants a person."},
}


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.ref)
def test_each_tool_says_in_one_sentence_what_will_happen(tool: type[Tool]) -> None:
    given = tool.Input.model_validate(EXAMPLES[tool.ref])
    asked = tool()
    assert asked.authorize("agent:iris", ToolContext()) is True
    assert asked.headline(given)
    assert asked.preview(given).rstrip("”").endswith((".", "?", "!"))
    for name, value in EXAMPLES[tool.ref].items():
        if name.endswith("_id"):
            assert value in asked.headline(given) + asked.preview(given), f"{name} is shown to who decides"


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.ref)
def test_each_field_has_words_and_a_limit(tool: type[Tool]) -> None:
    for name, field in tool.Input.model_json_schema().get("properties", {}).items():
        assert field["title"], name
        assert {"maxLength", "maxItems", "enum"} & field.keys(), f"{tool.ref}.{name} has no limit"


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.ref)
def test_no_field_takes_what_the_database_cannot_store_or_what_has_no_end(tool: type[Tool]) -> None:
    for name, value in EXAMPLES[tool.ref].items():
        for bad in ("a\0b", "a\ud800b", "x" * 10_000_000):
            wrong = EXAMPLES[tool.ref] | {name: [bad] if isinstance(value, list) else bad}
            with pytest.raises(ValidationError) as refusal:
                tool.Input.model_validate(wrong)
            assert refusal.value.errors()[0]["loc"][0] == name


@pytest.mark.parametrize(
    ("tool_ref", "change", "field"),
    [
        ("cancel_pending_order", {"reason": "too expensive"}, "reason"),
        ("cancel_pending_order", {"order_id": "   "}, "order_id"),
        ("return_delivered_order_items", {"item_ids": []}, "item_ids"),
        ("return_delivered_order_items", {"item_ids": ["lamp-a"] * 101}, "item_ids"),
        ("return_delivered_order_items", {"item_ids": "lamp-a"}, "item_ids"),
        ("exchange_delivered_order_items", {"new_item_ids": [""]}, "new_item_ids"),
        ("modify_user_address", {"city": " "}, "city"),
        ("modify_user_address", {"zip": 93650}, "zip"),
    ],
)
def test_wrong_input_is_told_by_its_field(tool_ref: str, change: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        BY_REF[tool_ref].Input.model_validate(EXAMPLES[tool_ref] | change)
    assert refusal.value.errors()[0]["loc"][0] == field


def test_a_second_address_line_may_stay_empty() -> None:
    without = {name: value for name, value in ADDRESS.items() if name != "address2"}
    assert BY_REF["modify_user_address"].Input.model_validate(without).model_dump()["address2"] == ""


def test_money_needs_a_scope_and_erasing_is_always_blocked() -> None:
    needing = {ref for ref, tool in BY_REF.items() if tool.scopes == ("orders:refund",)}
    assert needing == {
        "cancel_pending_order",
        "exchange_delivered_order_items",
        "modify_pending_order_items",
        "modify_pending_order_payment",
        "return_delivered_order_items",
    }
    assert all(BY_REF[ref].risk_tier == RiskTier.HIGH_WRITE for ref in needing)
    erase = BY_REF["erase_customer"]
    assert (erase.risk_tier, erase.approval_mode) == (RiskTier.DESTRUCTIVE, ApprovalMode.ALWAYS_BLOCK)
