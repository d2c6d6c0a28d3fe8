"""Tool: change a customer's own address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.shop import rules
from console.shop.inputs import AddressInput, UserInput
from console.shop.state import user_record
from console.shop.tools.base import ShopLowWrite
from console.tools.base import RunContext


class ModifyUserAddress(ShopLowWrite):
    title = "Change a customer's address"
    description = (
        "Changes the address that a customer's next orders go to. Orders already placed keep theirs."
    )

    class Input(AddressInput, UserInput):
        """Whose address, and the new one."""

    def headline(self, input: Input) -> str:
        return f"New address for {input.user_id}"

    def preview(self, input: Input) -> str:
        return f"Changes {input.user_id}’s address to {input.in_words()}. Orders already placed keep theirs."

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        customer = rules.lock_customer(context.session, input.user_id)
        for name, value in input.address().items():
            setattr(customer, name, value)
        context.session.flush()
        name = f"{customer.first_name} {customer.last_name}"
        return {
            "summary": f"The address of {name} is now {input.in_words()}.",
            "data": user_record(rules.find_customer(context.session, customer.id)),
        }
