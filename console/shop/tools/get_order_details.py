"""Tool: look an order up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from console.shop import rules
from console.shop.inputs import OrderId
from console.shop.state import order_record
from console.shop.tools.base import ShopRead
from console.tools.base import RunContext


class GetOrderDetails(ShopRead):
    title = "Look up an order"
    description = "Shows an order's status, items, parcels and payments."

    class Input(BaseModel):
        order_id: OrderId

    def headline(self, input: Input) -> str:
        return f"Look up order {input.order_id}"

    def preview(self, input: Input) -> str:
        return f"Reads order {input.order_id}. Nothing is changed."

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        order = rules.find_order(context.session, input.order_id)
        worth = rules.dollars(sum((item.price for item in order.items), Decimal(0)))
        return {
            "summary": f"Order {order.id} of {order.customer_id} is {order.status}: "
            f"{rules.counted(len(order.items), 'item')} worth {worth}.",
            "data": order_record(order),
        }
