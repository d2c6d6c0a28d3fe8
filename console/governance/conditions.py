"""Conditions on an action's input: does this rule apply here? Yes, no, or it cannot be told, which counts as the
stricter of the two."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from console.tools import Tool

NUMERIC = {"integer", "number"}


def _is_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("it has to be a number")
    return value


def _is_plain(value: Any) -> Any:
    return value if isinstance(value, (bool, str)) else _is_number(value)


Number = Annotated[Any, BeforeValidator(_is_number)]
Plain = Annotated[Any, BeforeValidator(_is_plain)]


class Condition(BaseModel):
    """`{ field = "amount", over = 200 }`: one field of the input, and what has to hold of it, all of it at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str = Field(min_length=1)
    over: Number = None
    under: Number = None
    equals: Plain = None
    among: tuple[Plain, ...] | None = Field(default=None, alias="in", min_length=1)

    @model_validator(mode="after")
    def _asks_something(self) -> Condition:
        if not self.model_fields_set - {"field"}:
            raise ValueError("it names a field and says nothing of it; add over, under, equals or in")
        return self

    def holds(self, parameters: Mapping[str, Any]) -> bool | None:
        """Whether it holds for an input as it is stored; None when the field is missing or cannot be compared."""
        value = parameters.get(self.field)
        answers: list[bool | None] = []
        if self.over is not None or self.under is not None:
            answers.append(self._within(_number(value)))
        if self.equals is not None:
            answers.append(_equal(value, self.equals))
        if self.among is not None:
            answers.append(_any([_equal(value, wanted) for wanted in self.among]))
        if False in answers:
            return False
        return None if None in answers else True

    def _within(self, number: Decimal | None) -> bool | None:
        if number is None:
            return None
        over = self.over is None or number > _exactly(self.over)
        return over and (self.under is None or number < _exactly(self.under))

    def words(self, label: str) -> str:
        """The condition for people: `Amount over 200`, `Reason: “ordered by mistake”`."""
        bounds = {"over": self.over, "under": self.under}
        within = " and ".join(f"{side} {_word(bound)}" for side, bound in bounds.items() if bound is not None)
        wanted = self.among or ((self.equals,) if self.equals is not None else ())
        either = " or ".join(map(_word, wanted))
        return f"{label} {within}".rstrip() + (f": {either}" if wanted else "")

    def misfit(self, tool: Tool) -> str | None:
        """Why it can never be told, or never hold, for this tool; None when it fits its input."""
        info = tool.Input.model_fields.get(self.field)
        if info is None:
            names = ", ".join(tool.Input.model_fields) or "none"
            return f"the input of {tool.ref} has no field {self.field}; its fields are {names}"
        if (self.over, self.under) != (None, None) and not _types(tool, self.field) & NUMERIC:
            return f"{self.field} of {tool.ref} is no number, so over and under say nothing of it"
        kind: Any = info.annotation
        kept = TypeAdapter(Annotated[kind, *info.metadata] if info.metadata else kind)
        for wanted in (*((self.equals,) if self.equals is not None else ()), *(self.among or ())):
            try:
                kept.validate_json(json.dumps(wanted), strict=True)
            except ValidationError:
                return f"{self.field} of {tool.ref} can never be {_word(wanted)}"
        return None


def label_of(tool: Tool, name: str) -> str:
    """A field of a tool's input as people read it."""
    info = tool.Input.model_fields.get(name)
    return (info.title if info else None) or name.replace("_", " ").capitalize()


def _number(value: Any) -> Decimal | None:
    """The value as a number; amounts are stored as text, so that no cent is lost."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = Decimal(value) if isinstance(value, (int, str)) else _exactly(value)
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


def _equal(value: Any, wanted: Any) -> bool | None:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted if isinstance(wanted, bool) and isinstance(value, bool) else None
    if isinstance(wanted, (int, float)):
        number = _number(value)
        return None if number is None else number == _exactly(wanted)
    return value == wanted if isinstance(value, str) else None


def _exactly(number: int | float) -> Decimal:
    return Decimal(str(number))


def _any(answers: list[bool | None]) -> bool | None:
    if True in answers:
        return True
    return None if None in answers else False


def _types(tool: Tool, name: str) -> set[str]:
    """The JSON types that a field can have, wherever its schema says so."""
    schema = tool.Input.model_json_schema()
    part = schema.get("properties", {}).get(name, {})
    found: set[str] = set()
    waiting = [part]
    while waiting:
        one = waiting.pop()
        found |= {one["type"]} if isinstance(one.get("type"), str) else set()
        waiting += [*one.get("anyOf", ()), *one.get("allOf", ()), *one.get("oneOf", ())]
        if "$ref" in one:
            waiting.append(schema["$defs"][one["$ref"].rpartition("/")[2]])
    return found


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"“{value}”" if isinstance(value, str) else f"{value:,}"
