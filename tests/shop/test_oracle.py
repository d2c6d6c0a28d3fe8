"""The 74 published tasks: proposed by an agent, approved by an operator, run by a worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from console import governance
from console.db import db
from console.governance import ToolContext
from console.models import LaneStatus, ProposalStatus, ToolApproval
from console.shop import state
from jobs import actions
from tests.conftest import Cast, Enqueued
from tests.shop import oracle

pytestmark = oracle.beside_the_data


@pytest.fixture(scope="module")
def published(migrated: Flask) -> None:
    oracle.keep_untouched(migrated)


@pytest.fixture
def published_shop(published: None, app: Flask) -> Iterator[None]:
    oracle.bring_back()
    yield
    db.session.rollback()


def decided_and_run(
    cast: Cast, enqueued: Enqueued, place: int, ref: str, given: dict[str, Any]
) -> ToolApproval:
    """One call on its whole way: Iris proposes, Ben approves where a person is asked, a worker runs it."""
    context = ToolContext(
        tool_params=given,
        scopes=tuple(cast.iris.scopes),
        conversation_id=cast.conversation.id,
        idempotency_token=f"step {place}",
    )
    submission = governance.submit(ref, cast.iris.actor_id, context, enqueue=enqueued)
    lane = submission.lane
    assert lane is not None, submission.blocked
    if lane.status == LaneStatus.PENDING:
        governance.approve(lane.id, cast.ben.actor_id, version=lane.version, enqueue=enqueued)
        actions.resume(lane.id)
    actions.execute(lane.id)
    ended = governance.get_latest_approval(lane.tool_proposal_id)
    assert ended is not None
    return ended


@pytest.mark.parametrize("task", oracle.tasks(), ids=lambda task: task.name)
def test_a_task_ends_in_the_published_state(
    published_shop: None, cast: Cast, enqueued: Enqueued, task: oracle.Task
) -> None:
    for place, (ref, given) in enumerate(task.calls):
        before = state.export(db.session()) if place in task.refusals else None
        lane = decided_and_run(cast, enqueued, place, ref, given)
        if before is not None:
            assert state.export(db.session()) == before, "a refusal changes nothing"
            assert (lane.status, lane.attempt) == (LaneStatus.EXECUTION_FAILED, 1), "refused for good"
            assert lane.last_error is not None and lane.last_error.startswith(task.refusals[place])
        else:
            assert lane.status == LaneStatus.EXECUTED, lane.last_error
            assert lane.proposal.status == ProposalStatus.SUCCEEDED and lane.proposal.result_summary
    assert state.state_hash(state.export(db.session())) == task.state_hash


def test_the_untouched_shop_has_the_published_hash(published_shop: None) -> None:
    assert state.state_hash(state.export(db.session())) == oracle.UNTOUCHED
