"""What the deployment allows: modes, deadlines, four eyes and deciding roles, by risk tier and by tool."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from flask import current_app
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from console.errors import ConfigurationError
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


class Rules(BaseModel):
    """The rules in force for one tool. Snapshotted on every lane."""

    model_config = ConfigDict(frozen=True)

    mode: ApprovalMode
    lane_seconds: int = LANE_SECONDS
    """How long a lane waits for a decision."""
    execute_seconds: int = EXECUTE_SECONDS
    """How long after an approval the run may start, at the least."""
    four_eyes: bool = False
    decide: tuple[Role, ...] = (Role.OPERATOR, Role.ADMIN)


class Section(BaseModel):
    """One section of a policy.toml, for a tier or for a tool. What it does not name stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: ApprovalMode | None = None
    lane_seconds: int | None = Field(default=None, ge=1, le=31_536_000)
    execute_seconds: int | None = Field(default=None, ge=1, le=31_536_000)
    four_eyes: bool | None = None
    decide: tuple[Role, ...] | None = Field(default=None, min_length=1)
    allow_loosening: bool = False
    """Without this word, a section that asks for less than the built-in table is refused at start."""

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True, exclude={"allow_loosening", "mode"})


class Policy(BaseModel):
    """A whole policy file: `[tier.high_write]` and `[tool.cancel_pending_order]` sections."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tier: dict[RiskTier, Section] = Field(default_factory=dict)
    tool: dict[str, Section] = Field(default_factory=dict)

    _known: dict[tuple[str, str, str | None], Rules] = PrivateAttr(default_factory=dict)

    def rules_for(self, tool: Tool) -> Rules:
        """What is in force for a tool: its own mode, then the tier's, then the table; its own section may tighten."""
        asked = (tool.ref, tool.risk_tier, tool.approval_mode)
        if asked not in self._known:
            self._known[asked] = self._work_out(tool)
        return self._known[asked]

    def _work_out(self, tool: Tool) -> Rules:
        tier, own = self.tier.get(tool.risk_tier, Section()), self.tool.get(tool.ref, Section())
        mode = tool.approval_mode or tier.mode or TABLE.get(tool.risk_tier, ApprovalMode.ALWAYS_BLOCK)
        if own.mode and (own.allow_loosening or STRICTNESS[own.mode] > STRICTNESS[mode]):
            mode = own.mode
        base = {"four_eyes": tool.risk_tier == RiskTier.HIGH_WRITE}
        return Rules(mode=mode, **(base | tier.changes() | own.changes()))


def load_policy(path: Path | None, tools: list[Tool]) -> Policy:
    """Read and check a policy file; without a path, the built-in table.

    Raises ConfigurationError, naming the section and the reason, when the file cannot be used or loosens a rule
    without saying `allow_loosening = true`.
    """
    if path is None:
        return Policy()
    try:
        policy = Policy.model_validate(tomllib.loads(path.read_text()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The policy {path} cannot be read: {error}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"The policy {path} is wrong at {where}: {first['msg']}.") from error
    _refuse_loosening(policy, {tool.ref: tool for tool in tools}, path)
    return policy


def _refuse_loosening(policy: Policy, tools: dict[str, Tool], path: Path) -> None:
    unknown = sorted(set(policy.tool) - set(tools))
    if unknown:
        raise ConfigurationError(f"The policy {path} names a tool that does not exist: {unknown[0]}.")
    sections: list[tuple[str, RiskTier, Tool | None, Section]]
    sections = [(f"tier.{tier}", tier, None, section) for tier, section in policy.tier.items()]
    sections += [
        (f"tool.{ref}", tools[ref].risk_tier, tools[ref], section) for ref, section in policy.tool.items()
    ]
    for name, tier, tool, section in sections:
        floor = (tool.approval_mode if tool else None) or TABLE[tier]
        looser = section.mode is not None and STRICTNESS[section.mode] < STRICTNESS[floor]
        one_pair_of_eyes = tier == RiskTier.HIGH_WRITE and section.four_eyes is False
        if (looser or one_pair_of_eyes) and not section.allow_loosening:
            what = "mode" if looser else "four_eyes"
            raise ConfigurationError(
                f"The policy {path} loosens {what} in [{name}]; add allow_loosening = true there if that is meant."
            )


def policy() -> Policy:
    """The policy of the running application."""
    found: Policy = current_app.extensions["console_policy"]
    return found
