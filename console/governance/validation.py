"""The gates. Pure: no database, no side effect; the order is the precedence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from console.governance.canonical import has_forbidden_text, storable
from console.governance.conditions import label_of
from console.governance.policy import Rules, policy
from console.masking import DOTS, is_secret, masked
from console.models import ToolProposal
from console.tools import ApprovalMode, RiskTier, Tool, ToolContext
from console.tools.registry import registry

SENTENCES = {
    "unknown_tool": "There is no such action here.",
    "no_policy_defined": "This action declares no policy about who may ask for it, so nobody may.",
}


@dataclass(frozen=True)
class Blocked:
    """Why an attempt may not go on. `outcome` is the gate, `errors` the sentences by field."""

    outcome: str
    reason: str
    errors: Mapping[str, str] = field(default_factory=dict)
    missing_scopes: tuple[str, ...] = ()
    proposal: ToolProposal | None = None
    """The record of the attempt; none for a tool that does not exist."""
    input: BaseModel | None = field(default=None, compare=False)
    """The input, when that was not what was wrong."""

    @property
    def sentence(self) -> str:
        """The reason for people."""
        return SENTENCES.get(self.reason, self.reason)


@dataclass(frozen=True)
class Validated:
    """An attempt that passed every gate, with what was true at that moment."""

    tool: Tool
    actor_id: str
    input: BaseModel
    rules: Rules
    scope_snapshot: Mapping[str, Any]

    @property
    def tool_ref(self) -> str:
        return self.tool.ref

    @property
    def risk_tier(self) -> RiskTier:
        return self.tool.risk_tier

    @property
    def approval_mode(self) -> ApprovalMode:
        return self.rules.mode

    @property
    def parameters(self) -> dict[str, Any]:
        """The input as JSON members: what is stored, hashed and run."""
        return dump(self.input)

    @property
    def input_snapshot(self) -> dict[str, Any]:
        return {"rows": labelled_rows(self.tool, self.parameters)}

    @property
    def policy_snapshot(self) -> dict[str, Any]:
        return self.rules.model_dump(mode="json") | {"risk_tier": str(self.risk_tier), "authorized": True}


def validate(tool_ref: str, actor_id: str, context: ToolContext) -> Validated | Blocked:
    """Pass an attempt through the gates: tool, input, scopes, authorisation.

    Never raises: a gate that raises is a denial.
    """
    tool = registry().get(tool_ref) if isinstance(tool_ref, str) else None
    if tool is None:
        return Blocked("unsupported", "unknown_tool")
    checked = typed_input(tool, actor_id, context)
    if isinstance(checked, Blocked):
        return checked
    granted = granted_scopes(context)
    missing = tuple(scope for scope in tool.scopes if scope not in granted)
    if missing:
        names = ", ".join(missing)
        return Blocked(
            "scope_invalid",
            f"This needs the permission {names}, which is not granted.",
            missing_scopes=missing,
            input=checked,
        )
    parameters = dump(checked)
    denial = _authorized(tool, actor_id, replace(context, tool_params=parameters, scopes=granted))
    if denial is not None:
        return Blocked("policy_denied", denial, input=checked)
    scopes = {"needed": list(tool.scopes), "granted": sorted(granted)}
    return Validated(tool, actor_id, checked, policy().rules_for(tool, parameters), scopes)


def granted_scopes(context: ToolContext) -> frozenset[str]:
    """The scopes that come with an attempt; whatever is not a list of names grants nothing."""
    scopes: object = context.scopes
    if not isinstance(scopes, (frozenset, set, tuple, list)):
        return frozenset()
    return frozenset(scope for scope in scopes if isinstance(scope, str))


def typed_input(tool: Tool, actor_id: str, context: ToolContext) -> BaseModel | Blocked:
    """The first gate alone: the input as the tool's model reads it, or what is wrong with it, by field."""
    try:
        parameters = dict(context.tool_params)
        if has_forbidden_text([parameters, actor_id, context.account_id]):
            return Blocked(
                "needs_input", "The text has a character that cannot be stored.", {"": "Remove it."}
            )
        checked = tool.Input.model_validate(parameters)
        stored = checked.model_dump(mode="json")
        if storable(stored) != stored or tool.Input.model_validate(stored) != checked:
            return Blocked("needs_input", "A value cannot be stored as it is.", {"": "Check the values."})
        return checked
    except ValidationError as error:
        errors = {
            ".".join(str(part) for part in e["loc"]): _sentence(e) for e in error.errors(include_url=False)
        }
        return Blocked("needs_input", "Some fields need another look.", errors)
    except Exception:
        return Blocked("needs_input", "The input could not be checked, which counts as a no.")


def _sentence(error: Any) -> str:
    text = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        text = "This is needed"
    return text[:1].upper() + text[1:].removesuffix(".") + "."


def _authorized(tool: Tool, actor_id: str, context: ToolContext) -> str | None:
    """None when the tool says yes; otherwise the reason."""
    try:
        answer: object = tool.authorize(actor_id, context)
    except Exception:
        return "The check of who may ask for this failed, which counts as a no."
    if answer is True:
        return None
    return answer if isinstance(answer, str) and answer else "This action is not open to you here."


def dump(input: BaseModel) -> dict[str, Any]:
    """The input as it is stored and comes back: what is hashed, compared and run."""
    stored: dict[str, Any] = storable(input.model_dump(mode="json"))
    return stored


def labelled_rows(tool: Tool, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The input as people read it: label and value, secrets as dots."""
    return [
        {
            "name": name,
            "label": label_of(tool, name),
            "value": DOTS if is_secret(name) and value not in (None, "") else masked(value),
        }
        for name, value in parameters.items()
    ]
