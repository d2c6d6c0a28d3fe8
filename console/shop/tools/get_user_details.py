"""Tool: look a customer up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from console.shop import rules
from console.shop.inputs import UserId
from console.shop.state import user_record
from console.shop.tools.base import ShopRead
from console.tools.base import RunContext


class GetUserDetails(ShopRead):
    title = "Look up a customer"
    description = "Shows a customer's name, address, payment methods and orders."

    class Input(BaseModel):
        user_id: UserId

    def headline(self, input: Input) -> str:
        return f"Look up the customer {input.user_id}"

    def preview(self, input: Input) -> str:
        return f"Reads what the shop knows about {input.user_id}. Nothing is changed."

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        customer = rules.find_customer(context.session, input.user_id)
        orders = rules.counted(len(customer.orders), "order")
        methods = rules.counted(len(customer.payment_methods), "payment method")
        return {
            "summary": f"{customer.first_name} {customer.last_name}, {customer.email}: {orders}, {methods}.",
            "data": user_record(customer),
        }
