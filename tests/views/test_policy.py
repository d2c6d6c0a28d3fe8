"""The policy as admins see it: what is in force, where it comes from, and what it would decide for an example."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from console.db import db
from console.governance.policy import Policy
from console.governance.policy_file import load_policy
from console.models import ToolActionEvent, ToolApproval, ToolProposal
from console.tools import RiskTier
from tests.desk import Desk
from tests.tools import Acting
from tests.views.conftest import As
from tests.views.forms import HTMX, Page, read, send
from tests.views.test_session import token

WORDS = """
[tier.low_write]
four_eyes = true

[[tool.adjust]]
lane_seconds = 3600

[[tool.adjust]]
when = { field = "amount", over = 200 }
approvals = 2
"""


@pytest.fixture
def ours(desk: Desk, app: Flask, tmp_path: Path) -> Policy:
    """A policy of our own, in force."""
    file = tmp_path / "ours.toml"
    file.write_text(WORDS)
    policy = load_policy(file, list(desk.tools))
    desk.rule(policy)
    return policy


def words(page: Page) -> str:
    return " ".join(page.text.split())


def test_without_a_file_the_page_says_that_the_built_in_table_is_in_force(as_: As, desk: Desk) -> None:
    page = words(read(as_("ada"), "/admin/policy"))
    assert "the built-in table is in force" in page
    assert "Refund" in page and "High risk" in page and "line" not in page.replace("Skip", "")


def test_each_action_is_there_with_its_rules_and_the_lines_they_come_from(as_: As, ours: Policy) -> None:
    page = words(read(as_("ada"), "/admin/policy"))
    assert "ours.toml" in page
    adjust = page.split("Adjustment", 1)[1].split("Ping", 1)[0]
    assert "Yes line 3" in adjust and "1 h line 6" in adjust and "Operators or admins" in adjust
    assert "If Amount over 200, 2 approvals line 8" in adjust


def test_the_gravest_come_first(as_: As, desk: Desk) -> None:
    page = words(read(as_("ada"), "/admin/policy"))
    assert page.index("Wipe") < page.index("Refund") < page.index("Adjustment") < page.index("Peek")


def test_one_action_has_a_page_with_its_conditions_and_a_form_made_from_its_input(
    as_: As, ours: Policy
) -> None:
    page = read(as_("ada"), "/admin/policy?tool_ref=adjust")
    assert "line 3, [tier.low_write]" in page.text and "built in" in page.text
    assert page.form("/admin/policy", tool_ref="adjust").values.keys() >= {"amount", "does", "csrf_token"}


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("amount", "verdict", "told"),
    [
        (
            "201",
            "It would wait for 2 different people, none of them the one who asked.",
            "holds, so 2 approvals",
        ),
        ("200", "It would wait for one approval, by someone other than the one who asked.", "does not hold"),
    ],
)
def test_an_example_is_told_what_the_policy_would_decide_and_nothing_is_written(
    as_: As, ours: Policy, headers: dict[str, str], amount: str, verdict: str, told: str
) -> None:
    ada = as_("ada")
    form = read(ada, "/admin/policy?tool_ref=adjust").form("/admin/policy", tool_ref="adjust")
    answer = send(ada, form, htmx=bool(headers), amount=amount)
    assert answer.status_code == 200 and verdict in answer.text and told in answer.text
    assert f'value="{amount}"' in answer.text, "what was typed stays"
    assert answer.text.lstrip().startswith("<section" if headers else "<!doctype")
    for table in (ToolProposal, ToolApproval, ToolActionEvent):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_a_condition_that_cannot_be_told_is_named_as_such(as_: As, desk: Desk) -> None:
    desk.rule(
        Policy.model_validate(
            {"tier": {"low_write": {"when": {"field": "weight", "over": 5}, "approvals": 3}}}
        )
    )
    ada = as_("ada")
    form = read(ada, "/admin/policy?tool_ref=adjust").form("/admin/policy", tool_ref="adjust")
    answer = send(ada, form, amount="1")
    assert "cannot be told, so the stricter counts: 3 approvals" in answer.text
    assert "It would wait for 3 different people" in answer.text


@pytest.mark.parametrize("htmx", [True, False])
def test_an_input_that_the_action_refuses_is_told_at_its_field(as_: As, ours: Policy, htmx: bool) -> None:
    ada = as_("ada")
    form = read(ada, "/admin/policy?tool_ref=adjust").form("/admin/policy", tool_ref="adjust")
    answer = send(ada, form, htmx=htmx, amount="0")
    assert answer.status_code == 422 and "greater than or equal to 1" in answer.text
    assert 'aria-invalid="true"' in answer.text and "It would" not in answer.text


def test_reads_run_by_themselves_and_what_destroys_never_does(as_: As, desk: Desk) -> None:
    ada = as_("ada")
    for tool_ref, verdict in (
        ("peek", "run by itself"),
        ("wipe", "be blocked"),
        ("moody", "whoever asked may"),
    ):
        form = read(ada, f"/admin/policy?tool_ref={tool_ref}").form("/admin/policy", tool_ref=tool_ref)
        assert verdict in send(ada, form).text


def test_a_tool_without_input_can_be_tried_too(as_: As, desk: Desk) -> None:
    class Plain(Acting):
        risk_tier, title, description = RiskTier.LOW_WRITE, "Plain", "Takes nothing."
        Input = type(desk.tools.get("silent")).Input  # type: ignore[assignment]

    desk.offer(Plain())
    ada = as_("ada")
    page = read(ada, "/admin/policy?tool_ref=plain")
    assert "It takes no input." in page.text
    assert "one approval" in send(ada, page.form("/admin/policy", tool_ref="plain")).text


def test_an_unknown_action_is_not_found(as_: As, desk: Desk) -> None:
    ada = as_("ada")
    assert ada.get("/admin/policy?tool_ref=nothing").status_code == 404
    form = read(ada, "/admin/policy?tool_ref=adjust").form("/admin/policy", tool_ref="adjust")
    assert send(ada, form, tool_ref="nothing").status_code == 404


def test_only_admins_see_it(as_: As, ours: Policy) -> None:
    ben, ada = as_("ben"), as_("ada")
    assert ben.get("/admin/policy").status_code == 403
    assert ben.get("/admin/policy?tool_ref=adjust").status_code == 403
    form = read(ada, "/admin/policy?tool_ref=adjust").form("/admin/policy", tool_ref="adjust")
    form.values["csrf_token"] = token(ben)
    assert send(ben, form, amount="5").status_code == 403
    assert "Policy" not in read(ben, "/inbox").text and 'href="/admin"' in ada.get("/inbox").text


def test_the_pages_ask_the_database_for_nothing_of_their_own(
    as_: As, ours: Policy, statements: list[str]
) -> None:
    ada = as_("ada")
    statements.clear()
    ada.get("/admin/policy")
    assert len(statements) <= 1, statements
