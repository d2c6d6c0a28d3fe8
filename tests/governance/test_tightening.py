"""What became stricter between the approval and the run stops it; what became looser changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from console import governance
from console.governance import approve, execution
from console.governance.policy import Policy
from console.models import ToolApproval
from jobs import actions
from tests.desk import Desk

BOTH = pytest.mark.parametrize("step", ["resume", "start"])


def rule(desk: Desk, *sections: dict[str, Any]) -> None:
    desk.rule(Policy.model_validate({"tool": {"adjust": sections}}))


def approved(desk: Desk, step: str, *people: str, **params: Any) -> ToolApproval:
    """A lane that these people approved, before its re-validation or after."""
    lane = desk.pending(**params)
    for person in people:
        lane = approve(lane.id, person, enqueue=desk.enqueued)
    if step == "start":
        execution.resume(lane.id, enqueue=desk.enqueued)
    return lane


def go_on(desk: Desk, lane: ToolApproval, step: str) -> ToolApproval:
    if step == "resume":
        execution.resume(lane.id, enqueue=desk.enqueued)
    else:
        actions.execute(lane.id)
    return desk.fresh(lane)


TIGHTER: dict[str, tuple[list[dict[str, Any]], str]] = {
    "more people": ([{"approvals": 2}], "became stricter .* 1 of 2 approvals that it takes counts"),
    "more people for this input": (
        [{}, {"when": {"field": "amount", "over": 4}, "approvals": 3}],
        "1 of 3 approvals",
    ),
    "blocked for this input": (
        [{"when": {"field": "amount", "over": 4}, "mode": "always_block"}],
        "stricter",
    ),
    "blocked where it cannot be told": (
        [{"when": {"field": "weight", "over": 4}, "mode": "always_block"}],
        "stricter",
    ),
    "other roles for this input": (
        [{"when": {"field": "does", "in": ["work"]}, "decide": ["admin"]}],
        "Ben Weiss, who approved this, may no longer decide",
    ),
}


@BOTH
@pytest.mark.parametrize("name", TIGHTER)
def test_a_policy_that_became_stricter_ends_the_lane_with_a_sentence(
    desk: Desk, name: str, step: str
) -> None:
    lane = approved(desk, step, desk.ben, amount=5)
    sections, words = TIGHTER[name]
    rule(desk, *sections)
    lane = go_on(desk, lane, step)
    assert lane.status == "invalidated"
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert event.event_type == "revalidation_failed" and event.reason == lane.last_error
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(event.reason)
    assert (event.reason or "").endswith("Nothing was run.")


@BOTH
def test_a_condition_that_does_not_hold_for_the_input_stops_nothing(desk: Desk, step: str) -> None:
    lane = approved(desk, step, desk.ben, amount=5)
    rule(desk, {"when": {"field": "amount", "over": 5}, "mode": "always_block", "approvals": 3})
    assert go_on(desk, lane, step).status == ("execution_pending" if step == "resume" else "executed")


LOSSES = {
    "deactivated": ("UPDATE operators SET active = false WHERE id = 2", "Ben Weiss, is no longer active"),
    "deleted": ("DELETE FROM operators WHERE id = 2", "is no longer active"),
}


@BOTH
@pytest.mark.parametrize("name", LOSSES)
def test_an_approval_lost_since_the_last_one_leaves_too_few(desk: Desk, name: str, step: str) -> None:
    rule(desk, {"approvals": 2})
    lane = approved(desk, step, desk.ben, desk.ada)
    statement, words = LOSSES[name]
    desk.tamper(statement)
    lane = go_on(desk, lane, step)
    assert lane.status == "invalidated"
    assert words in (lane.last_error or "") and "1 of 2 approvals" in (lane.last_error or "")


@BOTH
def test_a_voter_who_lost_the_role_leaves_too_few(desk: Desk, step: str) -> None:
    rule(desk, {"approvals": 2, "decide": ["admin"]})
    desk.tamper("UPDATE operators SET role = 'admin'")
    lane = approved(desk, step, desk.ben, desk.ada)
    desk.tamper("UPDATE operators SET role = 'operator' WHERE id = 2")
    lane = go_on(desk, lane, step)
    assert lane.status == "invalidated" and "Ben Weiss, who approved this" in (lane.last_error or "")


@BOTH
def test_a_role_lost_since_the_approval_counts_by_the_rules_of_then(desk: Desk, step: str) -> None:
    """Today's policy would let Ben decide; the lane was opened under one that did not."""
    rule(desk, {"decide": ["admin"]})
    lane = approved(desk, step, desk.ada)
    rule(desk, {})
    desk.tamper("UPDATE operators SET role = 'operator' WHERE id = 1")
    lane = go_on(desk, lane, step)
    assert lane.status == "invalidated" and "Ada Okafor" in (lane.last_error or "")


@BOTH
def test_a_policy_that_became_looser_changes_nothing(desk: Desk, step: str) -> None:
    rule(desk, {"approvals": 2})
    lane = approved(desk, step, desk.ben, desk.ada)
    rule(desk, {})
    assert go_on(desk, lane, step).status == ("execution_pending" if step == "resume" else "executed")


def test_a_card_says_before_anyone_decides_that_the_policy_blocks_this_input_now(desk: Desk) -> None:
    lane = desk.pending(amount=5)
    assert governance.would_fail(lane) is None
    rule(desk, {"when": {"field": "amount", "over": 4}, "mode": "always_block"})
    assert "stricter" in (governance.would_fail(desk.fresh(lane)) or "")
