"""What the shop allows. A refusal is a PermanentToolError with a sentence, raised before anything is changed.

A change locks the order first and its customer second, never the other way round. The customer's lock also
guards the gift cards, so two runs cannot spend the same balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from console.shop.models import (
    Order,
    OrderItem,
    OrderStatus,
    Payment,
    PaymentMethod,
    PaymentSource,
    Product,
    ShopCustomer,
    TransactionType,
    Variant,
)
from console.tools.base import PermanentToolError

Row = TypeVar("Row")

FRESH = {"populate_existing": True}
LOCK = {"key_share": True}


def find_order(session: Session, order_id: str) -> Order:
    """The order as it is now. Raises PermanentToolError when there is none."""
    order = session.scalar(select(Order).where(Order.id == order_id), execution_options=FRESH)
    return _found(order, f"Order not found: the shop has no order {order_id}.")


def lock_order(session: Session, order_id: str) -> Order:
    """The order as it is now, nobody else's to change until this transaction ends."""
    order = session.get(Order, order_id, with_for_update=LOCK, populate_existing=True)
    return _found(order, f"Order not found: the shop has no order {order_id}.")


def find_customer(session: Session, user_id: str) -> ShopCustomer:
    """The customer with the orders."""
    query = select(ShopCustomer).where(ShopCustomer.id == user_id).options(selectinload(ShopCustomer.orders))
    return _found(
        session.scalar(query, execution_options=FRESH), f"User not found: the shop has no customer {user_id}."
    )


def lock_customer(session: Session, user_id: str) -> ShopCustomer:
    """The customer with the payment methods as they are now, locked until this transaction ends."""
    customer = session.get(ShopCustomer, user_id, with_for_update=LOCK, populate_existing=True)
    return _found(customer, f"User not found: the shop has no customer {user_id}.")


def find_product(session: Session, product_id: str) -> Product:
    """The product as it is now. Raises PermanentToolError when there is none."""
    product = session.get(Product, product_id, populate_existing=True)
    return _found(product, f"Product not found: the shop has no product {product_id}.")


def find_variant(session: Session, item_id: str) -> Variant:
    """The variant as it is now. Raises PermanentToolError when there is none."""
    variant = session.get(Variant, item_id, populate_existing=True)
    return _found(variant, f"Item not found: the shop has no item {item_id}.")


def _found(row: Row | None, sentence: str) -> Row:
    if row is None:
        raise PermanentToolError(sentence)
    return row


def payment_method(customer: ShopCustomer, method_id: str) -> PaymentMethod:
    """The customer's payment method of that id, or a refusal."""
    for method in customer.payment_methods:
        if method.id == method_id:
            return method
    raise PermanentToolError(f"Payment method not found: {customer.id} has no payment method {method_id}.")


def is_pending(order: Order) -> bool:
    """Pending in the wide sense: an order whose items were modified still is."""
    return order.status in (OrderStatus.PENDING, OrderStatus.PENDING_ITEM_MODIFIED)


def missing_item(order: Order, item_ids: Sequence[str]) -> str | None:
    """The first id that is asked for more often than the order holds it, or None."""
    held = [item.item_id for item in order.items]
    return next((item_id for item_id in item_ids if item_ids.count(item_id) > held.count(item_id)), None)


def item_in(order: Order, item_id: str) -> OrderItem:
    """The order's first item of that id, or a refusal."""
    for item in order.items:
        if item.item_id == item_id:
            return item
    raise PermanentToolError(f"Item {item_id} not found in order {order.id}.")


def replacement(session: Session, old: OrderItem, new_item_id: str) -> Variant:
    """The variant to put in place of `old`: of the same product, and in stock."""
    variant = session.get(Variant, new_item_id, populate_existing=True)
    if variant is None or variant.product_id != old.product_id:
        raise PermanentToolError(
            f"Variant not found: {new_item_id} is not a variant of the product “{old.name}”."
        )
    if not variant.available:
        raise PermanentToolError(
            f"New item {new_item_id} not found or available: “{old.name}” {new_item_id} is out of stock."
        )
    return variant


def must_cover(method: PaymentMethod, amount: Decimal, purpose: str) -> None:
    """Refuse when `method` is a gift card with less than `amount` on it."""
    if method.balance is not None and method.balance < amount:
        raise PermanentToolError(
            f"Insufficient gift card balance to pay for {purpose}: "
            f"{method.id} holds {dollars(method.balance)} and {dollars(amount)} is needed."
        )


def charge(method: PaymentMethod, amount: Decimal) -> None:
    """Take `amount` from a gift card (give it, when negative). Cards and PayPal keep no balance here."""
    if method.balance is not None:
        method.balance -= amount


def record_payment(order: Order, kind: TransactionType, amount: Decimal, method_id: str) -> None:
    """Write one more line of the order's payment history."""
    order.payments.append(
        Payment(
            position=len(order.payments), transaction_type=kind, amount=amount, payment_method_id=method_id
        )
    )


def dollars(amount: Decimal) -> str:
    """An amount as people write it."""
    return f"${amount:,.2f}"


def when_refunded(method: PaymentMethod) -> str:
    """When a refund to `method` arrives."""
    return "at once" if method.source == PaymentSource.GIFT_CARD else "in 5 to 7 business days"


def difference_in_words(difference: Decimal, method: PaymentMethod) -> str:
    """Who pays how much, when `difference` is the new price less the old one."""
    if difference > 0:
        return f"{dollars(difference)} more is paid with {method.id}"
    if difference < 0:
        return f"{dollars(-difference)} goes back to {method.id}"
    return "the price stays the same"


def counted(number: int, noun: str) -> str:
    """How many of something, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
