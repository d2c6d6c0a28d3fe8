"""An attempt: started, run under the lane's lock, and recorded in one of its three ways."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from console import governance
from console.db import db, transaction
from console.governance import NotExecutionPending, NotFound, execution
from console.models import Customer, ToolApproval
from console.tools import RiskTier, RunContext, ToolContext
from jobs import actions
from tests.conftest import Clock
from tests.desk import Desk, Ears, wait_until
from tests.tools import Acting


def written() -> int:
    """How many rows the tools of these tests have written: customers other than Riya."""
    return len(db.session.scalars(select(Customer.id).where(Customer.ref.is_not(None))).all())


def nobody_holds_a_lane() -> bool:
    db.session.rollback()
    return db.session.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) == 0


def test_a_run_is_recorded_as_executed_with_its_summary(desk: Desk, ears: Ears) -> None:
    lane = desk.to_run("refund", amount=5)
    ears.heard()
    actions.execute(lane.id)
    lane = desk.fresh(lane)
    assert (lane.status, lane.attempt, lane.attempt_open, lane.decided_by) == (
        "executed",
        1,
        False,
        "operator:2",
    )
    assert (lane.proposal.status, lane.proposal.result_summary) == ("succeeded", "Did 5.")
    assert desk.events(lane)[-2:] == ["execution_started", "execution_succeeded"]
    assert governance.list_events(lane.tool_proposal_id)[-1].actor_id == "system"
    assert ears.heard().count("lanes") == 2 and written() == 1


def test_secrets_in_a_result_are_dots(desk: Desk) -> None:
    lane = desk.to_run("refund", amount=5)
    actions.execute(lane.id)
    assert desk.fresh(lane).proposal.result == {"amount": 5, "api_token": "••••••••"}


def test_the_start_is_committed_and_announced_before_the_tool_runs(desk: Desk, ears: Ears) -> None:
    heard: list[str] = []

    class Adjust(Acting):
        risk_tier, title, description, effects = (
            RiskTier.LOW_WRITE,
            "Adjust",
            "Looks around.",
            "transactional",
        )

        def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
            heard.extend(ears.heard())
            with db.engine.connect() as other:
                heard.append(other.scalar(text("SELECT attempt_open::text FROM tool_approvals")) or "")
            return {}

    lane = desk.to_run("adjust")
    ears.heard()
    desk.offer(Adjust())
    actions.execute(lane.id)
    assert heard[0] == "inbox" and heard[-1] == "true"
    assert desk.fresh(lane).proposal.result_summary == "Adjustment of 1: done."


def test_running_a_job_twice_changes_nothing(desk: Desk) -> None:
    lane = desk.to_run("adjust")
    for _ in range(3):
        actions.execute(lane.id)
    assert written() == 1 and desk.events(lane).count("execution_started") == 1


@pytest.mark.parametrize("state", ["pending", "approved"])
def test_what_does_not_wait_to_run_is_left_alone(desk: Desk, state: str) -> None:
    lane = getattr(desk, state)()
    actions.execute(lane.id)
    assert desk.fresh(lane).status == lane.status and written() == 0


@pytest.mark.parametrize(
    ("does", "words"),
    [
        ("fail", "The shop did not answer."),
        ("crash", "(ZeroDivisionError)"),
        ("hang", "(ToolTimeout)"),
        ("commit", "(RuntimeError)"),
    ],
)
def test_a_failed_attempt_writes_nothing_and_is_tried_again_later(
    desk: Desk, clock: Clock, does: str, words: str
) -> None:
    lane = desk.to_run("adjust", does=does)
    actions.execute(lane.id)
    lane = desk.fresh(lane)
    assert (lane.status, lane.attempt, lane.attempt_open) == ("execution_pending", 1, False)
    assert lane.retry_at == clock.moment + timedelta(seconds=2)
    assert words in (lane.last_error or "") and "secret" not in (lane.last_error or "")
    assert written() == 0 and desk.events(lane)[-1] == "execution_attempt_failed"


def test_three_attempts_with_growing_pauses_and_then_it_is_over(desk: Desk, clock: Clock) -> None:
    lane = desk.to_run("adjust", does="fail")
    pauses = []
    for _ in range(3):
        actions.execute(lane.id)
        lane = desk.fresh(lane)
        if lane.retry_at is not None:
            pauses.append((lane.retry_at - clock.moment).seconds)
            clock.moment = lane.retry_at - timedelta(milliseconds=1)
            actions.execute(lane.id)
            assert desk.fresh(lane).attempt == lane.attempt, "a job that comes too early waits for its time"
            clock.moment = lane.retry_at
    assert pauses == [2, 10] and (lane.status, lane.attempt) == ("execution_failed", 3)
    assert lane.proposal.status == "failed" and lane.proposal.reason == "The shop did not answer."
    assert desk.events(lane).count("execution_started") == 3 and desk.events(lane)[-1] == "execution_failed"
    actions.execute(lane.id)
    assert desk.fresh(lane).attempt == 3


def test_a_refusal_for_good_is_not_tried_again(desk: Desk) -> None:
    lane = desk.to_run("adjust", does="refuse")
    actions.execute(lane.id)
    lane = desk.fresh(lane)
    assert (lane.status, lane.attempt, lane.retry_at) == ("execution_failed", 1, None)
    assert lane.last_error == "The shop says no." and written() == 0


def test_a_tool_that_leaves_the_process_is_a_failed_attempt(desk: Desk) -> None:
    class Adjust(Acting):
        risk_tier, title, description = RiskTier.LOW_WRITE, "Adjust", "Leaves."

        def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
            raise SystemExit(1)

    lane = desk.to_run("adjust")
    desk.offer(Adjust())
    actions.execute(lane.id)
    assert "(SystemExit)" in (desk.fresh(lane).last_error or "")


def test_a_tool_that_hangs_in_the_database_is_stopped_too(desk: Desk) -> None:
    class Adjust(Acting):
        risk_tier, title, description, effects = RiskTier.LOW_WRITE, "Adjust", "Waits.", "transactional"
        timeout_seconds = 1

        def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
            context.session.execute(text("SELECT pg_sleep(20)"))
            return {}

    lane = desk.to_run("adjust")
    desk.offer(Adjust())
    actions.execute(lane.id)
    lane = desk.fresh(lane)
    assert lane.status == "execution_pending" and "(ToolTimeout)" in (lane.last_error or "")
    assert wait_until(nobody_holds_a_lane), "the server did not let go of a lane whose worker hung up"


@pytest.mark.parametrize("result", [None, [], "done", 7, {"nan": float("nan"), "deep": {"a": {1, 2}}}])
def test_any_answer_of_a_tool_that_came_back_is_a_success(desk: Desk, result: Any) -> None:
    class Launch(Acting):
        risk_tier, title, description = RiskTier.LOW_WRITE, "Launch", "Answers oddly."

        def run(self, input: Any, actor_id: str, context: RunContext) -> Any:
            return result

    lane = desk.to_run("launch")
    desk.offer(Launch())
    actions.execute(lane.id)
    assert desk.fresh(lane).status == "executed", desk.fresh(lane).last_error


def test_a_tool_may_use_a_savepoint_of_its_own(desk: Desk) -> None:
    class Adjust(Acting):
        risk_tier, title, description, effects = RiskTier.LOW_WRITE, "Adjust", "Tries.", "transactional"

        def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
            with transaction(), context.session.begin_nested():
                context.session.add(Customer(name="Kept", ref=context.run_key))
            with pytest.raises(ZeroDivisionError), context.session.begin_nested():
                context.session.add(Customer(name="Dropped", ref="x"))
                raise ZeroDivisionError
            return {}

    lane = desk.to_run("adjust")
    desk.offer(Adjust())
    actions.execute(lane.id)
    assert desk.fresh(lane).status == "executed" and written() == 1


def test_after_the_time_to_run_nothing_starts(desk: Desk, clock: Clock) -> None:
    lane = desk.to_run("adjust")
    clock.advance(days=2, seconds=1)
    actions.execute(lane.id)
    lane = desk.fresh(lane)
    assert (
        lane.status == "invalidated" and lane.last_error == "The deadline to run has passed. Nothing was run."
    )


def test_between_two_attempts_the_lane_is_looked_at_again(desk: Desk, clock: Clock) -> None:
    lane = desk.to_run("refund", does="fail")
    actions.execute(lane.id)
    desk.tamper("UPDATE api_tokens SET scopes = '{}'")
    clock.advance(seconds=5)
    actions.execute(lane.id)
    lane = desk.fresh(lane)
    assert lane.status == "invalidated" and (lane.last_error or "").endswith("It was not tried again.")


def test_a_second_worker_goes_away_quietly(desk: Desk) -> None:
    lane = desk.to_run("adjust")
    with db.engine.connect() as other:
        other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": execution.lock_key(lane.id)})
        actions.execute(lane.id)
        assert desk.fresh(lane).attempt == 0
        other.execute(text("SELECT pg_advisory_unlock_all()"))
    actions.execute(lane.id)
    assert desk.fresh(lane).status == "executed"


def test_a_lock_is_given_back_however_the_run_ends(desk: Desk) -> None:
    for does in ("work", "fail", "refuse", "crash", "commit"):
        lane = desk.to_run("adjust", does=does)
        actions.execute(lane.id)
    assert nobody_holds_a_lane()


def test_execute_approved_records_and_then_enqueues(desk: Desk, ears: Ears) -> None:
    lane = desk.to_run("adjust")
    ears.heard()
    governance.execute_approved(lane.id, enqueue=desk.enqueued)
    assert desk.events(lane)[-1] == "execution_enqueued" and desk.enqueued.names[-1] == "execute"
    assert "lanes" in ears.heard()


@pytest.mark.parametrize("state", ["pending", "approved"])
def test_execute_approved_refuses_any_other_state(desk: Desk, state: str) -> None:
    lane = getattr(desk, state)()
    with pytest.raises(NotExecutionPending) as refusal:
        governance.execute_approved(lane.id, enqueue=desk.enqueued)
    assert refusal.value.code == "not_execution_pending"


def test_execute_approved_refuses_what_does_not_exist(desk: Desk) -> None:
    with pytest.raises(NotFound):
        governance.execute_approved(999)


def test_the_reference_tool_answers_a_replay_with_its_own_row(desk: Desk) -> None:
    tool = desk.tools.get("internal_note")
    assert tool is not None
    context = RunContext(
        conversation_id=desk.conversation_id, run_key="k", effect_key="e", attempt=1, session=db.session()
    )
    note = tool.Input.model_validate({"body": "Call her."})
    first, second = (tool.run(note, "agent:iris", context) for _ in range(2))
    assert (first["idempotent"], second["idempotent"]) == (False, True)
    assert first["message_id"] == second["message_id"]
    assert tool.authorize("agent:iris", ToolContext()) != True  # noqa: E712 - a sentence is no yes


def test_a_lane_that_is_refreshed_by_its_run_is_a_stale_view(desk: Desk) -> None:
    lane = desk.to_run("adjust", does="fail")
    shown = lane.version
    actions.execute(lane.id)
    assert db.session.get(ToolApproval, lane.id, populate_existing=True).version > shown  # type: ignore[union-attr]


def test_what_came_back_and_could_not_be_recorded_three_times_is_not_called_a_failure(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    def lost(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(execution, "succeed", lost)
    lane = desk.to_run("ping")
    for _ in range(3):
        run = execution.start(lane.id)
        assert run is not None
        actions.attempt(run, enqueue=desk.enqueued)
        clock.advance(minutes=1)
    assert desk.fresh(lane).proposal.status == "unknown"
