"""Tool: send a pending order elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.shop import rules
from console.shop.inputs import AddressInput, OrderInput
from console.shop.tools.base import ShopLowWrite, changed
from console.tools.base import PermanentToolError, RunContext


class ModifyPendingOrderAddress(ShopLowWrite):
    title = "Change an order's shipping address"
    description = "Changes where a pending order is sent. The customer's own address stays as it is."

    class Input(AddressInput, OrderInput):
        """Which order, and the new address."""

    def headline(self, input: Input) -> str:
        return f"New address for {input.order_id}"

    def preview(self, input: Input) -> str:
        return (
            f"Sends order {input.order_id} to {input.in_words()}. The customer's own address stays as it is."
        )

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        order = rules.lock_order(context.session, input.order_id)
        if not rules.is_pending(order):
            raise PermanentToolError(
                f"Non-pending order cannot be modified: order {order.id} is {order.status}."
            )
        for name, value in input.address().items():
            setattr(order, name, value)
        context.session.flush()
        return changed(order, f"Order {order.id} now goes to {input.in_words()}.")
