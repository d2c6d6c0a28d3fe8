"""Tool: find a customer by name and zip code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import func, select

from console.shop.inputs import SearchWord
from console.shop.models import ShopCustomer
from console.shop.tools.base import ShopRead
from console.tools.base import PermanentToolError, RunContext


class FindUserIdByNameZip(ShopRead):
    title = "Find a customer by name and zip code"
    description = "Finds the customer's id when the email address is not known."

    class Input(BaseModel):
        first_name: SearchWord = Field(title="First name")
        last_name: SearchWord = Field(title="Last name")
        zip: SearchWord = Field(title="Zip code", description="Of the customer's own address, such as 94103.")

    def headline(self, input: Input) -> str:
        return f"Find the customer {input.first_name} {input.last_name}"

    def preview(self, input: Input) -> str:
        return f"Looks for {input.first_name} {input.last_name} in zip code {input.zip}. Nothing is changed."

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        matches = select(ShopCustomer.id).where(
            func.lower(ShopCustomer.last_name) == func.lower(input.last_name),
            func.lower(ShopCustomer.first_name) == func.lower(input.first_name),
            ShopCustomer.zip == input.zip,
        )
        found = context.session.scalar(matches.order_by(ShopCustomer.position).limit(1))
        who = f"{input.first_name} {input.last_name} in zip code {input.zip}"
        if found is None:
            raise PermanentToolError(f"User not found: there is no customer {who}.")
        return {"summary": f"{who} is the customer {found}.", "data": {"user_id": found}}
