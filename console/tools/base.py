"""What a tool is: a typed action that the host application offers, with its risk, its policy and its run."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, PydanticUserError
from sqlalchemy.orm import Session

from console.errors import ConfigurationError


class RiskTier(StrEnum):
    READ_ONLY = "read_only"
    LOW_WRITE = "low_write"
    HIGH_WRITE = "high_write"
    DESTRUCTIVE = "destructive"


class ApprovalMode(StrEnum):
    AUTO = "auto"
    REQUIRES_APPROVAL = "requires_approval"
    ALWAYS_BLOCK = "always_block"


Effects = Literal["transactional", "idempotent", "unsafe"]


class ToolDefinitionError(ConfigurationError, TypeError):
    """A tool class that cannot be used: named when the class is defined, with the reason."""

    code = "tool_definition"


class ToolError(Exception):
    """A run that failed and may succeed when tried again. Its text is a sentence for the operator."""


class PermanentToolError(ToolError):
    """A run that was refused for good; trying again changes nothing."""


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """Who asks from where: what a proposal is validated with."""

    tool_params: Mapping[str, Any] = field(default_factory=dict)
    scopes: frozenset[str] | tuple[str, ...] | list[str] = frozenset()
    account_id: str | None = None
    conversation_id: int | None = None
    idempotency_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunContext(ToolContext):
    """What a run gets besides its input.

    `run_key` is the same when one attempt is replayed; `effect_key` is the same for every attempt of one lane and
    is what a tool passes to another system as its idempotency key. `session` commits together with the outcome.
    """

    run_key: str
    effect_key: str
    attempt: int
    session: Session
    actor_name: str = ""


class Tool:
    """Base class of all tools. Copy `internal_note.py` to write one.

    A subclass declares `risk_tier`, `title`, `description`, an `Input` model, `authorize` and `run`; optionally
    `approval_mode`, `scopes`, `effects`, `timeout_seconds` and `preview`. A wrong declaration fails when the class is
    defined (ToolDefinitionError), not when it is used.
    """

    ref: ClassVar[str]
    """Its name in proposals; the class name in snake_case when not declared."""
    risk_tier: ClassVar[RiskTier]
    title: ClassVar[str]
    description: ClassVar[str]
    approval_mode: ClassVar[ApprovalMode | None] = None
    scopes: ClassVar[tuple[str, ...]] = ()
    effects: ClassVar[Effects] = "unsafe"
    timeout_seconds: ClassVar[int] = 30
    abstract: ClassVar[bool] = False
    """Set on a base class of several tools, which is not a tool itself; it is not inherited."""

    class Input(BaseModel):
        """No parameters."""

    def authorize(self, actor: str, context: ToolContext) -> bool | str:
        """True allows; a sentence or False denies. Anything else denies too.

        A tool that declares no policy is denied.
        """
        return "no_policy_defined"

    def preview(self, input: Any) -> str:
        """One sentence: what will happen. Pure; it is stored with the proposal and never rendered again."""
        return self.description

    def headline(self, input: Any) -> str:
        """The card's title for this input. Pure, stored likewise."""
        return self.title

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        """Do it. Returns facts for the trail; `summary` among them is the sentence that the card shows.

        Raises ToolError (tried again) or PermanentToolError (not).
        """
        raise NotImplementedError

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__dict__.get("abstract", False):
            return
        if "ref" not in cls.__dict__:
            cls.ref = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        problem = _definition_problem(cls)
        if problem:
            raise ToolDefinitionError(f"The tool {cls.__name__} cannot be used: {problem}.")


def _definition_problem(cls: type[Tool]) -> str | None:
    """The first thing that is wrong with a tool class, or None."""
    for name in ("risk_tier", "title", "description"):
        if not getattr(cls, name, None):
            return f"it declares no {name}"
    if not isinstance(cls.risk_tier, RiskTier):
        return f"its risk_tier is {cls.risk_tier!r}, not one of RiskTier"
    if cls.approval_mode is not None and not isinstance(cls.approval_mode, ApprovalMode):
        return f"its approval_mode is {cls.approval_mode!r}, not one of ApprovalMode"
    if cls.effects not in ("transactional", "idempotent", "unsafe"):
        return f"its effects are {cls.effects!r}, not transactional, idempotent or unsafe"
    if not isinstance(cls.scopes, tuple) or not all(isinstance(scope, str) for scope in cls.scopes):
        return "its scopes are not a tuple of names"
    if type(cls.timeout_seconds) is not int or cls.timeout_seconds < 1:
        return "its timeout_seconds are not a whole number of seconds"
    if not (inspect.isclass(cls.Input) and issubclass(cls.Input, BaseModel)):
        return "its Input is not a pydantic model"
    if cls.run is Tool.run:
        return "it has no run"
    return _input_problem(cls.Input) or _signature_problem(cls)


RESERVED = ("csrf_token", "token", "tool_ref")
"""What a form sends beside the fields of an input."""


def _input_problem(model: type[BaseModel]) -> str | None:
    """Why what the model reads could not be written down, shown, and read again as the same."""
    for name, one in model.model_fields.items():
        if name in RESERVED:
            return f"its Input has a field {name}, a name that forms need for themselves"
        if one.alias or one.validation_alias or one.serialization_alias:
            return f"its Input gives {name} an alias; a field has one name"
    if model.model_computed_fields:
        return "its Input has computed fields, which cannot be read again"
    try:
        schema = json.dumps(model.model_json_schema())
    except PydanticUserError:
        # A name in it is defined further down; what cannot be stored is then refused when it is asked for.
        return None
    if '"uniqueItems": true' in schema:
        return "its Input has a set, which has no order to rely on; use a list"
    if '"writeOnly": true' in schema:
        return "its Input has a secret type, which cannot be stored; use str, and a name that says so is shown as dots"
    return None


RUNS_LATER = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
SIGNATURES = {"authorize": 2, "preview": 1, "headline": 1, "run": 3}


def _signature_problem(cls: type[Tool]) -> str | None:
    for name, count in SIGNATURES.items():
        method = inspect.getattr_static(cls, name)
        if isinstance(method, (staticmethod, classmethod)) or not callable(method):
            return f"{name} is not a plain method"
        if any(late(method) for late in RUNS_LATER):
            return f"{name} would not run when it is called; it must be neither async nor a generator"
        try:
            inspect.signature(method).bind(None, *range(count))
        except TypeError:
            wanted = ", ".join(list(inspect.signature(getattr(Tool, name)).parameters)[1:])
            return f"{name} does not take ({wanted})"
    return None
