"""Tool: look a product up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from console.shop import rules
from console.shop.inputs import Id
from console.shop.state import product_record
from console.shop.tools.base import ShopRead
from console.tools.base import RunContext


class GetProductDetails(ShopRead):
    title = "Look up a product"
    description = "Shows a product's variants with their options, prices and stock."

    class Input(BaseModel):
        product_id: Id = Field(
            title="Product", description="The product's number, which is not an item's number."
        )

    def headline(self, input: Input) -> str:
        return f"Look up product {input.product_id}"

    def preview(self, input: Input) -> str:
        return f"Reads the variants of product {input.product_id}. Nothing is changed."

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        product = rules.find_product(context.session, input.product_id)
        in_stock = sum(variant.available for variant in product.variants)
        variants = rules.counted(len(product.variants), "variant")
        return {
            "summary": f"{product.name} comes in {variants}, {in_stock} in stock.",
            "data": product_record(product),
        }
