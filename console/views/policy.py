"""The policy in force, tool by tool, and what it would decide for an example. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from console.errors import NotFound
from console.governance import Blocked, dump, typed_input
from console.governance.conditions import label_of
from console.governance.policy import InForce, Place, policy
from console.presenters import forms, labels, policies
from console.presenters.policies import Clause, Listed, Part, Source
from console.tools import RiskTier, Tool, ToolContext
from console.tools.registry import registry
from console.views.admin import admin
from console.views.fragments import is_htmx

blueprint = Blueprint("policy", __name__)

GRAVEST_FIRST = tuple(reversed(RiskTier))


@dataclass(frozen=True)
class Example:
    """An input that was tried: as typed, what was wrong with it, or what the policy says of it."""

    values: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    verdict: str = ""
    parts: tuple[Part, ...] = ()
    clauses: tuple[Clause, ...] = ()


@blueprint.get("/admin/policy")
def show() -> AnyResponse:
    """Every tool with its rules; with `tool_ref`, one of them with its conditions and a form to try it."""
    admin()
    asked = request.args.get("tool_ref")
    if asked is not None:
        return _one(_tool(asked), None)
    tools = sorted(registry(), key=lambda tool: GRAVEST_FIRST.index(tool.risk_tier))
    return make_response(
        render_template("policy/page.html", file=policy().file, listed=[_listed(tool) for tool in tools])
    )


@blueprint.post("/admin/policy")
def try_out() -> AnyResponse:
    """What the policy would decide for the input in the form. A POST so that nothing typed ends up in a log."""
    admin()
    tool = _tool(request.form.get("tool_ref", ""))
    context = ToolContext(tool_params=forms.parameters(tool.Input, request.form))
    checked, values = typed_input(tool, "", context), forms.typed(request.form)
    if isinstance(checked, Blocked):
        return _one(tool, _wrong(tool, values, checked), 422)
    found = policy().in_force(tool, dump(checked))
    rules = _snapshot(found)
    sources = {name: _source(tool, name, place) for name, place in found.sources.items()}
    example = Example(
        values,
        verdict=policies.verdict(rules),
        parts=tuple(policies.parts(rules, sources)),
        clauses=tuple(_clause(tool, place, holds) for place, holds in found.held),
    )
    return _one(tool, example)


def _wrong(tool: Tool, values: Mapping[str, str], blocked: Blocked) -> Example:
    known = {one.name for one in forms.fields(tool.Input)}
    errors = {name.partition(".")[0]: words for name, words in blocked.errors.items()}
    rest = [words for name, words in errors.items() if name not in known]
    return Example(values, errors=errors, error=" ".join([blocked.sentence, *rest]))


def _tool(tool_ref: str) -> Tool:
    tool = registry().get(tool_ref)
    if tool is None:
        raise NotFound("This action is not offered here (any more).")
    return tool


def _one(tool: Tool, example: Example | None, status: int = 200) -> Response:
    values = {one.name: one.default for one in forms.fields(tool.Input)}
    html = render_template(
        "policy/_example.html" if example and is_htmx() else "policy/tool.html",
        file=policy().file,
        tool=_listed(tool),
        fields=forms.fields(tool.Input),
        example=example or Example(values),
    )
    return make_response(html, status)


def _listed(tool: Tool) -> Listed:
    found = policy().in_force(tool, None)
    sources = {name: _source(tool, name, place) for name, place in found.sources.items()}
    return Listed(
        tool.ref,
        tool.title,
        tool.description,
        labels.tier(tool.risk_tier),
        tool.scopes,
        policies.parts(_snapshot(found), sources),
        [_clause(tool, place, None) for place, _ in found.held],
    )


def _snapshot(found: InForce) -> dict[str, Any]:
    return found.rules.model_dump(mode="json")


def _clause(tool: Tool, place: Place, holds: bool | None) -> Clause:
    assert place.section.when is not None, "only conditions are clauses"
    condition = place.section.when.words(label_of(tool, place.section.when.field))
    return Clause(condition, policies.changed(place.section.changes()), _where(place, place.line), holds)


def _source(tool: Tool, rule: str, place: Place | None) -> Source:
    if place is not None:
        # Four eyes may come with the number of approvals.
        return _where(place, place.lines.get(rule) or place.lines.get("approvals", place.line))
    return Source("the tool", "the tool itself") if rule == "mode" and tool.approval_mode else Source()


def _where(place: Place, line: int | None) -> Source:
    return Source(f"line {line}", f"line {line}, [{place.name}]") if line else Source(place.name, place.name)
