"""Tool: ask for the return of delivered items."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from console.shop import rules
from console.shop.inputs import ItemIds, OrderId, PaymentMethodId
from console.shop.models import Order, OrderStatus, PaymentMethod, PaymentSource
from console.shop.tools.base import ShopHighWrite, changed
from console.tools.base import PermanentToolError, RunContext


class ReturnDeliveredOrderItems(ShopHighWrite):
    title = "Return items of a delivered order"
    description = (
        "Asks for items of a delivered order back and says where their money goes. Once an order only."
    )

    class Input(BaseModel):
        order_id: OrderId
        item_ids: ItemIds
        payment_method_id: PaymentMethodId

    def headline(self, input: Input) -> str:
        return f"Return {rules.counted(len(input.item_ids), 'item')} of {input.order_id}"

    def preview(self, input: Input) -> str:
        return (
            f"Requests the return of {', '.join(input.item_ids)} of order {input.order_id}, "
            f"refunded to {input.payment_method_id}; no other return or exchange can follow."
        )

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        order = rules.lock_order(context.session, input.order_id)
        if order.status != OrderStatus.DELIVERED:
            raise PermanentToolError(
                f"Non-delivered order cannot be returned: order {order.id} is {order.status}."
            )
        customer = rules.lock_customer(context.session, order.customer_id)
        method = rules.payment_method(customer, input.payment_method_id)
        _must_be_original_or_gift_card(order, method)
        missing = rules.missing_item(order, input.item_ids)
        if missing is not None:
            raise PermanentToolError(
                f"Some item not found: order {order.id} does not hold {missing} that often."
            )
        worth = rules.dollars(
            sum((rules.item_in(order, item_id).price for item_id in input.item_ids), Decimal(0))
        )
        order.status = OrderStatus.RETURN_REQUESTED
        order.return_items = sorted(input.item_ids)
        order.return_payment_method_id = method.id
        context.session.flush()
        items = rules.counted(len(input.item_ids), "item")
        return changed(
            order, f"The return of {items} of order {order.id} is requested; {worth} is to go to {method.id}."
        )


def _must_be_original_or_gift_card(order: Order, method: PaymentMethod) -> None:
    original = order.payments[0].payment_method_id if order.payments else None
    if method.source != PaymentSource.GIFT_CARD and method.id != original:
        raise PermanentToolError(
            "Payment method should be the original payment method or a gift card: "
            f"order {order.id} was paid with {original or 'nothing'}, not with {method.id}."
        )
