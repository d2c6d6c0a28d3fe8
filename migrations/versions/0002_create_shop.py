"""Create the shop that the tools act on, in a schema of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA shop")
    op.create_table(
        "customers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address1", sa.Text(), nullable=False),
        sa.Column("address2", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("zip", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        schema="shop",
    )
    op.create_index(
        "ix_customers_email_lower",
        "customers",
        [sa.literal_column("lower(email)")],
        unique=False,
        schema="shop",
    )
    op.create_index(
        "ix_customers_name_zip",
        "customers",
        [sa.literal_column("lower(last_name)"), sa.literal_column("lower(first_name)"), "zip"],
        unique=False,
        schema="shop",
    )
    op.create_table(
        "products",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_products"),
        schema="shop",
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("exchange_items", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("exchange_new_items", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("exchange_payment_method_id", sa.Text(), nullable=True),
        sa.Column("exchange_price_difference", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("return_items", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("return_payment_method_id", sa.Text(), nullable=True),
        sa.Column("address1", sa.Text(), nullable=False),
        sa.Column("address2", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("zip", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(status = 'cancelled') OR (cancel_reason IS NULL)",
            name=op.f("ck_orders_cancel_reason_of_cancelled"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'pending (item modified)', 'processed', 'delivered', 'cancelled', "
            "'exchange requested', 'return requested')",
            name=op.f("ck_orders_status"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["shop.customers.id"], name="fk_orders_customer_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        schema="shop",
    )
    op.create_index("ix_orders_customer", "orders", ["customer_id", "position"], unique=False, schema="shop")
    op.create_table(
        "payment_methods",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("last_four", sa.String(length=4), nullable=True),
        sa.Column("balance", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.CheckConstraint(
            "(source = 'gift_card') = (balance IS NOT NULL)",
            name=op.f("ck_payment_methods_balance_of_gift_cards"),
        ),
        sa.CheckConstraint(
            "source IN ('credit_card', 'paypal', 'gift_card')", name=op.f("ck_payment_methods_source")
        ),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_payment_methods_balance_not_negative")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["shop.customers.id"], name="fk_payment_methods_customer_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name="pk_payment_methods"),
        schema="shop",
    )
    op.create_table(
        "variants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.CheckConstraint("price >= 0", name=op.f("ck_variants_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["shop.products.id"], name="fk_variants_product_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_variants"),
        schema="shop",
    )
    op.create_index(
        "ix_variants_product", "variants", ["product_id", "position"], unique=False, schema="shop"
    )
    op.create_table(
        "fulfilments",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tracking_ids", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("item_ids", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop.orders.id"], name="fk_fulfilments_order_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", "position", name="pk_fulfilments"),
        schema="shop",
    )
    op.create_table(
        "order_items",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.CheckConstraint("price >= 0", name=op.f("ck_order_items_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop.orders.id"], name="fk_order_items_order_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", "position", name="pk_order_items"),
        schema="shop",
    )
    op.create_table(
        "payments",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("transaction_type", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("payment_method_id", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "transaction_type IN ('payment', 'refund')", name=op.f("ck_payments_transaction_type")
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_payments_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop.orders.id"], name="fk_payments_order_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", "position", name="pk_payments"),
        schema="shop",
    )
