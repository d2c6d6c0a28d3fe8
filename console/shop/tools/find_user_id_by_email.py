"""Tool: find a customer by email address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import func, select

from console.shop.inputs import SearchWord
from console.shop.models import ShopCustomer
from console.shop.tools.base import ShopRead
from console.tools.base import PermanentToolError, RunContext


class FindUserIdByEmail(ShopRead):
    title = "Find a customer by email"
    description = "Finds the customer's id from an email address, in capitals or not."

    class Input(BaseModel):
        email: SearchWord = Field(title="Email address", description="Such as ana.lopez@example.com.")

    def headline(self, input: Input) -> str:
        return f"Find the customer {input.email}"

    def preview(self, input: Input) -> str:
        return f"Looks for the customer whose email address is {input.email}. Nothing is changed."

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        matches = select(ShopCustomer.id).where(func.lower(ShopCustomer.email) == func.lower(input.email))
        found = context.session.scalar(matches.order_by(ShopCustomer.position).limit(1))
        if found is None:
            raise PermanentToolError(f"User not found: no customer has the email address {input.email}.")
        return {"summary": f"The customer with {input.email} is {found}.", "data": {"user_id": found}}
