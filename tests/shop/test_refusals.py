"""What the shop refuses, in which order it looks, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from console.db import db
from console.shop import state
from console.tools import PermanentToolError
from tests.shop import small

MODIFY, EXCHANGE, RETURN = (
    "modify_pending_order_items",
    "exchange_delivered_order_items",
    "return_delivered_order_items",
)


def swap(order_id: str, old: list[str], new: list[str], method: str = "credit_card_1") -> dict[str, Any]:
    return {"order_id": order_id, "item_ids": old, "new_item_ids": new, "payment_method_id": method}


def give_back(order_id: str, items: list[str], method: str = "credit_card_1") -> dict[str, Any]:
    return {"order_id": order_id, "item_ids": items, "payment_method_id": method}


def pay(order_id: str, method: str) -> dict[str, Any]:
    return {"order_id": order_id, "payment_method_id": method}


CANCEL = {"reason": "no longer needed"}
NO_SUCH = "gift_card_9"  # of another customer

REFUSALS = [
    ("find_user_id_by_email", {"email": "nobody@example.com"}, "User not found: "),
    (
        "find_user_id_by_name_zip",
        {"first_name": "Ana", "last_name": "Lopez", "zip": "00000"},
        "User not found: ",
    ),
    ("get_user_details", {"user_id": "nobody"}, "User not found: "),
    ("get_order_details", {"order_id": "W1"}, "Order not found: "),
    ("get_product_details", {"product_id": "lamp-a"}, "Product not found: "),
    ("get_item_details", {"item_id": "lamp"}, "Item not found: "),
    ("calculate", {"expression": "2 + two"}, "Invalid characters in expression"),
    ("calculate", {"expression": "1 / 0"}, "The expression divides by zero."),
    ("modify_user_address", {"user_id": "nobody", **small.ELSEWHERE}, "User not found: "),
    ("modify_pending_order_address", {"order_id": "#W0", **small.ELSEWHERE}, "Order not found: "),
    (
        "modify_pending_order_address",
        {"order_id": "#W3", **small.ELSEWHERE},
        "Non-pending order cannot be modified: order #W3 is processed.",
    ),
    ("cancel_pending_order", {"order_id": "#W0", **CANCEL}, "Order not found: "),
    ("cancel_pending_order", {"order_id": "#W2", **CANCEL}, "Non-pending order cannot be cancelled: "),
    (MODIFY, swap("#W0", ["lamp-a"], ["lamp-b"]), "Order not found: "),
    (MODIFY, swap("#W2", ["lamp-a"], ["lamp-b"]), "Non-pending order cannot be modified: "),
    (MODIFY, swap("#W1", ["lamp-b"], ["lamp-a"]), "lamp-b not found: "),
    (MODIFY, swap("#W1", ["lamp-a"] * 3, ["lamp-b"] * 3), "lamp-a not found: "),
    (
        MODIFY,
        swap("#W1", ["lamp-a"], ["lamp-b", "lamp-c"]),
        "The number of items to be exchanged should match",
    ),
    (MODIFY, swap("#W1", ["lamp-a"], ["lamp-a"]), "The new item id should be different from the old item id"),
    (MODIFY, swap("#W1", ["lamp-a"], ["chair-b"]), "Variant not found: "),
    (MODIFY, swap("#W1", ["lamp-a"], ["sofa"]), "Variant not found: "),
    (MODIFY, swap("#W1", ["lamp-a"], ["lamp-x"]), "New item lamp-x not found or available"),
    (MODIFY, swap("#W1", ["lamp-a"], ["lamp-b"], NO_SUCH), "Payment method not found: "),
    (
        MODIFY,
        swap("#W1", ["chair-a"], ["chair-b"], "gift_card_1"),
        "Insufficient gift card balance to pay for the new item: gift_card_1 holds $50.00 and $70.00 is needed.",
    ),
    ("modify_pending_order_payment", pay("#W0", "paypal_1"), "Order not found: "),
    ("modify_pending_order_payment", pay("#W2", "paypal_1"), "Non-pending order cannot be modified: "),
    ("modify_pending_order_payment", pay("#W1", NO_SUCH), "Payment method not found: "),
    (
        "modify_pending_order_payment",
        pay("#W1", "credit_card_1"),
        "The new payment method should be different from the current one: ",
    ),
    (
        "modify_pending_order_payment",
        pay("#W1", "gift_card_1"),
        "Insufficient gift card balance to pay for the order: ",
    ),
    (RETURN, give_back("#W0", ["lamp-a"]), "Order not found: "),
    (RETURN, give_back("#W1", ["lamp-a"]), "Non-delivered order cannot be returned: "),
    (RETURN, give_back("#W2", ["sofa"], NO_SUCH), "Payment method not found: "),
    (RETURN, give_back("#W2", ["sofa"], "paypal_1"), "Payment method should be the original payment method"),
    (RETURN, give_back("#W2", ["sofa"]), "Some item not found: "),
    (RETURN, give_back("#W2", ["chair-a", "chair-a"]), "Some item not found: "),
    (EXCHANGE, swap("#W0", ["lamp-a"], ["lamp-b"]), "Order not found: "),
    (EXCHANGE, swap("#W1", ["lamp-a"], ["lamp-b"]), "Non-delivered order cannot be exchanged: "),
    (EXCHANGE, swap("#W2", ["lamp-b"], ["lamp-a"]), "Number of lamp-b not found"),
    (
        EXCHANGE,
        swap("#W2", ["lamp-a", "lamp-a"], ["lamp-b"]),
        "The number of items to be exchanged should match",
    ),
    (EXCHANGE, swap("#W2", ["lamp-a"], ["chair-b"]), "Variant not found: "),
    (EXCHANGE, swap("#W2", ["lamp-a"], ["lamp-x"]), "New item lamp-x not found or available"),
    (EXCHANGE, swap("#W2", ["lamp-a"], ["lamp-b"], NO_SUCH), "Payment method not found: "),
    (
        EXCHANGE,
        swap("#W2", ["chair-a"], ["chair-b"], "gift_card_1"),
        "Insufficient gift card balance to pay for the price difference: ",
    ),
    ("notify_carrier", {"order_id": "#W2", "message": "Ring twice."}, "No carrier is set up here"),
    ("erase_customer", {"user_id": "ana_lopez"}, "Customers are never erased from here"),
]


def test_a_refusal_is_a_sentence_and_changes_nothing(shop: state.Tables) -> None:
    for tool_ref, parameters, begins in REFUSALS:
        with pytest.raises(PermanentToolError) as refusal:
            small.call(tool_ref, **parameters)
        assert str(refusal.value).startswith(begins), (tool_ref, parameters)
        assert str(refusal.value).endswith(".")
        assert state.export(db.session()) == shop, (tool_ref, parameters)


@pytest.mark.parametrize(
    ("tool_ref", "parameters"),
    [
        ("cancel_pending_order", {"order_id": "#W1", **CANCEL}),
        (MODIFY, swap("#W1", ["lamp-a"], ["lamp-c"])),
        ("modify_pending_order_payment", pay("#W1", "paypal_1")),
    ],
)
def test_what_may_be_done_once_is_refused_the_second_time(
    shop: state.Tables, tool_ref: str, parameters: dict[str, Any]
) -> None:
    small.call(tool_ref, **parameters)
    once = state.export(db.session())
    with pytest.raises(PermanentToolError):
        small.call(tool_ref, **parameters)
    assert state.export(db.session()) == once


@pytest.mark.parametrize(("first", "then"), [(RETURN, EXCHANGE), (EXCHANGE, RETURN)])
def test_a_delivered_order_is_returned_or_exchanged_but_not_both(
    shop: state.Tables, first: str, then: str
) -> None:
    asked = {RETURN: give_back("#W2", ["lamp-a"]), EXCHANGE: swap("#W2", ["lamp-a"], ["lamp-b"])}
    small.call(first, **asked[first])
    with pytest.raises(PermanentToolError, match="Non-delivered order cannot be"):
        small.call(then, **asked[then])


def test_an_order_with_changed_items_keeps_its_payment_but_may_still_go_elsewhere(shop: state.Tables) -> None:
    small.call(MODIFY, **swap("#W1", ["lamp-a"], ["lamp-c"]))
    with pytest.raises(PermanentToolError, match="exactly one payment for a pending order"):
        small.call("modify_pending_order_payment", **pay("#W1", "paypal_1"))
    with pytest.raises(PermanentToolError, match="Non-pending order cannot be cancelled"):
        small.call("cancel_pending_order", order_id="#W1", **CANCEL)
    found = small.call("modify_pending_order_address", order_id="#W1", **small.ELSEWHERE)
    assert found["data"]["address"] == small.ELSEWHERE
