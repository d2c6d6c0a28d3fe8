"""Records of the shop turned into rows of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.db import Base
from console.shop.models import (
    Fulfilment,
    Order,
    OrderItem,
    Payment,
    PaymentMethod,
    Product,
    ShopCustomer,
    Variant,
)
from console.shop.records import OrderRecord, ProductRecord, UserRecord

Row = dict[str, Any]
Rows = dict[type[Base], list[Row]]


def rows_of(
    users: Mapping[str, UserRecord], orders: Mapping[str, OrderRecord], products: Mapping[str, ProductRecord]
) -> Rows:
    """The rows of every table. `position` keeps the order in which the records and their parts stand."""
    places = {order_id: place for user in users.values() for place, order_id in enumerate(user.orders)}
    return {
        ShopCustomer: [_customer(place, user) for place, user in enumerate(users.values())],
        PaymentMethod: [row for user in users.values() for row in _payment_methods(user)],
        Product: [
            {"id": product.product_id, "position": place, "name": product.name}
            for place, product in enumerate(products.values())
        ],
        Variant: [row for product in products.values() for row in _variants(product)],
        Order: [_order(places[order.order_id], order) for order in orders.values()],
        OrderItem: [
            {"order_id": order.order_id, "position": place, **item.model_dump()}
            for order in orders.values()
            for place, item in enumerate(order.items)
        ],
        Fulfilment: [
            {
                "order_id": order.order_id,
                "position": place,
                "tracking_ids": parcel.tracking_id,
                "item_ids": parcel.item_ids,
            }
            for order in orders.values()
            for place, parcel in enumerate(order.fulfillments)
        ],
        Payment: [
            {"order_id": order.order_id, "position": place, **payment.model_dump()}
            for order in orders.values()
            for place, payment in enumerate(order.payment_history)
        ],
    }


def _customer(place: int, user: UserRecord) -> Row:
    return {
        "id": user.user_id,
        "position": place,
        "email": user.email,
        **user.name.model_dump(),
        **user.address.model_dump(),
    }


def _payment_methods(user: UserRecord) -> list[Row]:
    absent = {"brand": None, "last_four": None, "balance": None}
    return [
        {"customer_id": user.user_id, "position": place, **absent, **method.model_dump()}
        for place, method in enumerate(user.payment_methods.values())
    ]


def _variants(product: ProductRecord) -> list[Row]:
    return [
        {
            "id": variant.item_id,
            "product_id": product.product_id,
            "position": place,
            **variant.model_dump(exclude={"item_id"}),
        }
        for place, variant in enumerate(product.variants.values())
    ]


def _order(place: int, order: OrderRecord) -> Row:
    apart = {"order_id", "user_id", "address", "items", "fulfillments", "payment_history"}
    return {
        "id": order.order_id,
        "customer_id": order.user_id,
        "position": place,
        **order.address.model_dump(),
        **order.model_dump(exclude=apart),
    }
