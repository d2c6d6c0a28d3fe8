"""The shop's own tables, in the database schema `shop`. Money is numeric, in dollars and whole cents."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from sqlalchemy import ARRAY, JSON, CheckConstraint, ForeignKey, Index, Integer, Numeric, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.schema import SchemaItem

from console.db import Base
from console.models.columns import one_of

SCHEMA = "shop"

Money = Annotated[Decimal, mapped_column(Numeric(12, 2))]
Key = Annotated[str, mapped_column(Text, primary_key=True)]
Words = Annotated[str, mapped_column(Text)]
Position = Annotated[int, mapped_column(Integer)]
Options = Annotated[dict[str, str], mapped_column(JSON)]
"""Plain JSON, not JSONB: the order in which a product names its options is kept."""


class OrderStatus(StrEnum):
    PENDING = "pending"
    PENDING_ITEM_MODIFIED = "pending (item modified)"
    PROCESSED = "processed"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    EXCHANGE_REQUESTED = "exchange requested"
    RETURN_REQUESTED = "return requested"


class PaymentSource(StrEnum):
    CREDIT_CARD = "credit_card"
    PAYPAL = "paypal"
    GIFT_CARD = "gift_card"


class TransactionType(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


def table(*items: SchemaItem) -> tuple[SchemaItem | dict[str, str], ...]:
    """`__table_args__` of a table of the shop."""
    return (*items, {"schema": SCHEMA})


def parent(name: str) -> ForeignKey:
    """A reference to the row of the shop that this one is a part of."""
    return ForeignKey(f"{SCHEMA}.{name}", ondelete="CASCADE")


class Addressed:
    """Six lines of a postal address on the row that it belongs to."""

    address1: Mapped[Words]
    address2: Mapped[Words]
    city: Mapped[Words]
    state: Mapped[Words]
    country: Mapped[Words]
    zip: Mapped[Words]


class ShopCustomer(Addressed, Base):
    """Someone who buys here. Locking this row also locks what is on the customer's gift cards."""

    __tablename__ = "customers"

    __table_args__ = table(
        Index("ix_customers_email_lower", text("lower(email)")),
        Index("ix_customers_name_zip", text("lower(last_name)"), text("lower(first_name)"), "zip"),
    )

    id: Mapped[Key]
    position: Mapped[Position]
    first_name: Mapped[Words]
    last_name: Mapped[Words]
    email: Mapped[Words]

    payment_methods: Mapped[list[PaymentMethod]] = relationship(
        order_by="PaymentMethod.position", lazy="selectin"
    )
    orders: Mapped[list[Order]] = relationship(order_by="Order.position", lazy="raise")


class PaymentMethod(Base):
    """How a customer pays. Only a gift card has a balance, and it never falls below zero."""

    __tablename__ = "payment_methods"
    __table_args__ = table(
        one_of("source", PaymentSource, "source"),
        CheckConstraint("(source = 'gift_card') = (balance IS NOT NULL)", name="balance_of_gift_cards"),
        CheckConstraint("balance >= 0", name="balance_not_negative"),
    )

    customer_id: Mapped[str] = mapped_column(Text, parent("customers.id"), primary_key=True)
    id: Mapped[Key]
    position: Mapped[Position]
    source: Mapped[PaymentSource] = mapped_column(String(16))
    brand: Mapped[str | None] = mapped_column(Text)
    last_four: Mapped[str | None] = mapped_column(String(4))
    balance: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))


class Product(Base):
    """A type of product; what is sold are its variants."""

    __tablename__ = "products"
    __table_args__ = table()

    id: Mapped[Key]
    position: Mapped[Position]
    name: Mapped[Words]

    variants: Mapped[list[Variant]] = relationship(order_by="Variant.position", lazy="selectin")


class Variant(Base):
    """One item of a product, with its options, price and whether it is in stock."""

    __tablename__ = "variants"
    __table_args__ = table(
        Index("ix_variants_product", "product_id", "position"),
        CheckConstraint("price >= 0", name="price_not_negative"),
    )

    id: Mapped[Key]
    product_id: Mapped[str] = mapped_column(Text, parent("products.id"))
    position: Mapped[Position]
    options: Mapped[Options]
    available: Mapped[bool]
    price: Mapped[Money]


class Order(Addressed, Base):
    """What a customer bought, where it goes, how it was paid, and what was asked for afterwards."""

    __tablename__ = "orders"
    __table_args__ = table(
        one_of("status", OrderStatus, "status"),
        Index("ix_orders_customer", "customer_id", "position"),
        CheckConstraint(
            "(status = 'cancelled') OR (cancel_reason IS NULL)", name="cancel_reason_of_cancelled"
        ),
    )

    id: Mapped[Key]
    customer_id: Mapped[str] = mapped_column(Text, parent("customers.id"))
    position: Mapped[Position]
    """Its place in the customer's list of orders."""
    status: Mapped[OrderStatus] = mapped_column(String(32))
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    exchange_items: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    exchange_new_items: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    exchange_payment_method_id: Mapped[str | None] = mapped_column(Text)
    exchange_price_difference: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    return_items: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    return_payment_method_id: Mapped[str | None] = mapped_column(Text)

    items: Mapped[list[OrderItem]] = relationship(order_by="OrderItem.position", lazy="selectin")
    fulfilments: Mapped[list[Fulfilment]] = relationship(order_by="Fulfilment.position", lazy="selectin")
    payments: Mapped[list[Payment]] = relationship(order_by="Payment.position", lazy="selectin")


class OrderItem(Base):
    """One thing in an order, with the price and options at the time of purchase."""

    __tablename__ = "order_items"
    __table_args__ = table(CheckConstraint("price >= 0", name="price_not_negative"))

    order_id: Mapped[str] = mapped_column(Text, parent("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[Words]
    product_id: Mapped[Words]
    item_id: Mapped[Words]
    price: Mapped[Money]
    options: Mapped[Options]


class Fulfilment(Base):
    """A parcel: its tracking numbers and the items in it."""

    __tablename__ = "fulfilments"
    __table_args__ = table()

    order_id: Mapped[str] = mapped_column(Text, parent("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    tracking_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    item_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))


class Payment(Base):
    """Money that came in or went back, in the order in which it did."""

    __tablename__ = "payments"
    __table_args__ = table(
        one_of("transaction_type", TransactionType, "transaction_type"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    order_id: Mapped[str] = mapped_column(Text, parent("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    transaction_type: Mapped[TransactionType] = mapped_column(String(16))
    amount: Mapped[Money]
    payment_method_id: Mapped[Words]


TABLES = (ShopCustomer, PaymentMethod, Product, Variant, Order, OrderItem, Fulfilment, Payment)
"""Every table, a parent before its parts."""
