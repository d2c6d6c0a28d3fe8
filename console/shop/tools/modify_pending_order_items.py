"""Tool: change items of a pending order."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from console.shop import rules
from console.shop.inputs import ItemIds, NewItemIds, OrderId, PaymentMethodId
from console.shop.models import Order, OrderStatus, TransactionType, Variant
from console.shop.tools.base import ShopHighWrite, changed
from console.tools.base import PermanentToolError, RunContext


class ModifyPendingOrderItems(ShopHighWrite):
    title = "Change items of a pending order"
    description = "Replaces items of a pending order by others of the same product. Once an order only."

    class Input(BaseModel):
        order_id: OrderId
        item_ids: ItemIds
        new_item_ids: NewItemIds
        payment_method_id: PaymentMethodId

    def headline(self, input: Input) -> str:
        return f"Change {rules.counted(len(input.item_ids), 'item')} of {input.order_id}"

    def preview(self, input: Input) -> str:
        pairs = ", ".join(
            f"{old} by {new}" for old, new in zip(input.item_ids, input.new_item_ids, strict=False)
        )
        return (
            f"Replaces {pairs} in order {input.order_id} and settles the price difference with "
            f"{input.payment_method_id}; the order cannot be changed again or cancelled afterwards."
        )

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        session = context.session
        order = rules.lock_order(session, input.order_id)
        if order.status != OrderStatus.PENDING:
            raise PermanentToolError(
                f"Non-pending order cannot be modified: order {order.id} is {order.status}."
            )
        variants = _replacements(session, order, input.item_ids, input.new_item_ids)
        old_prices = (rules.item_in(order, item_id).price for item_id in input.item_ids)
        difference = sum((variant.price for variant in variants), Decimal(0)) - sum(old_prices, Decimal(0))
        method = rules.payment_method(
            rules.lock_customer(session, order.customer_id), input.payment_method_id
        )
        rules.must_cover(method, difference, "the new item")
        kind = TransactionType.PAYMENT if difference > 0 else TransactionType.REFUND
        rules.record_payment(order, kind, abs(difference), method.id)
        rules.charge(method, difference)
        for item_id, variant in zip(input.item_ids, variants, strict=True):
            item = rules.item_in(order, item_id)
            item.item_id, item.price, item.options = variant.id, variant.price, dict(variant.options)
        order.status = OrderStatus.PENDING_ITEM_MODIFIED
        session.flush()
        items = rules.counted(len(variants), "item")
        return changed(
            order, f"{items} of order {order.id} replaced; {rules.difference_in_words(difference, method)}."
        )


def _replacements(
    session: Session, order: Order, item_ids: list[str], new_item_ids: list[str]
) -> list[Variant]:
    """The variant for each item to be replaced, or a refusal."""
    missing = rules.missing_item(order, item_ids)
    if missing is not None:
        raise PermanentToolError(f"{missing} not found: order {order.id} does not hold it that often.")
    if len(item_ids) != len(new_item_ids):
        raise PermanentToolError("The number of items to be exchanged should match the number of new items.")
    variants = []
    for item_id, new_item_id in zip(item_ids, new_item_ids, strict=True):
        if item_id == new_item_id:
            raise PermanentToolError(
                f"The new item id should be different from the old item id, but both are {item_id}."
            )
        variants.append(rules.replacement(session, rules.item_in(order, item_id), new_item_id))
    return variants
