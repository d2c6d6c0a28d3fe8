"""The policy: modes and their precedence, tightening freely, loosening only in so many words."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.errors import ConfigurationError
from console.governance.policy import Policy
from console.governance.policy_file import load_policy
from console.tools import ApprovalMode, RiskTier, Tool
from tests.tools import Acting, Adjust, Moody, Peek, Refund, Wipe

TOOLS: list[Tool] = [Peek(), Adjust(), Refund(), Wipe(), Moody()]


def loaded(tmp_path: Path, words: str) -> Policy:
    path = tmp_path / "policy.toml"
    path.write_text(words)
    return load_policy(path, TOOLS)


@pytest.mark.parametrize(
    ("tool", "mode"),
    [
        (Peek(), "auto"),
        (Adjust(), "requires_approval"),
        (Refund(), "requires_approval"),
        (Wipe(), "always_block"),
    ],
)
def test_without_a_policy_the_table_is_in_force(tool: Tool, mode: str) -> None:
    rules = Policy().rules_for(tool, {})
    assert rules.mode == mode and rules.lane_seconds == 172_800 and rules.execute_seconds == 900
    assert rules.four_eyes is (tool.risk_tier == RiskTier.HIGH_WRITE)
    assert [str(role) for role in rules.decide] == ["operator", "admin"]


def test_a_tools_own_mode_comes_first_and_the_tiers_second(tmp_path: Path) -> None:
    policy = loaded(tmp_path, "[tier.low_write]\nmode = 'always_block'")
    assert policy.rules_for(Moody(), {}).mode == "requires_approval"
    assert policy.rules_for(Adjust(), {}).mode == "always_block"


def test_a_section_of_a_tool_tightens_whatever_the_tool_says(tmp_path: Path) -> None:
    policy = loaded(tmp_path, "[tool.moody]\nmode = 'always_block'\n[tool.peek]\nmode = 'requires_approval'")
    assert (
        policy.rules_for(Moody(), {}).mode == "always_block"
        and policy.rules_for(Peek(), {}).mode == "requires_approval"
    )


def test_a_section_of_a_tool_loosens_what_its_tier_tightened_only_if_it_says_so(tmp_path: Path) -> None:
    words = "[tier.low_write]\nmode = 'always_block'\n[tool.adjust]\nmode = 'requires_approval'"
    with pytest.raises(ConfigurationError, match=r"mode in .tool.adjust., line 3"):
        loaded(tmp_path, words)
    said = loaded(tmp_path, words + "\nallow_loosening = true")
    assert said.rules_for(Adjust(), {}).mode == "requires_approval"


def test_deadlines_eyes_and_roles_by_tier_and_by_tool(tmp_path: Path) -> None:
    policy = loaded(
        tmp_path,
        "[tier.low_write]\nlane_seconds = 60\nfour_eyes = true\n[tool.adjust]\nlane_seconds = 30\ndecide = ['admin']",
    )
    rules = policy.rules_for(Adjust(), {})
    assert (rules.lane_seconds, rules.four_eyes) == (30, True)
    assert [str(role) for role in rules.decide] == ["admin"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("[tier.low_write]\nmode = 'auto'", "mode in .tier.low_write."),
        ("[tier.destructive]\nmode = 'requires_approval'", "mode in .tier.destructive."),
        ("[tool.wipe]\nmode = 'auto'", "mode in .tool.wipe."),
        ("[tool.moody]\nmode = 'auto'", "mode in .tool.moody."),
        ("[tier.high_write]\nfour_eyes = false", "four_eyes in .tier.high_write."),
        ("[tool.refund]\nfour_eyes = false", "four_eyes in .tool.refund."),
    ],
)
def test_loosening_is_refused_at_start_unless_it_says_so(tmp_path: Path, words: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        loaded(tmp_path, words)
    loaded(tmp_path, words + "\nallow_loosening = true")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("[tier.low_write", "cannot be read"),
        ("[tier.gentle]\nmode = 'auto'", "tier.gentle"),
        ("[tier.low_write]\nmode = 'sometimes'", "tier.low_write.mode"),
        ("[tier.low_write]\nlane_seconds = 0", "lane_seconds"),
        ("[tier.low_write]\nlane_seconds = 'long'", "lane_seconds"),
        ("[tier.low_write]\ndecide = []", "decide"),
        ("[tier.low_write]\ndecide = ['boss']", "decide"),
        ("[tier.low_write]\ncolour = 'red'", "colour"),
        ("[tool.nobody]\nmode = 'auto'", "nobody"),
        ("[rules]\nx = 1", "rules"),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused_at_start_with_the_place(
    tmp_path: Path, words: str, named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named):
        loaded(tmp_path, words)


def test_a_policy_that_is_not_there_is_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_policy(tmp_path / "missing.toml", TOOLS)


def test_an_unknown_tier_is_blocked() -> None:
    class Odd(Acting):
        risk_tier, title, description = RiskTier.LOW_WRITE, "Odd", "Is odd."

    odd = Odd()
    odd.risk_tier = "unheard_of"  # type: ignore[assignment,misc]
    assert Policy().rules_for(odd, {}).mode == ApprovalMode.ALWAYS_BLOCK
