"""The demo's shop: a short file for people to read, turned into the records that any shop is loaded from."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from console.demo.script import DATA, read
from console.shop import loader, state

CARDS = {"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express"}
Records = dict[str, dict[str, Any]]


def fill(session: Session) -> None:
    """Put the demo's shop into the database, beside what is in there."""
    there = state.export(session)
    loader.replace(session, {name: there[name] | records for name, records in read_shop().items()})


def read_shop() -> dict[str, Records]:
    """The records of data/shop.toml and data/orders.toml: users, orders, products by id."""
    written = read(DATA / "shop.toml") | read(DATA / "orders.toml")
    products = {key: _product(key, product) for key, product in written["product"].items()}
    users = {key: _user(key, customer) for key, customer in written["customer"].items()}
    items = {
        item: (product, variant)
        for product in products.values()
        for item, variant in product["variants"].items()
    }
    orders = {key: _order(key, order, users[order["of"]], items) for key, order in written["order"].items()}
    return {"users": users, "orders": orders, "products": products}


def _product(key: str, written: dict[str, Any]) -> dict[str, Any]:
    variants = {
        item_id: {"item_id": item_id, "available": True, **variant}
        for item_id, variant in written["variant"].items()
    }
    return {"name": written["name"], "product_id": key, "variants": variants}


def _user(key: str, written: dict[str, Any]) -> dict[str, Any]:
    first, _, last = written["name"].partition(" ")
    lines = ("address1", "address2", "city", "state", "zip", "country")
    return {
        "user_id": key,
        "name": {"first_name": first, "last_name": last},
        "address": dict(zip(lines, written["lives"], strict=True)),
        "email": f"{key.replace('_', '.')}@post.example",
        "payment_methods": {method: _method(method, written) for method in written["pays"]},
        "orders": [],
    }


def _method(key: str, written: dict[str, Any]) -> dict[str, Any]:
    """`visa_4417` is a card, `gift_card_2201` holds the customer's `gift` dollars, anything else is PayPal."""
    brand, _, number = key.rpartition("_")
    if brand == "gift_card":
        return {"source": "gift_card", "id": key, "balance": written["gift"]}
    if brand in CARDS:
        return {"source": "credit_card", "id": key, "brand": CARDS[brand], "last_four": number}
    return {"source": "paypal", "id": key}


def _order(
    key: str,
    written: dict[str, Any],
    user: dict[str, Any],
    items: dict[str, tuple[dict[str, Any], dict[str, Any]]],
) -> dict[str, Any]:
    user["orders"].append(key)
    bought = [_item(*items[item_id]) for item_id in written["items"]]
    parcels = [
        {"tracking_id": [number], "item_ids": written["items"]} for number in written.get("parcels", [])
    ]
    paid = {
        "transaction_type": "payment",
        "amount": sum(item["price"] for item in bought),
        "payment_method_id": written["paid"],
    }
    return {
        "order_id": key,
        "user_id": written["of"],
        "address": dict(user["address"]),
        "items": bought,
        "status": written["status"],
        "fulfillments": parcels,
        "payment_history": [paid],
    }


def _item(product: dict[str, Any], variant: dict[str, Any]) -> dict[str, Any]:
    shown = {name: variant[name] for name in ("item_id", "price", "options")}
    return {"name": product["name"], "product_id": product["product_id"], **shown}
