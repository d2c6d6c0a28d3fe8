"""The actions that an operator may ask for in a conversation, each with the form that its input model makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from flask import current_app, render_template
from markupsafe import Markup
from pydantic import BaseModel

from console.governance.policy import Outlook, Rules, policy
from console.models import Customer, Operator
from console.presenters import forms, labels
from console.presenters.labels import Tier
from console.tools import ApprovalMode, RiskTier, Tool, ToolContext
from console.tools.registry import registry
from console.views.fragments import CONVERSATION, CSRF, TOKEN, filled

NOTHING = Markup()
Known = tuple[tuple[str, str], ...]
"""What the page knows already, by the field that asks for it."""
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

    writes: tuple[Offer, ...]
    reads: tuple[Offer, ...]
    closed: tuple[Shut, ...]

    @property
    def note(self) -> str:
        return f"{len(self.writes) + len(self.reads)} you may use here"

    @property
    def reads_open(self) -> bool:
        return any(offer.open for offer in self.reads)

    @property
    def filled(self) -> bool:
        """Whether one of them holds what was typed, and so belongs to one page only."""
        return self.reads_open or any(offer.open for offer in self.writes)


def offers(
    operator: Operator, conversation_id: int, customer: Customer, typed: Typed | None = None
) -> Offers:
    """The tools by what this operator may do with them: writes first, then what only reads, then what is closed."""
    writes: list[Offer] = []
    reads: list[Offer] = []
    closed: list[Shut] = []
    context = ToolContext(scopes=frozenset(operator.scopes), conversation_id=conversation_id)
    for tool in registry():
        outlook = policy().outlook(tool)
        reason = _closed(tool, outlook.rules, operator, context)
        if reason is not None:
            closed.append(Shut(tool.title, reason))
            continue
        mine = typed if typed and typed.tool_ref == tool.ref else None
        home = reads if tool.risk_tier == RiskTier.READ_ONLY else writes
        home.append(offer(tool, outlook, customer, mine))
    return Offers(tuple(writes), tuple(reads), tuple(closed))


def section(found: Offers, conversation_id: int, csrf: str, token: str) -> Markup:
    """All forms of a page. One token serves them all: a proposal's key is made of the tool and its input too."""
    drawn = _section.__wrapped__ if found.filled else _section
    return filled(drawn(found), {CONVERSATION: conversation_id, CSRF: csrf, TOKEN: token})


def offer(
    tool: Tool, outlook: Outlook, customer: Customer, typed: Typed | None = None, said: str = ""
) -> Offer:
    """One tool with its form, filled with what the page knows or with what was typed; `said` tells what came of it."""
    known = tuple(
        (f.name, str(fact)) for f in forms.prefilled(tool.Input) if (fact := getattr(customer, f.prefill))
    )
    if typed is None and not said:
        return _untouched(tool, outlook, known)
    values = typed.values if typed else _values(tool, known)
    return _filled(
        _plain(tool, outlook), tool.Input, typed or Typed(tool.ref, values), said, open=typed is not None
    )


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


def _plain(tool: Tool, outlook: Outlook) -> Offer:
    rules = outlook.rules
    goes_to, verb = MODES.get(rules.mode, ("Never runs from here", "Ask"))
    if rules.mode == ApprovalMode.REQUIRES_APPROVAL and rules.approvals > 1:
        goes_to = f"Waits for {rules.approvals} people other than you"
    elif rules.mode == ApprovalMode.REQUIRES_APPROVAL and rules.four_eyes:
        goes_to = "Waits for someone other than you"
    if outlook.varies:
        goes_to += "; what you fill in may change that"
    return Offer(tool.ref, tool.title, tool.description, labels.tier(tool.risk_tier), goes_to, verb)


@lru_cache(maxsize=1024)
def _untouched(tool: Tool, outlook: Outlook, known: Known) -> Offer:
    """Most forms are the same on every page of a customer, and most of those for everyone: rendered once."""
    return _filled(_plain(tool, outlook), tool.Input, Typed(tool.ref, _values(tool, known)), "", open=False)


def _values(tool: Tool, known: Known) -> dict[str, str]:
    return {f.name: f.default for f in forms.fields(tool.Input)} | dict(known)


@lru_cache(maxsize=256)
def _section(found: Offers) -> Markup:
    """Rendered once for all pages on which the same is open to the same kind of operator."""
    return Markup(
        render_template(
            "proposals/_section.html", offers=found, conversation_id=CONVERSATION, csrf=CSRF, token=TOKEN
        )
    )


def _filled(plain: Offer, model: type[BaseModel], typed: Typed, said: str, *, open: bool) -> Offer:
    macros: Any = current_app.jinja_env.get_template("proposals/_fields.html").make_module({})
    errors = {name.partition(".")[0]: words for name, words in typed.errors.items()}
    body = macros.body(plain, forms.fields(model), typed.values, errors, typed.error)
    return replace(plain, head=macros.head(plain, said), body=body, open=open)
