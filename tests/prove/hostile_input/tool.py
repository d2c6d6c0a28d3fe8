"""A tool that takes every kind of text there is, and repeats it wherever a tool may speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from console.tools import RiskTier, RunContext, Tool, ToolContext, ToolError


class Repeat(Tool):
    """Says what it was told, in its title, its consequence and its outcome; or fails with it."""

    risk_tier = RiskTier.LOW_WRITE
    title = "Repeat"
    description = "Repeats what it is told."
    effects = "idempotent"

    class Input(BaseModel):
        does: Literal["say", "fail"] = "say"
        line: str = Field(default="", max_length=200, title="A line")
        text: str = Field(
            default="", max_length=4000, title="A text", json_schema_extra={"widget": "textarea"}
        )
        lines: list[str] = Field(default_factory=list, title="Several lines")
        api_token: str = Field(default="", title="A secret")

    def authorize(self, actor: str, context: ToolContext) -> bool | str:
        return True

    def headline(self, input: Any) -> str:
        return f"Repeat {input.line}"

    def preview(self, input: Any) -> str:
        return f"Repeats {input.line} and {input.text}"

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        if input.does == "fail":
            raise ToolError(f"It does not say {input.text or input.line}")
        return {"summary": f"Said {input.text or input.line}", "said": input.lines, "line": input.line}


TOOLS = [Repeat]
