"""A shop small enough to hold in one's head, and a way to call its tools directly."""

from __future__ import annotations

from typing import Any

from console.db import db
from console.tools import RunContext
from console.tools.registry import registry

HOME = {
    "address1": "1 Elm Street",
    "address2": "",
    "city": "Fresno",
    "country": "USA",
    "state": "CA",
    "zip": "93650",
}
ELSEWHERE = {
    "address1": "9 Oak Road",
    "address2": "Flat 2",
    "city": "Reno",
    "country": "USA",
    "state": "NV",
    "zip": "89501",
}
PRICES = {"lamp-a": 20.0, "lamp-b": 35.5, "lamp-c": 10.25, "lamp-x": 15.0, "chair-a": 80.0, "chair-b": 150.0}
PRODUCTS = {"lamp": "Table Lamp", "chair": "Desk Chair"}


def customer(
    user_id: str, first: str, last: str, methods: list[dict[str, Any]], orders: list[str]
) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "name": {"first_name": first, "last_name": last},
        "address": dict(HOME),
        "email": f"{first}.{last}@Example.com",
        "payment_methods": {method["id"]: method for method in methods},
        "orders": orders,
    }


def item(item_id: str) -> dict[str, Any]:
    product_id = item_id.partition("-")[0]
    options = {"colour": item_id, "age": "new"}
    return {
        "name": PRODUCTS[product_id],
        "product_id": product_id,
        "item_id": item_id,
        "price": PRICES[item_id],
        "options": options,
    }


def order(
    order_id: str, status: str, items: list[str], method: str, user_id: str = "ana_lopez"
) -> dict[str, Any]:
    sent = status in ("processed", "delivered")
    paid = round(sum(PRICES[name] for name in items), 2)
    return {
        "order_id": order_id,
        "user_id": user_id,
        "address": dict(HOME),
        "items": [item(name) for name in items],
        "status": status,
        "fulfillments": [{"tracking_id": ["T1"], "item_ids": items}] if sent else [],
        "payment_history": [{"transaction_type": "payment", "amount": paid, "payment_method_id": method}],
    }


def variant(item_id: str) -> dict[str, Any]:
    found = item(item_id)
    return {
        "item_id": item_id,
        "options": found["options"],
        "available": item_id != "lamp-x",
        "price": found["price"],
    }


def tables() -> dict[str, dict[str, Any]]:
    """Two customers, seven orders, two products; new objects at every call."""
    methods = [
        {"source": "gift_card", "id": "gift_card_1", "balance": 50.0},
        {"source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "4242"},
        {"source": "paypal", "id": "paypal_1"},
        {"source": "gift_card", "id": "gift_card_2", "balance": 300.0},
    ]
    orders = [
        order("#W1", "pending", ["lamp-a", "lamp-a", "chair-a"], "credit_card_1"),
        order("#W2", "delivered", ["lamp-a", "lamp-a", "chair-a"], "credit_card_1"),
        order("#W3", "processed", ["lamp-a"], "credit_card_1"),
        order("#W4", "pending", ["lamp-a"], "gift_card_1"),
        order("#W5", "delivered", ["chair-a"], "paypal_1"),
        order("#W6", "pending", ["lamp-c"], "credit_card_1"),
    ]
    tom = {"source": "gift_card", "id": "gift_card_9", "balance": 5.0}
    toms_order = order("#W9", "pending", ["lamp-a"], "gift_card_9", "tom_berg")
    return {
        "users": {
            "ana_lopez": customer(
                "ana_lopez", "Ana", "Lopez", methods, [found["order_id"] for found in orders]
            ),
            "tom_berg": customer("tom_berg", "Tom", "Berg", [tom], ["#W9"]),
        },
        "orders": {found["order_id"]: found for found in [*orders, toms_order]},
        "products": {
            product_id: {
                "name": name,
                "product_id": product_id,
                "variants": {key: variant(key) for key in PRICES if key.startswith(product_id)},
            }
            for product_id, name in PRODUCTS.items()
        },
    }


def call(tool_ref: str, **parameters: Any) -> dict[str, Any]:
    """Run a tool as the execution job does, in the current session, without committing."""
    tool = registry().get(tool_ref)
    assert tool is not None
    given = tool.Input.model_validate(parameters)
    context = RunContext(run_key="r" * 64, effect_key="e" * 64, attempt=1, session=db.session())
    return dict(tool.run(given, "agent:iris", context))
