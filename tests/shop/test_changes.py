"""What each tool that writes leaves behind, to the cent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.shop import state
from tests.shop.small import ELSEWHERE, call

Now = Callable[[], state.Tables]


def payments(order: dict[str, Any]) -> list[tuple[str, float, str]]:
    return [
        (line["transaction_type"], line["amount"], line["payment_method_id"])
        for line in order["payment_history"]
    ]


def balance(tables: state.Tables, card: str) -> float:
    found: float = tables["users"]["ana_lopez"]["payment_methods"][card]["balance"]
    return found


def test_a_cancelled_order_gives_back_what_was_paid(shop: state.Tables, now_in_shop: Now) -> None:
    result = call("cancel_pending_order", order_id="#W4", reason="ordered by mistake")
    after = now_in_shop()
    order = after["orders"]["#W4"]
    assert (order["status"], order["cancel_reason"]) == ("cancelled", "ordered by mistake")
    assert payments(order) == [("payment", 20.0, "gift_card_1"), ("refund", 20.0, "gift_card_1")]
    assert balance(after, "gift_card_1") == 70.0
    assert result["summary"] == "Order #W4 was cancelled; $20.00 goes back to gift_card_1 at once."
    assert result["data"] == order


def test_a_card_is_refunded_later_and_keeps_no_balance(shop: state.Tables) -> None:
    result = call("cancel_pending_order", order_id="#W1", reason="no longer needed")
    assert result["summary"].endswith("$120.00 goes back to credit_card_1 in 5 to 7 business days.")


def test_each_new_item_has_its_own_price_and_options(shop: state.Tables, now_in_shop: Now) -> None:
    result = call(
        "modify_pending_order_items",
        order_id="#W1",
        item_ids=["lamp-a", "lamp-a", "chair-a"],
        new_item_ids=["lamp-b", "lamp-c", "chair-b"],
        payment_method_id="gift_card_2",
    )
    after = now_in_shop()
    order = after["orders"]["#W1"]
    assert [(item["item_id"], item["price"]) for item in order["items"]] == [
        ("lamp-b", 35.5),
        ("lamp-c", 10.25),
        ("chair-b", 150.0),
    ]
    assert [item["options"]["colour"] for item in order["items"]] == ["lamp-b", "lamp-c", "chair-b"]
    assert order["status"] == "pending (item modified)"
    assert payments(order)[1:] == [("payment", 75.75, "gift_card_2")]
    assert balance(after, "gift_card_2") == 224.25
    assert result["summary"] == "3 items of order #W1 replaced; $75.75 more is paid with gift_card_2."


def test_a_cheaper_item_is_a_refund(shop: state.Tables, now_in_shop: Now) -> None:
    call(
        "modify_pending_order_items",
        order_id="#W4",
        item_ids=["lamp-a"],
        new_item_ids=["lamp-c"],
        payment_method_id="gift_card_1",
    )
    after = now_in_shop()
    assert payments(after["orders"]["#W4"])[1:] == [("refund", 9.75, "gift_card_1")]
    assert balance(after, "gift_card_1") == 59.75


def test_a_payment_moves_from_one_gift_card_to_the_other(shop: state.Tables, now_in_shop: Now) -> None:
    result = call("modify_pending_order_payment", order_id="#W4", payment_method_id="gift_card_2")
    after = now_in_shop()
    order = after["orders"]["#W4"]
    assert order["status"] == "pending"
    assert payments(order)[1:] == [("payment", 20.0, "gift_card_2"), ("refund", 20.0, "gift_card_1")]
    assert (balance(after, "gift_card_1"), balance(after, "gift_card_2")) == (70.0, 280.0)
    assert result["summary"] == (
        "Order #W4 is now paid with gift_card_2; $20.00 goes back to gift_card_1 at once."
    )


def test_a_return_is_requested_and_no_money_moves_yet(shop: state.Tables, now_in_shop: Now) -> None:
    result = call(
        "return_delivered_order_items",
        order_id="#W2",
        item_ids=["lamp-a", "chair-a", "lamp-a"],
        payment_method_id="gift_card_1",
    )
    after = now_in_shop()
    order = after["orders"]["#W2"]
    assert order["status"] == "return requested"
    assert order["return_items"] == ["chair-a", "lamp-a", "lamp-a"]
    assert order["return_payment_method_id"] == "gift_card_1"
    assert order["payment_history"] == shop["orders"]["#W2"]["payment_history"]
    assert after["users"] == shop["users"]
    assert "$120.00" in result["summary"]


def test_an_exchange_is_requested_and_no_money_moves_yet(shop: state.Tables, now_in_shop: Now) -> None:
    result = call(
        "exchange_delivered_order_items",
        order_id="#W2",
        item_ids=["lamp-a", "lamp-a"],
        new_item_ids=["lamp-c", "lamp-a"],
        payment_method_id="gift_card_1",
    )
    after = now_in_shop()
    order = after["orders"]["#W2"]
    assert order["status"] == "exchange requested"
    assert order["exchange_items"] == ["lamp-a", "lamp-a"]
    assert order["exchange_new_items"] == ["lamp-a", "lamp-c"]
    assert order["exchange_price_difference"] == -9.75
    assert order["items"] == shop["orders"]["#W2"]["items"]
    assert after["users"] == shop["users"]
    assert result["summary"].endswith("$9.75 goes back to gift_card_1.")


def test_an_address_is_changed_where_it_was_meant_and_nowhere_else(
    shop: state.Tables, now_in_shop: Now
) -> None:
    call("modify_user_address", user_id="ana_lopez", **ELSEWHERE)
    call("modify_pending_order_address", order_id="#W4", **ELSEWHERE)
    after = now_in_shop()
    assert after["users"]["ana_lopez"]["address"] == ELSEWHERE
    changed = {order_id for order_id, order in after["orders"].items() if order["address"] == ELSEWHERE}
    assert changed == {"#W4"}
    found = call("find_user_id_by_name_zip", first_name="ana", last_name="LOPEZ", zip=ELSEWHERE["zip"])
    assert found["data"] == {"user_id": "ana_lopez"}


def test_reads_answer_as_the_shop_stands_and_change_nothing(shop: state.Tables, now_in_shop: Now) -> None:
    assert call("find_user_id_by_email", email="ANA.lopez@example.com")["data"] == {"user_id": "ana_lopez"}
    assert call("get_user_details", user_id="ana_lopez")["data"] == shop["users"]["ana_lopez"]
    assert call("get_order_details", order_id=" #W2 ")["data"] == shop["orders"]["#W2"]
    assert call("get_product_details", product_id="lamp")["data"] == shop["products"]["lamp"]
    item = shop["products"]["lamp"]["variants"]["lamp-b"]
    assert call("get_item_details", item_id="lamp-b")["data"] == item
    assert call("list_all_product_types")["data"]["products"] == [
        {"name": "Desk Chair", "product_id": "chair"},
        {"name": "Table Lamp", "product_id": "lamp"},
    ]
    assert call("transfer_to_human_agents", summary="Wants a person.")["summary"].startswith(
        "Transfer successful"
    )
    assert now_in_shop() == shop
