"""Reading a policy.toml: checked as a whole at start, and refused with the line and the reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from console.errors import ConfigurationError
from console.governance.policy import Place, Policy, Rules, declared, speaking, table
from console.tools import Tool

Where = tuple[str | int, ...]
"""A place in the file: `("tool", "refund", 0, "mode")`."""


def load_policy(path: Path | None, tools: Sequence[Tool]) -> Policy:
    """Read and check a policy file; without a path, the built-in table.

    Raises ConfigurationError, naming the line, the section and the reason, when the file cannot be used, loosens a
    rule without saying `allow_loosening = true`, or asks for what a tool's input does not have.
    """
    if path is None:
        return Policy()
    try:
        text = path.read_text(encoding="utf-8")
        found = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The policy {path} cannot be read: {error}.") from error
    lines = lines_of(text)
    try:
        policy = Policy.model_validate(found)
    except ValidationError as error:
        raise ConfigurationError(f"The policy {path} is wrong {_first_error(error, lines)}.") from error
    policy.came_from(path.name, lines)
    for wrong in _faults(policy, {tool.ref: tool for tool in tools}):
        raise ConfigurationError(f"The policy {path} {wrong}")
    return policy


def lines_of(text: str) -> dict[Where, int]:
    """The line on which each value of a well-formed TOML text begins.

    Statement by statement through the real parser, which itself tells of no lines.
    """
    lines: dict[Where, int] = {}
    statement: list[str] = []
    header: Where = ()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        statement.append(line)
        try:
            found = list(_paths(tomllib.loads("\n".join(statement))))
        except tomllib.TOMLDecodeError:
            continue
        first, opening, statement = number - len(statement) + 1, statement[0].lstrip(), []
        if opening.startswith("["):
            header = _header(found[-1], lines, repeats=opening.startswith("[["))
            found = [()]
        for path in found:
            whole = _numbered(header + path)
            for depth in range(1, len(whole) + 1):
                lines.setdefault(whole[:depth], first)
    return lines


def _header(path: Where, lines: Mapping[Where, int], *, repeats: bool) -> Where:
    """A header's path with its section counted: `[[tool.refund]]` a second time is number 1."""
    keys = tuple(key for key in path if isinstance(key, str))
    number = 0
    while (*keys[:2], number) in lines:
        number += 1
    if not (repeats and len(keys) == 2):
        number = max(0, number - 1)
    return (*keys[:2], number, *keys[2:]) if len(keys) >= 2 else keys


def _numbered(path: Where) -> Where:
    """The path as the policy holds it: a list of sections for each tool and tier, also where one alone is written."""
    if len(path) < 2 or (len(path) > 2 and isinstance(path[2], int)):
        return path
    return (*path[:2], 0, *path[2:])


def _paths(value: Any, before: Where = ()) -> Iterator[Where]:
    """The paths of everything in a value, the deepest of a header last."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield (*before, key)
        yield from _paths(member, (*before, key))


def _first_error(error: ValidationError, lines: Mapping[Where, int]) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = first["loc"]
    words = ".".join(str(part) for part in where if isinstance(part, str) and part != "[key]")
    reason = first["msg"].removeprefix("Value error, ")
    line = next((lines[where[:n]] for n in range(len(where), 0, -1) if where[:n] in lines), None)
    return f"at line {line}, {words}: {reason[:1].lower()}{reason[1:]}" if line else f"at {words}: {reason}"


def _faults(policy: Policy, tools: Mapping[str, Tool]) -> Iterator[str]:
    """What is wrong with a policy that reads well, each as the end of a sentence."""
    for tier in policy.tier:
        yield from _unheard(policy.sections("tier", tier), [t for t in tools.values() if t.risk_tier == tier])
        yield from _loosened(policy.sections("tier", tier), table(tier), None)
    for ref in policy.tool:
        places, tool = policy.sections("tool", ref), tools.get(ref)
        if tool is None:
            yield f"names a tool that does not exist: {ref}, line {places[0].line}."
            continue
        yield from _misfits(places, tool)
        tiers = policy.sections("tier", tool.risk_tier)
        yield from _loosened(places, _laid_over(tiers, declared(tool), tool), tool)
        if not _laid_over(policy.places(tool), declared(tool), tool, always=True).decide:
            yield (
                f"leaves nobody who may decide {ref} where all of its conditions hold: [tool.{ref}], line"
                f" {places[0].line}."
            )


def _unheard(places: Sequence[Place], tools: Sequence[Tool]) -> Iterator[str]:
    """Conditions of a tier on a field that none of its tools has; those of which some have it count for all."""
    for place in places:
        field = place.section.when.field if place.section.when else None
        if field and not any(field in tool.Input.model_fields for tool in tools):
            yield f"has a condition in [{place.name}], line {place.line}, on {field}, which no tool of this tier has."


def _misfits(places: Sequence[Place], tool: Tool) -> Iterator[str]:
    for place in places:
        wrong = place.section.when.misfit(tool) if place.section.when else None
        if wrong:
            yield f"has a condition in [{place.name}], line {place.line}, that says nothing: {wrong}."


def _loosened(places: Sequence[Place], before: Rules, tool: Tool | None) -> Iterator[str]:
    """Sections that ask for less than is in force without them, and do not say that this is meant."""
    table = declared(tool) if tool else before
    for place in places:
        what = place.section.loosened(table) or place.section.loosened(before)
        if what and not place.section.allow_loosening:
            yield (
                f"loosens {what} in [{place.name}], line {place.line}; add allow_loosening = true there if that is"
                " meant."
            )
        if place.section.when is None:
            before = place.section.applied(before)


def _laid_over(places: Iterable[Place], rules: Rules, tool: Tool, *, always: bool = False) -> Rules:
    """The rules with sections on top: those without a condition, or all of them."""
    for place in places:
        if always or place.section.when is None:
            rules = speaking(place, tool).applied(rules)
    return rules
