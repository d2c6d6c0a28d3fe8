"""Tool: list what the shop sells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from console.shop import rules
from console.shop.models import Product
from console.shop.tools.base import ShopRead
from console.tools.base import RunContext


class ListAllProductTypes(ShopRead):
    title = "List all products"
    description = "Lists the name and number of every product."

    class Input(BaseModel):
        """Asks for nothing."""

    def preview(self, input: Input) -> str:
        return "Reads the names and numbers of all products. Nothing is changed."

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        rows = context.session.execute(
            select(Product.name, Product.id).order_by(Product.name, Product.position)
        ).all()
        # A list, not names as keys: a “Keyboard” as a field would be shown as dots, like a key.
        products = [{"name": name, "product_id": product_id} for name, product_id in rows]
        summary = f"The shop sells {rules.counted(len(products), 'product')}."
        return {"summary": summary, "data": {"products": products}}
