"""Tool: work out an amount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from console.shop import arithmetic
from console.shop.records import storable
from console.shop.tools.base import ShopRead
from console.tools.base import PermanentToolError, RunContext

Expression = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=arithmetic.MAX_CHARS),
    AfterValidator(storable),
]


class Calculate(ShopRead):
    title = "Calculate"
    description = "Works out an expression, such as the total of several prices."

    class Input(BaseModel):
        expression: Expression = Field(
            title="Expression", description="Numbers, + - * /, brackets and spaces, such as 12.50 + 3 * 4."
        )

    def headline(self, input: Input) -> str:
        return f"Calculate {input.expression}"

    def preview(self, input: Input) -> str:
        return f"Works out {input.expression}. Nothing is changed."

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        try:
            result = arithmetic.calculate(input.expression)
        except arithmetic.NotArithmetic as error:
            raise PermanentToolError(str(error)) from error
        return {"summary": f"{input.expression} = {result}", "data": {"result": result}}
