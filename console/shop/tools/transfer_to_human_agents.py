"""Tool: hand the conversation over to a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from console.shop.records import storable
from console.shop.tools.base import ShopRead
from console.tools.base import RunContext

MAX_SUMMARY_CHARS = 2_000
Summary = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_SUMMARY_CHARS),
    AfterValidator(storable),
]


class TransferToHumanAgents(ShopRead):
    title = "Hand over to a person"
    description = "Says that an agent cannot go on and a person has to, with a summary of what is asked."

    class Input(BaseModel):
        summary: Summary = Field(
            title="Summary",
            description="What the customer wants and what was tried.",
            json_schema_extra={"widget": "textarea"},
        )

    def preview(self, input: Input) -> str:
        return f"Hands the conversation over to a person: {_shortened(input.summary)}"

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        return {
            "summary": f"Transfer successful. A person takes over: {_shortened(input.summary)}",
            "data": {"summary": input.summary},
        }


def _shortened(text: str, limit: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
