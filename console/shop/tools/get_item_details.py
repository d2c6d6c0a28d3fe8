"""Tool: look one variant of a product up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from console.shop import rules
from console.shop.inputs import Id
from console.shop.state import variant_record
from console.shop.tools.base import ShopRead
from console.tools.base import RunContext


class GetItemDetails(ShopRead):
    title = "Look up an item"
    description = "Shows one item's options, price and whether it is in stock."

    class Input(BaseModel):
        item_id: Id = Field(title="Item", description="The item's number, which is not a product's number.")

    def headline(self, input: Input) -> str:
        return f"Look up item {input.item_id}"

    def preview(self, input: Input) -> str:
        return f"Reads item {input.item_id}. Nothing is changed."

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        variant = rules.find_variant(context.session, input.item_id)
        options = ", ".join(f"{name} {value}" for name, value in variant.options.items())
        stock = "in stock" if variant.available else "out of stock"
        return {
            "summary": f"Item {variant.id} costs {rules.dollars(variant.price)} and is {stock}"
            + (f" ({options})." if options else "."),
            "data": variant_record(variant),
        }
