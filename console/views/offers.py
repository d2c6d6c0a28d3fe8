"""The actions that an operator may ask for in a conversation, each with the form that its input model makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from flask import current_app
from markupsafe import Markup
from pydantic import BaseModel

from console.governance.policy import Rules, policy
from console.models import Customer, Operator
from console.presenters import forms, labels
from console.presenters.labels import Tier
from console.tools import ApprovalMode, RiskTier, Tool, ToolContext
from console.tools.registry import registry

NOTHING = Markup()
MODES = {
    ApprovalMode.AUTO: ("Runs by itself, nobody has to decide", "Look it up"),
    ApprovalMode.REQUIRES_APPROVAL: ("Waits for one approval", "Ask for approval"),
}


@dataclass(frozen=True)
class Typed:
    """What was typed into one tool's form, and what was wrong with it."""

    tool_ref: str
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Offer:
    """One tool, and the parts of its form that are the same on every page."""

    ref: str
    title: str
    description: str
    tier: Tier
    goes_to: str
    verb: str
    head: Markup = NOTHING
    body: Markup = NOTHING
    open: bool = False


@dataclass(frozen=True)
class Shut:
    """A tool that is not open to this operator here, and why."""

    title: str
    reason: str


@dataclass(frozen=True)
class Offers:
    """All tools, as one operator may use them in one conversation."""

    writes: list[Offer]
    reads: list[Offer]
    closed: list[Shut]

    @property
    def note(self) -> str:
        return f"{len(self.writes) + len(self.reads)} you may use here"

    @property
    def reads_open(self) -> bool:
        return any(offer.open for offer in self.reads)


def offers(
    operator: Operator, conversation_id: int, customer: Customer, typed: Typed | None = None
) -> Offers:
    """The tools by what this operator may do with them: writes first, then what only reads, then what is closed."""
    found = Offers([], [], [])
    context = ToolContext(scopes=frozenset(operator.scopes), conversation_id=conversation_id)
    for tool in registry():
        rules = policy().rules_for(tool)
        reason = _closed(tool, rules, operator, context)
        if reason is not None:
            found.closed.append(Shut(tool.title, reason))
            continue
        mine = typed if typed and typed.tool_ref == tool.ref else None
        home = found.reads if tool.risk_tier == RiskTier.READ_ONLY else found.writes
        home.append(offer(tool, rules, customer, mine))
    return found


def offer(tool: Tool, rules: Rules, customer: Customer, typed: Typed | None = None, said: str = "") -> Offer:
    """One tool with its form, filled with what the page knows or with what was typed; `said` tells what came of it."""
    fields = forms.fields(tool.Input)
    known = {
        f.name: str(getattr(customer, f.prefill))
        for f in fields
        if f.prefill and getattr(customer, f.prefill)
    }
    plain = _plain(tool, rules)
    if typed is None and not said:
        return _untouched(plain, tool.Input, tuple(known.items()))
    values = typed.values if typed else {f.name: f.default for f in fields} | known
    return _filled(plain, tool.Input, typed or Typed(tool.ref, values), said, open=typed is not None)


def _closed(tool: Tool, rules: Rules, operator: Operator, context: ToolContext) -> str | None:
    """Why this operator cannot use the tool here, or None. A check that fails counts as a no."""
    if rules.mode == ApprovalMode.ALWAYS_BLOCK:
        return "Policy never lets this run from the desk."
    missing = [scope for scope in tool.scopes if scope not in context.scopes]
    if missing:
        return f"Needs the permission {', '.join(missing)}, which your account does not hold."
    try:
        answer: object = tool.authorize(operator.actor_id, context)
    except Exception:
        return "The check of who may ask for this failed, which counts as a no."
    if answer is True:
        return None
    return answer if isinstance(answer, str) and " " in answer else "This action is not open to you here."


def _plain(tool: Tool, rules: Rules) -> Offer:
    goes_to, verb = MODES.get(rules.mode, ("Never runs from here", "Ask"))
    if rules.four_eyes and rules.mode == ApprovalMode.REQUIRES_APPROVAL:
        goes_to = "Waits for someone other than you"
    return Offer(tool.ref, tool.title, tool.description, labels.tier(tool.risk_tier), goes_to, verb)


@lru_cache(maxsize=1024)
def _untouched(plain: Offer, model: type[BaseModel], known: tuple[tuple[str, str], ...]) -> Offer:
    """Most forms are the same on every page of a customer, and most of those for everyone: rendered once."""
    values = {f.name: f.default for f in forms.fields(model)} | dict(known)
    return _filled(plain, model, Typed(plain.ref, values), "", open=False)


def _filled(plain: Offer, model: type[BaseModel], typed: Typed, said: str, *, open: bool) -> Offer:
    macros: Any = current_app.jinja_env.get_template("proposals/_fields.html").make_module({})
    errors = {name.partition(".")[0]: words for name, words in typed.errors.items()}
    body = macros.body(plain, forms.fields(model), typed.values, errors, typed.error)
    return replace(plain, head=macros.head(plain, said), body=body, open=open)
