"""Tool: erase a customer. It exists so that asking for it leaves a trail; it never runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from console.shop.inputs import UserId
from console.shop.tools.base import ShopTool
from console.tools.base import ApprovalMode, PermanentToolError, RiskTier, RunContext


class EraseCustomer(ShopTool):
    risk_tier = RiskTier.DESTRUCTIVE
    approval_mode = ApprovalMode.ALWAYS_BLOCK
    title = "Erase a customer"
    description = "Would erase a customer with all orders for good. It is always blocked here."

    class Input(BaseModel):
        user_id: UserId

    def headline(self, input: Input) -> str:
        return f"Erase the customer {input.user_id}"

    def preview(self, input: Input) -> str:
        return f"Would erase {input.user_id} with all orders, gift cards and payments, for good."

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        raise PermanentToolError(
            f"Customers are never erased from here, so {input.user_id} was left as it is."
        )
