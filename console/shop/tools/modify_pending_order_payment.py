"""Tool: pay a pending order another way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from console.shop import rules
from console.shop.inputs import OrderId, PaymentMethodId
from console.shop.models import Order, Payment, TransactionType
from console.shop.tools.base import ShopHighWrite, changed
from console.tools.base import PermanentToolError, RunContext


class ModifyPendingOrderPayment(ShopHighWrite):
    title = "Change how a pending order is paid"
    description = (
        "Charges a pending order to another payment method of the customer and refunds the first one."
    )

    class Input(BaseModel):
        order_id: OrderId
        payment_method_id: PaymentMethodId

    def headline(self, input: Input) -> str:
        return f"Pay {input.order_id} with {input.payment_method_id}"

    def preview(self, input: Input) -> str:
        return (
            f"Charges order {input.order_id} to {input.payment_method_id} and refunds what paid it before: "
            "a gift card at once, a card or PayPal in 5 to 7 business days."
        )

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        order = rules.lock_order(context.session, input.order_id)
        if not rules.is_pending(order):
            raise PermanentToolError(
                f"Non-pending order cannot be modified: order {order.id} is {order.status}."
            )
        customer = rules.lock_customer(context.session, order.customer_id)
        method = rules.payment_method(customer, input.payment_method_id)
        paid = _only_payment(order)
        if paid.payment_method_id == method.id:
            raise PermanentToolError(
                "The new payment method should be different from the current one: "
                f"order {order.id} is paid with {method.id} already."
            )
        rules.must_cover(method, paid.amount, "the order")
        former = rules.payment_method(customer, paid.payment_method_id)
        rules.record_payment(order, TransactionType.PAYMENT, paid.amount, method.id)
        rules.record_payment(order, TransactionType.REFUND, paid.amount, former.id)
        rules.charge(method, paid.amount)
        rules.charge(former, -paid.amount)
        context.session.flush()
        back = f"{rules.dollars(paid.amount)} goes back to {former.id} {rules.when_refunded(former)}"
        return changed(order, f"Order {order.id} is now paid with {method.id}; {back}.")


def _only_payment(order: Order) -> Payment:
    if len(order.payments) != 1 or order.payments[0].transaction_type != TransactionType.PAYMENT:
        raise PermanentToolError(
            "There should be exactly one payment for a pending order, which is not so for "
            f"order {order.id}: its payment was changed before."
        )
    return order.payments[0]
