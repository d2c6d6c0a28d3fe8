"""The policy: modes and their precedence, tightening freely, loosening only in so many words."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.errors import ConfigurationError
from console.governance.policy import Policy
from console.governance.policy_file import lines_of, load_policy
from console.tools import ApprovalMode, RiskTier, Tool
from tests.tools import Acting, Adjust, Moody, Peek, Refund, Silent, Wipe

TOOLS: list[Tool] = [Peek(), Adjust(), Refund(), Wipe(), Moody(), Silent()]


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
        (
            "[tier.low_write]\napprovals = 3\n[tool.adjust]\napprovals = 2",
            "approvals in .tool.adjust., line 3",
        ),
        (
            "[tier.low_write]\nfour_eyes = true\n[tool.adjust]\nfour_eyes = false",
            "four_eyes in .tool.adjust.",
        ),
        (
            "[tier.low_write]\ndecide = ['admin']\n[tool.adjust]\ndecide = ['operator']",
            "decide in .tool.adjust.",
        ),
        (
            "[[tool.adjust]]\napprovals = 2\n[[tool.adjust]]\nwhen.field = 'amount'\nwhen.under = 5\nmode = 'auto'",
            "line 3",
        ),
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
        (
            "[tier.low_write]\napprovals = 0",
            r"line 2, tier\.low_write\.approvals: .*greater than or equal to 1",
        ),
        ("\n\n[tool.adjust]\n# two?\napprovals = -1", r"line 5, tool\.adjust\.approvals"),
        ("[tool.adjust]\napprovals = 11", "approvals"),
        ("[tool.adjust]\napprovals = true", "approvals"),
        ("[tool.adjust]\napprovals = '2'", "approvals"),
        ("[tool.adjust]\nfour_eyes = 'yes'", "four_eyes"),
        ("[tool.adjust]\nwhen = { over = 5 }", r"line 2, tool\.adjust\.when\.field"),
        ("[tool.adjust]\nwhen = { field = 'amount' }", r"line 2, .*says nothing of it"),
        ("[tool.adjust]\nwhen = { field = 'amount', over = 'x' }", r"when\.over: it has to be a number"),
        ("[tool.adjust]\nwhen = { field = 'amount', above = 5 }", r"when\.above"),
        (
            "[tool.adjust]\nwhen = { field = 'ammount', over = 5 }",
            r"line 1, .*no field ammount; its fields are",
        ),
        ("[tool.adjust]\nwhen = { field = 'does', over = 5 }", "does of adjust is no number"),
        ("[tool.adjust]\nwhen = { field = 'does', equals = 'rest' }", "can never be “rest”"),
        (
            "[tier.low_write]\nwhen = { field = 'ammount', over = 5 }",
            "ammount, which no tool of this tier has",
        ),
        (
            "[[tool.adjust]]\nmode = 'auto'\nallow_loosening = true\n\n[[tool.adjust]]\napprovals = 0",
            "line 6,",
        ),
        ("tool.adjust = []", "line 1, tool.adjust"),
        ("tool.adjust = 'auto'", "line 1, tool.adjust"),
        ("[tool.nobody]\nmode = 'auto'", "nobody"),
        ("[rules]\nx = 1", "rules"),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused_at_start_with_the_place(
    tmp_path: Path, words: str, named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named):
        loaded(tmp_path, words)


def test_a_section_may_be_written_several_times_each_for_some_inputs(tmp_path: Path) -> None:
    policy = loaded(
        tmp_path,
        """
        [[tool.adjust]]
        lane_seconds = 60
        [[tool.adjust]]
        when = { field = "amount", over = 200 }
        approvals = 2
        [[tool.adjust]]
        when = { field = "amount", over = 900 }
        approvals = 3
        decide = ["admin"]
        """,
    )
    small, large, huge, untold = (
        policy.rules_for(Adjust(), {"amount": amount}) for amount in (200, 201, 901, None)
    )
    assert (small.approvals, small.four_eyes, small.because, small.lane_seconds) == (1, False, (), 60)
    assert (large.approvals, large.four_eyes, large.because) == (2, True, ("Amount over 200",))
    assert (huge.approvals, huge.decide) == (3, ("admin",)) and len(huge.because) == 2
    assert untold.approvals == 3 and "cannot be told" in untold.because[0]


def test_a_condition_of_a_tier_counts_for_its_tools_that_have_no_such_field(tmp_path: Path) -> None:
    words = "[tier.low_write]\nwhen = { field = 'amount', over = 500 }\nfour_eyes = true"
    policy = loaded(tmp_path, words)
    assert policy.rules_for(Adjust(), {"amount": 5}).four_eyes is False
    assert policy.rules_for(Silent(), {}).four_eyes is True


def test_a_condition_may_loosen_if_it_says_so_and_never_where_it_cannot_be_told(tmp_path: Path) -> None:
    words = "[tool.refund]\nwhen = { field = 'amount', under = 20 }\nmode = 'auto'"
    with pytest.raises(ConfigurationError, match=r"mode in .tool.refund."):
        loaded(tmp_path, words)
    policy = loaded(tmp_path, words + "\nallow_loosening = true")
    modes = [policy.rules_for(Refund(), {"amount": amount}).mode for amount in (19, 20, "?", None)]
    assert modes == ["auto", "requires_approval", "requires_approval", "requires_approval"]


def test_conditions_that_together_leave_nobody_are_refused_at_start(tmp_path: Path) -> None:
    words = (
        "[[tool.adjust]]\nwhen = {field='amount', over=5}\ndecide = ['admin']\n"
        "[[tool.adjust]]\nwhen = {field='amount', over=9}\ndecide = ['operator']"
    )
    with pytest.raises(ConfigurationError, match="leaves nobody who may decide adjust"):
        loaded(tmp_path, words)


def test_each_rule_says_from_which_line_it_comes(tmp_path: Path) -> None:
    words = """# ours
[tier.low_write]
four_eyes = true   # always

[[tool.adjust]]
decide = [
    "admin",
]

[[tool.adjust]]
approvals = 2
when.field = "amount"
when.over = 200
"""
    found = loaded(tmp_path, words).in_force(Adjust(), {"amount": 201})
    assert {name: place and (place.name, place.lines[name]) for name, place in found.sources.items()} == {
        "mode": None,
        "lane_seconds": None,
        "execute_seconds": None,
        "four_eyes": ("tier.low_write", 3),
        "decide": ("tool.adjust", 6),
        "approvals": ("tool.adjust", 11),
    }
    assert [(place.line, holds) for place, holds in found.held] == [(10, True)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_found_however_it_is_written(end: str) -> None:
    words = [
        "[tool]",
        'adjust = { mode = "always_block" }',
        'peek = [{ mode = "requires_approval" },',
        "  { approvals = 2 }]",
        "",
        '[[tool."re.fund"]]',
        '[tool."re.fund".when]',
        "field = 'a'",
        '[[tool."re.fund"]] # again',
        "when.field = 'b'",
    ]
    found = lines_of(end.join(words))
    expected = {
        ("tool", "adjust", 0, "mode"): 2,
        ("tool", "peek", 1, "approvals"): 3,
        ("tool", "re.fund", 0): 6,
        ("tool", "re.fund", 0, "when", "field"): 8,
        ("tool", "re.fund", 1): 9,
        ("tool", "re.fund", 1, "when", "field"): 10,
    }
    assert {where: found[where] for where in expected} == expected


def test_a_form_can_say_what_an_input_may_meet(tmp_path: Path) -> None:
    words = (
        "[[tool.adjust]]\nmode = 'always_block'\n"
        "[[tool.adjust]]\nwhen = {field='amount', under=5}\nmode = 'requires_approval'\nallow_loosening = true"
    )
    outlook = loaded(tmp_path, words).outlook(Adjust())
    assert outlook.rules.mode == "requires_approval" and outlook.varies
    assert not Policy().outlook(Adjust()).varies


def test_a_policy_that_is_not_there_is_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_policy(tmp_path / "missing.toml", TOOLS)


def test_an_unknown_tier_is_blocked() -> None:
    class Odd(Acting):
        risk_tier, title, description = RiskTier.LOW_WRITE, "Odd", "Is odd."

    odd = Odd()
    odd.risk_tier = "unheard_of"  # type: ignore[assignment,misc]
    assert Policy().rules_for(odd, {}).mode == ApprovalMode.ALWAYS_BLOCK
