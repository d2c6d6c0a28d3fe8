"""Tool: cancel a pending order and give back what was paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from console.shop import rules
from console.shop.inputs import OrderId
from console.shop.models import OrderStatus, TransactionType
from console.shop.tools.base import ShopHighWrite, changed
from console.tools.base import PermanentToolError, RunContext


class CancelPendingOrder(ShopHighWrite):
    title = "Cancel a pending order"
    description = "Cancels an order that is still pending, and gives back what was paid the way it came."

    class Input(BaseModel):
        order_id: OrderId
        reason: Literal["no longer needed", "ordered by mistake"] = Field(
            title="Why", description="The customer's own reason; others are no ground for a cancellation."
        )

    def headline(self, input: Input) -> str:
        return f"Cancel order {input.order_id}"

    def preview(self, input: Input) -> str:
        return (
            f"Cancels order {input.order_id} ({input.reason}). What was paid goes back the way it came: "
            "gift cards at once, cards and PayPal in 5 to 7 business days."
        )

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        order = rules.lock_order(context.session, input.order_id)
        if order.status != OrderStatus.PENDING:
            raise PermanentToolError(
                f"Non-pending order cannot be cancelled: order {order.id} is {order.status}."
            )
        customer = rules.lock_customer(context.session, order.customer_id)
        paid = [
            (line.amount, rules.payment_method(customer, line.payment_method_id)) for line in order.payments
        ]
        # The shop answers every line of the history with a refund, earlier refunds included.
        for amount, method in paid:
            rules.charge(method, -amount)
            rules.record_payment(order, TransactionType.REFUND, amount, method.id)
        order.status = OrderStatus.CANCELLED
        order.cancel_reason = input.reason
        context.session.flush()
        back = ", ".join(
            f"{rules.dollars(amount)} goes back to {method.id} {rules.when_refunded(method)}"
            for amount, method in paid
        )
        return changed(order, f"Order {order.id} was cancelled; {back or 'nothing had been paid'}.")
