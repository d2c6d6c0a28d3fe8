"""A worker died inside a run: what may happen next depends on what a second run would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text

from console.db import db
from console.governance import execution
from console.models import ToolApproval
from console.tools import RiskTier, RunContext
from jobs import actions
from tests.conftest import Clock
from tests.desk import Desk
from tests.governance.test_execution import written
from tests.governance.test_run_keys import Watching
from tests.tools import Acting


def died(desk: Desk, tool_ref: str) -> ToolApproval:
    """A lane whose worker is gone after the start was committed."""
    lane = desk.to_run(tool_ref)
    assert execution.start(lane.id) is not None
    return desk.fresh(lane)


def test_an_unsafe_tool_is_not_run_again_and_its_result_is_unknown(desk: Desk) -> None:
    lane = died(desk, "launch")
    for _ in range(2):
        actions.execute(lane.id)
    lane = desk.fresh(lane)
    assert (lane.status, lane.proposal.status, lane.attempt_open) == ("execution_failed", "unknown", False)
    assert "Look there before you ask again." in (lane.last_error or "") and written() == 0
    assert desk.events(lane).count("execution_failed") == 1


@pytest.mark.parametrize("tool_ref", ["adjust", "ping"])
def test_what_may_be_repeated_is_replayed_as_the_same_attempt(desk: Desk, tool_ref: str) -> None:
    lane = died(desk, tool_ref)
    actions.execute(lane.id)
    lane = desk.fresh(lane)
    assert (lane.status, lane.attempt, lane.starts) == ("executed", 1, 2) and written() == 1


def test_a_replayed_attempt_sees_the_same_keys(desk: Desk) -> None:
    desk.offer(watching := Watching())
    watching.seen.append(("", None))  # type: ignore[arg-type]
    lane = desk.to_run("adjust")
    first = execution.start(lane.id)
    actions.execute(lane.id)
    assert first is not None
    again = watching.seen[-1][1]
    assert (again.run_key, again.effect_key) == (first.context.run_key, first.context.effect_key)


def test_a_tool_that_takes_its_worker_down_each_time_is_given_up(desk: Desk) -> None:
    lane = desk.to_run("adjust")
    for _ in range(execution.MAX_STARTS):
        assert execution.start(lane.id) is not None
    assert execution.start(lane.id) is None
    lane = desk.fresh(lane)
    assert (lane.status, lane.proposal.status) == ("execution_failed", "failed")


def test_given_up_on_another_system_is_unknown(desk: Desk) -> None:
    lane = desk.to_run("ping")
    for _ in range(execution.MAX_STARTS):
        assert execution.start(lane.id) is not None
    assert execution.start(lane.id) is None
    assert desk.fresh(lane).proposal.status == "unknown"


@pytest.mark.parametrize(
    ("tool_ref", "status", "result"),
    [("adjust", "invalidated", "proposed"), ("ping", "execution_failed", "unknown")],
)
@pytest.mark.parametrize("cause", ["too late", "token off"])
def test_one_that_may_not_go_on_says_nothing_was_run_only_if_that_is_so(
    desk: Desk, clock: Clock, tool_ref: str, status: str, result: str, cause: str
) -> None:
    lane = died(desk, tool_ref)
    if cause == "too late":
        clock.advance(days=3)
    else:
        desk.tamper("UPDATE api_tokens SET active = false")
    actions.execute(lane.id)
    lane = desk.fresh(lane)
    assert (lane.status, lane.proposal.status) == (status, result)
    assert "Nothing was run" not in (lane.last_error or "")


def test_a_tool_that_is_gone_is_taken_for_an_unsafe_one(desk: Desk) -> None:
    lane = died(desk, "adjust")
    del desk.tools._tools["adjust"]
    actions.execute(lane.id)
    assert desk.fresh(lane).proposal.status == "unknown"


def test_an_unsafe_tool_that_came_back_but_could_not_be_recorded_is_not_run_again(desk: Desk) -> None:
    runs: list[str] = []

    class Launch(Acting):
        risk_tier, title, description = RiskTier.LOW_WRITE, "Launch", "Loses its connection."

        def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
            runs.append(context.run_key)
            context.session.execute(text("SELECT 1"))
            _cut_off(context)
            return {}

    lane = desk.to_run("launch")
    desk.offer(Launch())
    actions.execute(lane.id)
    lane = desk.fresh(lane)
    assert (lane.status, lane.proposal.status) == ("execution_failed", "unknown")
    assert len(runs) == 1 and "its outcome was lost" in (lane.last_error or "")


def test_a_connection_lost_in_a_run_loses_its_writes_and_the_attempt_is_tried_again(
    desk: Desk, clock: Clock
) -> None:
    class Adjust(Acting):
        risk_tier, title, description, effects = RiskTier.LOW_WRITE, "Adjust", "Cut off.", "transactional"

        def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
            done = super().run(input, actor_id, context)
            if context.attempt == 1:
                _cut_off(context)
            return done

    lane = desk.to_run("adjust")
    desk.offer(Adjust())
    actions.execute(lane.id)
    assert written() == 0 and desk.fresh(lane).status == "execution_pending"
    clock.advance(seconds=5)
    actions.execute(lane.id)
    assert written() == 1 and desk.fresh(lane).status == "executed"


def test_a_worker_that_lost_its_lane_to_another_cannot_record_anything(desk: Desk) -> None:
    lane = desk.to_run("adjust")
    lost, current = execution.start(lane.id), execution.start(lane.id)
    assert lost is not None and current is not None
    execution.fail(lost, RuntimeError(), enqueue=desk.enqueued)
    assert desk.fresh(lane).attempt_open
    actions.attempt(lost)
    assert desk.fresh(lane).attempt_open and written() == 0
    actions.attempt(current)
    assert desk.fresh(lane).status == "executed" and written() == 1
    execution.fail(current, RuntimeError())
    assert desk.fresh(lane).status == "executed"


def _cut_off(context: RunContext) -> None:
    """End the run's own connection from outside."""
    pid = context.session.scalar(text("SELECT pg_backend_pid()"))
    with db.engine.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 2000)"), {"pid": pid})
