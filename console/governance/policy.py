"""What the deployment allows: modes, deadlines, approvals and deciding roles, by risk tier, by tool and by input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from flask import current_app
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from console.governance.conditions import Condition, label_of
from console.models import Role
from console.tools import ApprovalMode, RiskTier, Tool

STRICTNESS = {ApprovalMode.AUTO: 0, ApprovalMode.REQUIRES_APPROVAL: 1, ApprovalMode.ALWAYS_BLOCK: 2}
TABLE = {
    RiskTier.READ_ONLY: ApprovalMode.AUTO,
    RiskTier.LOW_WRITE: ApprovalMode.REQUIRES_APPROVAL,
    RiskTier.HIGH_WRITE: ApprovalMode.REQUIRES_APPROVAL,
    RiskTier.DESTRUCTIVE: ApprovalMode.ALWAYS_BLOCK,
}
LANE_SECONDS = 172_800
EXECUTE_SECONDS = 900
MOST_SECONDS = 31_536_000
MOST_APPROVALS = 10


class Rules(BaseModel):
    """The rules in force for one tool and one input. Snapshotted on every lane."""

    model_config = ConfigDict(frozen=True)

    mode: ApprovalMode
    lane_seconds: int = LANE_SECONDS
    """How long a lane waits for a decision."""
    execute_seconds: int = EXECUTE_SECONDS
    """How long after an approval the run may start, at the least."""
    four_eyes: bool = False
    """Whoever asked may not decide. Always so where more than one approval is needed."""
    decide: tuple[Role, ...] = (Role.OPERATOR, Role.ADMIN)
    approvals: int = 1
    """How many different people have to approve."""
    because: tuple[str, ...] = ()
    """The conditions on the input that made it so, as sentences."""


RULES = tuple(name for name in Rules.model_fields if name != "because")


def stricter(one: Rules, other: Rules) -> Rules:
    """The stricter of two sets of rules, rule by rule."""
    return Rules(
        mode=max(one.mode, other.mode, key=lambda mode: STRICTNESS[mode]),
        lane_seconds=min(one.lane_seconds, other.lane_seconds),
        execute_seconds=min(one.execute_seconds, other.execute_seconds),
        four_eyes=one.four_eyes or other.four_eyes,
        decide=tuple(role for role in one.decide if role in other.decide),
        approvals=max(one.approvals, other.approvals),
        because=tuple(dict.fromkeys((*one.because, *other.because))),
    )


class Section(BaseModel):
    """One section of a policy.toml, for a tier or for a tool. What it does not name stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: ApprovalMode | None = None
    lane_seconds: int | None = Field(default=None, ge=1, le=MOST_SECONDS, strict=True)
    execute_seconds: int | None = Field(default=None, ge=1, le=MOST_SECONDS, strict=True)
    four_eyes: bool | None = Field(default=None, strict=True)
    decide: tuple[Role, ...] | None = Field(default=None, min_length=1)
    approvals: int | None = Field(default=None, ge=1, le=MOST_APPROVALS, strict=True)
    when: Condition | None = None
    """The section counts for inputs of which this holds, and for those of which it cannot be told if it is stricter."""
    allow_loosening: bool = Field(default=False, strict=True)
    """Without this word, a section that asks for less than what is in force without it is refused at start."""

    def changes(self) -> dict[str, Any]:
        """The rules that it names."""
        return {name: value for name in RULES if (value := getattr(self, name)) is not None}

    def applied(self, rules: Rules) -> Rules:
        """The rules with this section on top: deadlines as it says, everything else only as strict or stricter."""
        asked = rules.model_copy(update=self.changes())
        if self.allow_loosening:
            return asked
        deadlines = {name: getattr(asked, name) for name in ("lane_seconds", "execute_seconds")}
        return stricter(rules, asked).model_copy(update=deadlines)

    def loosened(self, rules: Rules) -> str | None:
        """The first rule in which it asks for less than `rules` do."""
        if self.mode is not None and STRICTNESS[self.mode] < STRICTNESS[rules.mode]:
            return "mode"
        if self.four_eyes is False and rules.four_eyes:
            return "four_eyes"
        if self.approvals is not None and self.approvals < rules.approvals:
            return "approvals"
        return "decide" if self.decide and not set(self.decide) <= set(rules.decide) else None


@dataclass(frozen=True)
class Place:
    """A section by its name, `tool.refund`, with the lines on which it and what it names begin."""

    name: str
    section: Section
    line: int | None
    lines: Mapping[str, int]


@dataclass(frozen=True)
class InForce:
    """The rules for one tool and one input, and where each comes from."""

    rules: Rules
    sources: Mapping[str, Place | None]
    """By the name of a rule: the section that set it, or None for the table and for the tool's own mode."""
    held: tuple[tuple[Place, bool | None], ...] = ()
    """Sections with a condition, and whether it holds; None where that cannot be told."""


class Standing(NamedTuple):
    """What a role may not decide whatever the input, and what takes two people then: refs of tools."""

    closed: list[str]
    four_eyed: list[str]


class Outlook(NamedTuple):
    """The loosest rules that an input of a tool may meet, and whether another input may meet others."""

    rules: Rules
    varies: bool


def _listed(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


Sections = Annotated[tuple[Section, ...], Field(min_length=1), BeforeValidator(_listed)]
"""`[tool.refund]` once, or `[[tool.refund]]` several times, some with a condition."""


class Policy(BaseModel):
    """A whole policy file. Read from top to bottom: a tier's sections first, then the tool's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tier: dict[RiskTier, Sections] = Field(default_factory=dict)
    tool: dict[str, Sections] = Field(default_factory=dict)

    _file: str = PrivateAttr(default="")
    _lines: dict[tuple[str | int, ...], int] = PrivateAttr(default_factory=dict)
    _known: dict[tuple[Any, ...], InForce] = PrivateAttr(default_factory=dict)
    _places: dict[tuple[str, str], tuple[Place, ...]] = PrivateAttr(default_factory=dict)
    _outlooks: dict[tuple[Any, ...], Outlook] = PrivateAttr(default_factory=dict)
    _standings: dict[tuple[Role, tuple[Tool, ...]], Standing] = PrivateAttr(default_factory=dict)

    @property
    def file(self) -> str:
        """The file that it was read from; empty for the built-in table."""
        return self._file

    def came_from(self, file: str, lines: Mapping[tuple[str | int, ...], int]) -> None:
        """Note the file, and on which line each thing in it begins: `("tool", "refund", 0, "mode")`."""
        self._file, self._lines = file, dict(lines)
        self._places.clear()

    def rules_for(self, tool: Tool, parameters: Mapping[str, Any]) -> Rules:
        """What is in force for a tool and an input as it is stored."""
        return self.in_force(tool, parameters).rules

    def in_force(self, tool: Tool, parameters: Mapping[str, Any] | None) -> InForce:
        """The same with the source of each rule. Without an input no condition is asked, as if none held."""
        places = self.places(tool)
        held = tuple(_holds(place.section, parameters) for place in places)
        asked = (tool.ref, tool.risk_tier, tool.approval_mode, held)
        if asked not in self._known:
            self._known[asked] = _work_out(tool, places, held)
        return self._known[asked]

    def ways(self, tool: Tool) -> list[Rules]:
        """The rules that an input may meet: those without any condition, then those with each of them alone."""
        plain = self.in_force(tool, None).rules
        conditional = (place for place in self.places(tool) if place.section.when)
        return [plain, *(speaking(place, tool).applied(plain) for place in conditional)]

    def outlook(self, tool: Tool) -> Outlook:
        """What a tool's form can say before anything is filled in."""
        asked = (tool.ref, tool.risk_tier, tool.approval_mode)
        if asked not in self._outlooks:
            ways = self.ways(tool)
            loosest = min(ways, key=lambda rules: STRICTNESS[rules.mode])
            self._outlooks[asked] = Outlook(loosest, varies=any(rules != loosest for rules in ways))
        return self._outlooks[asked]

    def standing(self, role: Role, tools: Iterable[Tool]) -> Standing:
        """Of these tools, those that a role may not decide and those that take two people, without any condition."""
        asked = (role, tuple(tools))
        if asked not in self._standings:
            rules = {tool.ref: self.in_force(tool, None).rules for tool in asked[1]}
            self._standings[asked] = Standing(
                [ref for ref, rule in rules.items() if role not in rule.decide],
                [ref for ref, rule in rules.items() if rule.four_eyes or rule.approvals > 1],
            )
        return self._standings[asked]

    def places(self, tool: Tool) -> tuple[Place, ...]:
        """The sections that speak of a tool, in the order in which they count."""
        asked = (tool.risk_tier, tool.ref)
        if asked not in self._places:
            self._places[asked] = (*self.sections("tier", tool.risk_tier), *self.sections("tool", tool.ref))
        return self._places[asked]

    def sections(self, kind: Literal["tier", "tool"], name: str) -> list[Place]:
        """The sections of one tier or one tool, from top to bottom."""
        held: Mapping[Any, tuple[Section, ...]] = self.tier if kind == "tier" else self.tool
        return [self._place(kind, name, number, one) for number, one in enumerate(held.get(name, ()))]

    def _place(self, kind: str, name: str, number: int, section: Section) -> Place:
        at = (kind, name, number)
        lines = {rule: line for rule in section.changes() if (line := self._lines.get((*at, rule)))}
        return Place(f"{kind}.{name}", section, self._lines.get(at), lines)


def table(tier: RiskTier) -> Rules:
    """The built-in rules of a tier; anything unknown is blocked."""
    mode = TABLE.get(tier, ApprovalMode.ALWAYS_BLOCK)
    return Rules(mode=mode, four_eyes=tier == RiskTier.HIGH_WRITE)


def declared(tool: Tool) -> Rules:
    """What is in force for a tool without any policy file: the table's rules, and its own mode if it has one."""
    found = table(tool.risk_tier)
    return found.model_copy(update={"mode": tool.approval_mode}) if tool.approval_mode else found


def speaking(place: Place, tool: Tool) -> Section:
    """What a section says to a tool: the mode that a tool declares itself comes before its tier's."""
    if tool.approval_mode is None or not place.name.startswith("tier."):
        return place.section
    return place.section.model_copy(update={"mode": None})


def _holds(section: Section, parameters: Mapping[str, Any] | None) -> bool | None:
    if section.when is None:
        return True
    return False if parameters is None else section.when.holds(parameters)


def _work_out(tool: Tool, places: tuple[Place, ...], held: tuple[bool | None, ...]) -> InForce:
    rules, sources = declared(tool), dict[str, Place | None](dict.fromkeys(RULES))
    because: list[str] = []
    for place, holds in zip(places, held, strict=True):
        if holds is False:
            continue
        section = speaking(place, tool)
        before, rules = rules, section.applied(rules)
        if holds is None:
            rules = stricter(before, rules)
        named = section.changes()
        for name in RULES:
            value = getattr(rules, name)
            if value != getattr(before, name) or named.get(name) == value:
                sources[name] = place
        if section.when is not None and rules != before:
            because.append(_sentence(section.when, tool, holds))
    if rules.approvals > 1 and not rules.four_eyes:
        rules, sources["four_eyes"] = rules.model_copy(update={"four_eyes": True}), sources["approvals"]
    asked = [(place, holds) for place, holds in zip(places, held, strict=True) if place.section.when]
    return InForce(rules.model_copy(update={"because": tuple(because)}), sources, tuple(asked))


def _sentence(condition: Condition, tool: Tool, holds: bool | None) -> str:
    words = condition.words(label_of(tool, condition.field))
    return words if holds else f"{words}, which cannot be told here, so that the stricter rule counts"


def policy() -> Policy:
    """The policy of the running application."""
    found: Policy = current_app.extensions["console_policy"]
    return found
