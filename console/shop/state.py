"""The shop as the JSON it was loaded from, and one hash that says whether two shops are the same."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.db import Base
from console.shop.models import (
    Addressed,
    Fulfilment,
    Order,
    OrderItem,
    Payment,
    PaymentMethod,
    PaymentSource,
    Product,
    ShopCustomer,
    Variant,
)

Tables = dict[str, dict[str, dict[str, Any]]]
Rows = Sequence[Any]

OPTIONAL_OF_ORDER = (
    "cancel_reason",
    "exchange_items",
    "exchange_new_items",
    "exchange_payment_method_id",
    "return_items",
    "return_payment_method_id",
)


def export(session: Session) -> Tables:
    """Every record of the shop, by table and id, as JSON-able values.

    Reads plain rows, each table once: a shop has thousands of them, and nothing here changes one.
    """
    methods = _grouped(session, PaymentMethod, "customer_id")
    variants = _grouped(session, Variant, "product_id")
    items, parcels = _grouped(session, OrderItem, "order_id"), _grouped(session, Fulfilment, "order_id")
    payments, orders = _grouped(session, Payment, "order_id"), _rows(session, Order)
    order_ids: defaultdict[str, list[str]] = defaultdict(list)
    for order in orders:
        order_ids[order.customer_id].append(order.id)
    return {
        "users": {
            row.id: _user(row, methods[row.id], order_ids[row.id]) for row in _rows(session, ShopCustomer)
        },
        "orders": {row.id: _order(row, items[row.id], parcels[row.id], payments[row.id]) for row in orders},
        "products": {row.id: _product(row, variants[row.id]) for row in _rows(session, Product)},
    }


def _rows(session: Session, model: type[Base]) -> Rows:
    session.flush()
    table = model.__table__
    return session.execute(select(table).order_by(table.c.position)).all()


def _grouped(session: Session, model: type[Base], parent: str) -> defaultdict[str, list[Any]]:
    groups: defaultdict[str, list[Any]] = defaultdict(list)
    for row in _rows(session, model):
        groups[getattr(row, parent)].append(row)
    return groups


def user_record(customer: ShopCustomer) -> dict[str, Any]:
    """A customer with payment methods and the ids of the orders, which must be loaded."""
    return _user(customer, customer.payment_methods, [order.id for order in customer.orders])


def product_record(product: Product) -> dict[str, Any]:
    """A product with its variants."""
    return _product(product, product.variants)


def order_record(order: Order) -> dict[str, Any]:
    """An order; what was never asked for (a return, an exchange) is left out."""
    return _order(order, order.items, order.fulfilments, order.payments)


def _user(row: Any, methods: Rows, order_ids: list[str]) -> dict[str, Any]:
    return {
        "user_id": row.id,
        "name": {"first_name": row.first_name, "last_name": row.last_name},
        "address": address_record(row),
        "email": row.email,
        "payment_methods": {method.id: payment_method_record(method) for method in methods},
        "orders": order_ids,
    }


def _product(row: Any, variants: Rows) -> dict[str, Any]:
    records = {variant.id: variant_record(variant) for variant in variants}
    return {"name": row.name, "product_id": row.id, "variants": records}


def _order(row: Any, items: Rows, parcels: Rows, payments: Rows) -> dict[str, Any]:
    record: dict[str, Any] = {
        "order_id": row.id,
        "user_id": row.customer_id,
        "address": address_record(row),
        "items": [item_record(item) for item in items],
        "status": str(row.status),
        "fulfillments": [
            {"tracking_id": list(parcel.tracking_ids), "item_ids": list(parcel.item_ids)}
            for parcel in parcels
        ],
        "payment_history": [payment_record(payment) for payment in payments],
    }
    record |= {name: value for name in OPTIONAL_OF_ORDER if (value := getattr(row, name)) is not None}
    if row.exchange_price_difference is not None:
        record["exchange_price_difference"] = float(row.exchange_price_difference)
    return record


def payment_method_record(method: PaymentMethod) -> dict[str, Any]:
    """A payment method as the published data spells it."""
    record: dict[str, Any] = {"source": str(method.source), "id": method.id}
    if method.source == PaymentSource.CREDIT_CARD:
        record |= {"brand": method.brand, "last_four": method.last_four}
    if method.balance is not None:
        record["balance"] = float(method.balance)
    return record


def payment_record(payment: Payment) -> dict[str, Any]:
    """A payment as the published data spells it; the amount in dollars."""
    return {
        "transaction_type": str(payment.transaction_type),
        "amount": float(payment.amount),
        "payment_method_id": payment.payment_method_id,
    }


def variant_record(variant: Variant) -> dict[str, Any]:
    """A variant as the published data spells it; the price in dollars."""
    return {
        "item_id": variant.id,
        "options": dict(variant.options),
        "available": variant.available,
        "price": float(variant.price),
    }


def item_record(item: OrderItem) -> dict[str, Any]:
    """An item of an order as the published data spells it; the price in dollars."""
    return {
        "name": item.name,
        "product_id": item.product_id,
        "item_id": item.item_id,
        "price": float(item.price),
        "options": dict(item.options),
    }


def address_record(row: Addressed) -> dict[str, str]:
    """An address as the published data spells it."""
    return {
        "address1": row.address1,
        "address2": row.address2,
        "city": row.city,
        "country": row.country,
        "state": row.state,
        "zip": row.zip,
    }


def state_hash(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """SHA-256 over the records of `tables`, independent of the order in which they stand."""
    return _sha256("".join(f"{name}:{_table_hash(tables[name])}\n" for name in sorted(tables)))


def _table_hash(records: Mapping[str, Any]) -> str:
    return _sha256("".join(f"{key}:{record_hash(records[key])}\n" for key in sorted(records)))


def record_hash(record: Any) -> str:
    """SHA-256 of a record's canonical JSON: no null members, every number as text with two decimals."""
    return _sha256(json.dumps(_canonical(record), sort_keys=True, separators=(",", ":")))


def _canonical(value: Any) -> Any:
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        # Adding zero turns a rounded -0.0 into 0.0.
        return f"{round(value, 2) + 0.0:.2f}"
    if isinstance(value, Mapping):
        return {key: _canonical(member) for key, member in value.items() if member is not None}
    return [_canonical(member) for member in value]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
