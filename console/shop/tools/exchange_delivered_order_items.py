"""Tool: ask for delivered items to be exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from console.shop import rules
from console.shop.inputs import ItemIds, NewItemIds, OrderId, PaymentMethodId
from console.shop.models import OrderStatus
from console.shop.tools.base import ShopHighWrite, changed
from console.tools.base import PermanentToolError, RunContext


class ExchangeDeliveredOrderItems(ShopHighWrite):
    title = "Exchange items of a delivered order"
    description = (
        "Asks for delivered items to be exchanged for others of the same product. Once an order only."
    )

    class Input(BaseModel):
        order_id: OrderId
        item_ids: ItemIds
        new_item_ids: NewItemIds
        payment_method_id: PaymentMethodId

    def headline(self, input: Input) -> str:
        return f"Exchange {rules.counted(len(input.item_ids), 'item')} of {input.order_id}"

    def preview(self, input: Input) -> str:
        pairs = ", ".join(
            f"{old} for {new}" for old, new in zip(input.item_ids, input.new_item_ids, strict=False)
        )
        return (
            f"Requests the exchange of {pairs} in order {input.order_id}, the price difference through "
            f"{input.payment_method_id}; no other return or exchange can follow."
        )

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        session = context.session
        order = rules.lock_order(session, input.order_id)
        if order.status != OrderStatus.DELIVERED:
            raise PermanentToolError(
                f"Non-delivered order cannot be exchanged: order {order.id} is {order.status}."
            )
        missing = rules.missing_item(order, input.item_ids)
        if missing is not None:
            raise PermanentToolError(
                f"Number of {missing} not found: order {order.id} does not hold it that often."
            )
        if len(input.item_ids) != len(input.new_item_ids):
            raise PermanentToolError(
                "The number of items to be exchanged should match the number of new items."
            )
        difference = Decimal(0)
        for item_id, new_item_id in zip(input.item_ids, input.new_item_ids, strict=True):
            old = rules.item_in(order, item_id)
            difference += rules.replacement(session, old, new_item_id).price - old.price
        method = rules.payment_method(
            rules.lock_customer(session, order.customer_id), input.payment_method_id
        )
        rules.must_cover(method, difference, "the price difference")
        order.status = OrderStatus.EXCHANGE_REQUESTED
        order.exchange_items = sorted(input.item_ids)
        order.exchange_new_items = sorted(input.new_item_ids)
        order.exchange_payment_method_id = method.id
        order.exchange_price_difference = difference
        session.flush()
        items = rules.counted(len(input.item_ids), "item")
        money = rules.difference_in_words(difference, method)
        return changed(order, f"The exchange of {items} of order {order.id} is requested; {money}.")
