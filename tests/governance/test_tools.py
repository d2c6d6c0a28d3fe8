"""A tool that cannot be used fails when it is defined; one that cannot be loaded stops the start."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr, computed_field

from console import create_app
from console.config import Settings
from console.errors import ConfigurationError
from console.tools import ApprovalMode, Registry, RiskTier, Tool, load_registry
from console.tools.base import ToolDefinitionError
from tests.tools import Acting, Peek

GOOD: dict[str, Any] = {
    "risk_tier": RiskTier.LOW_WRITE,
    "title": "Good",
    "description": "Is good.",
    "run": lambda self, input, actor_id, context: {},
}


async def later(self: Any, input: Any, actor_id: str, context: Any) -> None: ...


async def streaming(self: Any, input: Any, actor_id: str, context: Any) -> AsyncIterator[int]:
    yield 1


def one_by_one(self: Any, input: Any, actor_id: str, context: Any) -> Iterator[int]:
    yield 1


class WithSet(BaseModel):
    items: set[str]


class WithSecret(BaseModel):
    code: SecretStr


class WithAlias(BaseModel):
    amount: int = Field(alias="sum")


class WithToken(BaseModel):
    token: str


class WithComputed(BaseModel):
    amount: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def twice(self) -> int:
        return 2 * self.amount


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "tier is a word": ({"risk_tier": "low_write"}, "risk_tier"),
    "tier is unknown": ({"risk_tier": "gentle"}, "risk_tier"),
    "no tier": ({"risk_tier": None}, "risk_tier"),
    "no title": ({"title": ""}, "title"),
    "no description": ({"description": ""}, "description"),
    "mode is a word": ({"approval_mode": "auto"}, "approval_mode"),
    "input with a set": ({"Input": WithSet}, "a set"),
    "input with a secret type": ({"Input": WithSecret}, "secret"),
    "input with an alias": ({"Input": WithAlias}, "alias"),
    "input with a form's own name": ({"Input": WithToken}, "field token"),
    "input with a computed field": ({"Input": WithComputed}, "computed"),
    "effects unknown": ({"effects": "magic"}, "effects"),
    "scopes are a word": ({"scopes": "orders:refund"}, "scopes"),
    "scopes are nothing": ({"scopes": None}, "scopes"),
    "scopes hold a number": ({"scopes": (1,)}, "scopes"),
    "input is no model": ({"Input": dict}, "Input"),
    "no run": ({"run": Tool.run}, "no run"),
    "run takes too little": ({"run": lambda self, input: {}}, "run does not take"),
    "run takes too much": ({"run": lambda self, input, actor_id, context, more: {}}, "run does not take"),
    "run is static": ({"run": staticmethod(lambda input, actor_id, context: {})}, "plain method"),
    "run is no method": ({"run": 7}, "plain method"),
    "run is async": ({"run": later}, "async"),
    "run is an async stream": ({"run": streaming}, "async"),
    "run is a generator": ({"run": one_by_one}, "generator"),
    "authorize takes too little": ({"authorize": lambda self, actor: True}, "authorize does not take"),
    "preview takes nothing": ({"preview": lambda self: ""}, "preview does not take"),
    "no time at all": ({"timeout_seconds": 0}, "timeout_seconds"),
    "half a second": ({"timeout_seconds": 0.5}, "timeout_seconds"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_declaration_fails_when_the_class_is_defined(name: str) -> None:
    changes, words = WRONG[name]
    with pytest.raises(ToolDefinitionError, match=f"The tool Wrong cannot be used: .*{words}"):
        type("Wrong", (Tool,), GOOD | changes)


def test_a_right_declaration_has_a_ref_of_its_own() -> None:
    made = type("CancelPendingOrder", (Tool,), GOOD)
    assert made.ref == "cancel_pending_order" and made.effects == "unsafe"
    assert type("Other", (made,), {"approval_mode": ApprovalMode.AUTO}).ref == "other"


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ToolDefinitionError, match="peek"):
        Registry([Peek(), Peek()])


class Unmade(Acting):
    risk_tier, title, description = RiskTier.LOW_WRITE, "Unmade", "Cannot be made."

    def __init__(self) -> None:
        raise RuntimeError("no key in the environment")


LOADS = {
    "no.such.module:Tool": "ModuleNotFoundError",
    "tests.tools:Nobody": "Nobody",
    "tests.emptying": "TOOLS",
    "tests.tools:Behaviour": "not a Tool class",
    "tests.tools:Acting": "not a Tool class",
    "tests.governance.test_tools:Unmade": "no key in the environment",
    "tests.governance.broken": "RuntimeError: at import",
    "": "cannot be loaded",
}


@pytest.mark.parametrize("name", LOADS)
def test_a_tool_that_cannot_be_loaded_is_named_with_the_reason(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(ModuleType):
        @property
        def TOOLS(self) -> list[type[Tool]]:
            raise RuntimeError("at import")

    monkeypatch.setitem(sys.modules, "tests.governance.broken", Broken("broken"))
    with pytest.raises(ConfigurationError) as refusal:
        load_registry([name])
    assert LOADS[name] in refusal.value.sentence and name in refusal.value.sentence


def test_the_application_does_not_start_without_its_tools(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="no_such_module"):
        create_app(settings.model_copy(update={"tools": ("no_such_module:Tool",)}))
