"""Forms made from a tool's input model: which fields, of which kind, within which limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel
from werkzeug.datastructures import MultiDict

from console.masking import is_secret
from console.presenters.values import label
from console.tools.base import RESERVED

_SEPARATED = re.compile(r"[\s,]+")
LONG_TEXT = 200
KNOWN = {"user_id": "ref", "customer_id": "ref", "email": "email"}
"""What the page knows of its customer, by the name of the field that asks for it."""


class Option(NamedTuple):
    """One choice of a select."""

    value: str
    words: str


class Field(NamedTuple):
    """One field as a person fills it in."""

    name: str
    label: str
    help: str
    kind: str
    """text, textarea, number, select, checkbox, list, email, date or password."""
    required: bool
    options: tuple[Option, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: str | None = None
    max_length: int | None = None
    default: str = ""
    prefill: str = ""
    """The customer's attribute that belongs in here."""

    @property
    def limits(self) -> str:
        """The limits as words: `1 to 3`, `at most 96`."""
        low, high = (f"{n:g}" if n is not None else "" for n in (self.minimum, self.maximum))
        if low and high:
            return f"{low} to {high}"
        return f"at least {low}" if low else f"at most {high}" if high else ""


@cache
def fields(model: type[BaseModel]) -> tuple[Field, ...]:
    """The fields of an input model, in its order. Worked out once a model."""
    schema = model.model_json_schema()
    required, definitions = set(schema.get("required", ())), schema.get("$defs", {})
    return tuple(
        _field(name, part, definitions, name in required, model)
        for name, part in schema.get("properties", {}).items()
        if name != "conversation_id"
    )


@cache
def prefilled(model: type[BaseModel]) -> tuple[Field, ...]:
    """The fields that ask for what the page knows of its customer."""
    return tuple(field for field in fields(model) if field.prefill)


def parameters(model: type[BaseModel], form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed as the tool's parameters. An empty field is left out, so that defaults hold and needs show."""
    found: dict[str, Any] = {}
    for field in fields(model):
        typed = form.getlist(field.name)
        if field.kind == "checkbox":
            found[field.name] = bool(typed) and typed[-1].strip().lower() not in (
                "",
                "0",
                "false",
                "off",
                "no",
            )
        elif field.kind == "list":
            members = [member for text in typed for member in _members(field.name, text)]
            if members or (field.required and typed):
                found[field.name] = members
        elif typed and typed[-1].strip():
            found[field.name] = typed[-1].replace("\r\n", "\n")
    return found


def typed(form: MultiDict[str, str]) -> dict[str, str]:
    """What was typed, for the form to show again; a secret is typed again."""
    return {
        name: "\n".join(values)
        for name, values in form.lists()
        if name not in RESERVED and not is_secret(name)
    }


def again(model: type[BaseModel], input: Mapping[str, Any]) -> dict[str, str]:
    """An earlier input as what a form shows, for asking again."""
    found = {}
    for field in fields(model):
        value = input.get(field.name)
        if value is None or is_secret(field.name):
            continue
        if isinstance(value, list):
            found[field.name] = "\n".join(str(member) for member in value)
        elif isinstance(value, bool):
            found[field.name] = "on" if value else ""
        else:
            found[field.name] = str(value)
    return found


def _members(name: str, text: str) -> list[str]:
    """A list is typed one a line; ids may also stand beside each other."""
    parts = _SEPARATED.split(text) if name.endswith("_ids") else text.splitlines()
    return [part.strip() for part in parts if part.strip()]


def _field(
    name: str, part: Mapping[str, Any], definitions: Mapping[str, Any], needed: bool, model: Any
) -> Field:
    resolved = _resolved(part, definitions)
    info = model.model_fields[name]
    options = tuple(Option(str(value), _words(value)) for value in resolved.get("enum", ()))
    default = part.get("default")
    kind = _kind(name, resolved)
    low, high = resolved.get("minimum"), resolved.get("maximum")
    step = ("1" if resolved.get("type") == "integer" else "any") if kind == "number" else None
    return Field(
        name=name,
        label=info.title or label(name),
        help=info.description or "",
        kind=kind,
        required=needed,
        options=options,
        minimum=low if low is not None else resolved.get("exclusiveMinimum"),
        maximum=high if high is not None else resolved.get("exclusiveMaximum"),
        step=step,
        max_length=resolved.get("maxLength"),
        default="\n".join(map(str, default))
        if isinstance(default, list)
        else ""
        if default is None
        else str(default),
        prefill=KNOWN.get(name, ""),
    )


def _resolved(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The part with references followed and `or nothing` taken away."""
    found = dict(part)
    for choice in found.pop("anyOf", ()):
        if choice.get("type") != "null":
            found = _resolved(choice, definitions) | found
            break
    reference = found.pop("$ref", None)
    if reference:
        found = _resolved(definitions[reference.rpartition("/")[2]], definitions) | found
    if "const" in found:
        found["enum"] = [found["const"]]
    return found


def _kind(name: str, part: Mapping[str, Any]) -> str:
    if part.get("widget") == "textarea":
        return "textarea"
    if "enum" in part:
        return "select"
    kind, form = part.get("type"), part.get("format")
    if kind == "array":
        return "list"
    if kind == "boolean":
        return "checkbox"
    if kind in ("integer", "number"):
        return "number"
    if is_secret(name):
        return "password"
    if form in ("email", "date"):
        return str(form)
    return "textarea" if (part.get("maxLength") or 0) > LONG_TEXT else "text"


def _words(value: Any) -> str:
    text = str(value).replace("_", " ")
    return text[:1].upper() + text[1:]
