"""Looking again after the approval: with what is granted, offered and ruled now."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from console import conversations, governance
from console.db import transaction
from console.governance import NotFound, execution
from console.governance.policy import Policy
from console.models import ToolApproval
from console.tools import RiskTier, RunContext
from jobs import actions
from tests.conftest import Clock
from tests.desk import Desk, Ears
from tests.tools import Acting

Change = Callable[[Desk], None]


def test_what_still_holds_goes_on_to_its_run(desk: Desk, ears: Ears) -> None:
    lane = desk.approved()
    ears.heard()
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "execution_pending" and desk.fresh(lane).decided_by == "operator:2"
    assert desk.events(lane)[-1] == "revalidation_passed"
    assert desk.enqueued.jobs[-1][:2] == ("jobs.actions.execute", lane.id)
    assert "lanes" in ears.heard()


def test_a_rolled_back_resume_sends_and_says_nothing(desk: Desk, ears: Ears) -> None:
    lane = desk.approved()
    ears.heard()
    with pytest.raises(ZeroDivisionError), transaction():
        execution.resume(lane.id, enqueue=desk.enqueued)
        raise ZeroDivisionError
    assert ears.heard() == [] and desk.fresh(lane).status == "approved"
    assert "execute" not in desk.enqueued.names


def test_resuming_twice_changes_nothing(desk: Desk) -> None:
    lane = desk.to_run()
    before = desk.events(lane)
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.events(lane) == before and desk.enqueued.names.count("execute") == 1


def test_what_was_not_approved_is_left_alone(desk: Desk) -> None:
    lane = desk.pending()
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "pending"


def test_a_lane_that_does_not_exist_is_not_found_and_the_job_ends_quietly(desk: Desk) -> None:
    with pytest.raises(NotFound):
        execution.resume(999)
    actions.resume(999)
    actions.execute(999)


def test_after_the_time_to_run_the_lane_expires(desk: Desk, clock: Clock) -> None:
    lane = desk.approved()
    clock.advance(days=2, seconds=1)
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "expired" and "execute" not in desk.enqueued.names


def test_after_the_deadline_to_decide_an_approval_of_the_last_minute_still_runs(
    desk: Desk, clock: Clock
) -> None:
    lane = desk.pending()
    clock.advance(days=2, seconds=-5)
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    clock.advance(minutes=14)
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "execution_pending"


class Refund(Acting):
    """The same ref, with an input that reads otherwise than when it was asked."""

    risk_tier, title, description = RiskTier.HIGH_WRITE, "Refund", "Pays money back."
    scopes = ("orders:refund",)

    class Input(BaseModel):
        does: str = "work"
        amount: int = 1
        currency: str = "EUR"


class Narrow(Acting):
    ref = "refund"
    risk_tier, title, description = RiskTier.HIGH_WRITE, "Refund", "Pays money back."

    class Input(BaseModel):
        order_id: str


class Closed(Acting):
    ref = "refund"
    risk_tier, title, description = RiskTier.HIGH_WRITE, "Refund", "Pays money back."

    def authorize(self, actor: str, context: object) -> str:
        return "Refunds are closed for the night."

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        raise AssertionError("It must not run.")


def policy(**section: Any) -> Change:
    return lambda desk: desk.rule(Policy.model_validate({"tool": {"refund": section}}))


def sql(statement: str) -> Change:
    return lambda desk: desk.tamper(statement)


def forget(desk: Desk) -> None:
    del desk.tools._tools["refund"]


CHANGES: dict[str, tuple[Change, str]] = {
    "scope revoked": (sql("UPDATE api_tokens SET scopes = '{}'"), "iris no longer holds .*orders:refund"),
    "token switched off": (sql("UPDATE api_tokens SET active = false"), "iris, is no longer active"),
    "token deleted": (sql("DELETE FROM api_tokens"), "iris, is no longer active"),
    "approver deactivated": (
        sql("UPDATE operators SET active = false WHERE id = 2"),
        "Ben Weiss, is no longer",
    ),
    "approver may not": (policy(decide=["admin"]), "Ben Weiss.* may no longer decide"),
    "policy blocks it now": (policy(mode="always_block"), "stricter"),
    "tool gone": (forget, "not offered any more"),
    "tool closed": (lambda desk: desk.offer(Closed()), "closed for the night"),
    "input reads otherwise": (lambda desk: desk.offer(Refund()), "differently"),
    "input not valid any more": (lambda desk: desk.offer(Narrow()), "another look"),
    "input changed": (sql("UPDATE tool_proposals SET input = input || '{\"amount\": 900}'"), "changed after"),
    "input emptied": (sql("UPDATE tool_proposals SET input = '{}'"), "changed after"),
    "digest changed": (sql("UPDATE tool_approvals SET digest = repeat('0', 64)"), "changed after"),
}


@pytest.mark.parametrize("step", ["resume", "start"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_since_the_approval_ends_the_lane_with_a_sentence(desk: Desk, name: str, step: str) -> None:
    lane = desk.approved("refund", amount=5) if step == "resume" else desk.to_run("refund", amount=5)
    change, words = CHANGES[name]
    change(desk)
    _go_on(desk, lane, step)
    lane = desk.fresh(lane)
    assert lane.status == "invalidated"
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert event.event_type == "revalidation_failed" and event.reason == lane.last_error
    assert re.search(words, event.reason or "")
    assert (event.reason or "").endswith("Nothing was run.") and "execution_started" not in desk.events(lane)


@pytest.mark.parametrize("step", ["resume", "start"])
def test_four_eyes_wanted_since_the_approval_count(desk: Desk, step: str) -> None:
    lane = desk.submit("adjust", desk.ben).lane
    assert lane is not None
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    if step == "start":
        execution.resume(lane.id, enqueue=desk.enqueued)
    desk.rule(Policy.model_validate({"tier": {"low_write": {"four_eyes": True}}}))
    _go_on(desk, lane, step)
    assert desk.fresh(lane).status == "invalidated" and "two different people" in (
        desk.fresh(lane).last_error or ""
    )


def test_an_operator_who_asked_and_was_deactivated_ends_the_lane(desk: Desk) -> None:
    lane = desk.submit("adjust", desk.cleo).lane
    assert lane is not None
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    desk.tamper("UPDATE operators SET active = false WHERE id = :id", id=desk.cast.cleo.id)
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "invalidated"


def test_a_policy_that_became_looser_changes_nothing(desk: Desk) -> None:
    lane = desk.approved("refund")
    desk.rule(Policy.model_validate({"tool": {"refund": {"four_eyes": False, "allow_loosening": True}}}))
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "execution_pending"


def test_an_automatic_read_is_looked_at_again_too(desk: Desk) -> None:
    lane = desk.submit("peek").lane
    assert lane is not None
    desk.rule(Policy.model_validate({"tier": {"read_only": {"mode": "requires_approval"}}}))
    assert execution.start(lane.id) is None
    assert desk.fresh(lane).status == "invalidated"


def _go_on(desk: Desk, lane: ToolApproval, step: str) -> None:
    if step == "resume":
        execution.resume(lane.id, enqueue=desk.enqueued)
    else:
        actions.execute(lane.id)


def test_what_was_resolved_before_it_was_decided_comes_to_nothing_and_the_card_says_so(
    desk: Desk, clock: Clock
) -> None:
    lane = desk.pending()
    clock.advance(minutes=1)
    conversations.resolve(desk.conversation_id, desk.ben)
    assert "resolved" in (governance.would_fail(desk.fresh(lane)) or "")
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "invalidated"


def test_resolving_right_after_the_decision_stops_nothing(desk: Desk, clock: Clock) -> None:
    lane = desk.approved()
    clock.advance(seconds=1)
    conversations.resolve(desk.conversation_id, desk.ben)
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "execution_pending"


def test_a_card_says_what_re_validation_would_say(desk: Desk) -> None:
    lane = desk.pending("adjust", amount=5)
    desk.tamper(
        "UPDATE tool_proposals SET input = jsonb_set(input, '{amount}', '9') WHERE id = :id",
        id=lane.tool_proposal_id,
    )
    assert "changed after this was asked" in (governance.would_fail(desk.fresh(lane)) or "")
