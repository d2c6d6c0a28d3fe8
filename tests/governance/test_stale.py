"""What an admin sees to: lanes that are overdue, old or stuck; ending some, and starting one again."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, text

from console import governance
from console.db import db
from console.governance import (
    NotAllowed,
    NotExecutionPending,
    NotFound,
    NotStuck,
    Stale,
    execution,
)
from console.models import AuditEvent, AuditType, ToolApproval
from jobs import actions
from tests.conftest import Clock
from tests.desk import Desk, Ears

DAY = timedelta(days=1)


def age(desk: Desk, lane: ToolApproval, *, opened: float, due: float) -> ToolApproval:
    """A lane that was opened `opened` hours ago and is due in `due` hours."""
    desk.tamper(
        "UPDATE tool_approvals SET created_at = now() - :o * interval '1 hour',"
        " expires_at = now() + :d * interval '1 hour' WHERE id = :id",
        o=opened,
        d=due,
        id=lane.id,
    )
    return lane


def found(**options: object) -> dict[str, list[int]]:
    listed = governance.list_stale(list(Stale), DAY, limit=50, **options)  # type: ignore[arg-type]
    return {str(kind): [row.lane.id for row in rows] for kind, rows in listed.items()}


def test_each_lane_is_in_the_one_list_that_says_most(desk: Desk) -> None:
    over = age(desk, desk.pending(), opened=48, due=-0.1)
    near = age(desk, desk.pending(), opened=47, due=0.5)
    old = age(desk, desk.pending(), opened=30, due=18)
    older = age(desk, desk.pending(), opened=40, due=30)
    age(desk, desk.pending(), opened=2, due=46)
    assert found() == {"overdue": [over.id], "near": [near.id], "old": [older.id, old.id], "stuck": []}
    counts = governance.count_stale(DAY)
    assert {str(kind): number for kind, number in counts.items()} == {
        "overdue": 1,
        "near": 1,
        "old": 2,
        "stuck": 0,
    }


def test_old_is_what_was_chosen(desk: Desk) -> None:
    lane = age(desk, desk.pending(), opened=5, due=40)
    assert governance.count_stale(timedelta(hours=4))[Stale.OLD] == 1
    assert governance.count_stale(timedelta(hours=6))[Stale.OLD] == 0
    assert [old.id for old in governance.old_lanes(timedelta(hours=4))] == [lane.id]


def test_what_was_approved_and_does_not_move_is_stuck(desk: Desk, clock: Clock) -> None:
    approved, waiting, failing = desk.approved(), desk.to_run(), desk.to_run(does="fail")
    actions.execute(failing.id)
    desk.tamper(
        "UPDATE tool_approvals SET retry_at = retry_at + interval '5 minutes' WHERE id = :id", id=failing.id
    )
    assert found()["stuck"] == []
    clock.advance(seconds=61)
    assert set(found()["stuck"]) == {approved.id, waiting.id}
    with db.engine.connect() as worker:
        worker.execute(text("SELECT pg_advisory_lock(:key)"), {"key": execution.lock_key(waiting.id)})
        assert found()["stuck"] == [approved.id]
        worker.execute(text("SELECT pg_advisory_unlock_all()"))


def test_a_list_is_read_page_by_page(desk: Desk) -> None:
    lanes = [age(desk, desk.pending(), opened=30 + number, due=10) for number in range(5)]
    first = governance.list_stale([Stale.OLD], DAY, limit=3)[Stale.OLD]
    last = first[-1].lane
    rest = governance.list_stale([Stale.OLD], DAY, limit=3, after=(last.created_at, last.id))[Stale.OLD]
    assert [row.lane.id for row in (*first, *rest)] == [lane.id for lane in reversed(lanes)]


def test_a_selection_ends_each_by_itself(desk: Desk, ears: Ears) -> None:
    lanes = [desk.pending() for _ in range(3)]
    governance.approve(lanes[1].id, desk.ben, enqueue=desk.enqueued)
    ears.heard()
    ended = governance.expire_each([lane.id for lane in (*lanes, lanes[0])] + [4711], actor_id=desk.ada)
    assert [one.refusal.code if one.refusal else None for one in ended] == [
        None,
        "not_pending",
        None,
        "not_found",
    ]
    assert [desk.fresh(lane).status for lane in lanes] == ["expired", "approved", "expired"]
    assert desk.fresh(lanes[0]).decided_by == desk.ada
    assert ears.heard().count("approvals") == 2
    event = governance.list_events(lanes[2].tool_proposal_id)[-1]
    assert (event.event_type, event.actor_id) == ("expired", desk.ada)
    assert event.reason == "An admin ended the waiting, so nothing will run."


@pytest.mark.parametrize("actor", ["operator:2", "agent:iris", "policy", "operator:99"])
def test_nobody_but_an_admin_ends_or_starts_anything(desk: Desk, actor: str, clock: Clock) -> None:
    lane, stuck = desk.pending(), desk.to_run()
    with pytest.raises(NotAllowed):
        governance.expire_each([lane.id], actor_id=actor)
    with pytest.raises(NotAllowed):
        governance.expire_each([], actor_id=actor)
    with pytest.raises(NotAllowed):
        governance.start_again(stuck.id, actor)
    assert desk.fresh(lane).status == "pending" and desk.fresh(stuck).version == stuck.version


def test_the_console_says_why_it_ended_what_was_not_due(desk: Desk) -> None:
    lane = desk.pending()
    governance.expire_each([lane.id], reason="Nobody decided for 72 h.")
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert (event.actor_id, event.reason) == ("system", "Nobody decided for 72 h.")


@pytest.mark.parametrize(("state", "job"), [("approved", "resume"), ("to_run", "execute")])
def test_a_stuck_lane_is_started_again_under_the_admins_name(
    desk: Desk, ears: Ears, state: str, job: str
) -> None:
    lane = getattr(desk, state)()
    status, version = lane.status, lane.version
    desk.enqueued.jobs.clear()
    ears.heard()
    again = governance.start_again(lane.id, desk.ada, enqueue=desk.enqueued)
    assert (again.status, again.version) == (status, version + 1)
    assert desk.enqueued.names == [job] and "lanes" in ears.heard()
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert (event.event_type, event.actor_id) == ("execution_enqueued", desk.ada)
    getattr(actions, job)(lane.id)
    if job == "resume":
        actions.execute(lane.id)
    assert desk.fresh(lane).status == "executed"


def test_what_is_not_stuck_is_not_started(desk: Desk) -> None:
    for lane in (desk.pending(), governance.reject(desk.pending().id, desk.ben, reason="No.")):
        with pytest.raises(NotExecutionPending):
            governance.start_again(lane.id, desk.ada)
    failing = desk.to_run(does="fail")
    actions.execute(failing.id)
    with pytest.raises(NotStuck, match="tries again by itself"):
        governance.start_again(failing.id, desk.ada)
    with pytest.raises(NotFound):
        governance.start_again(4711, desk.ada)


def test_what_a_worker_is_at_is_left_to_it(desk: Desk) -> None:
    lane = desk.to_run()
    with db.engine.connect() as worker:
        worker.execute(text("SELECT pg_advisory_lock(:key)"), {"key": execution.lock_key(lane.id)})
        with pytest.raises(NotStuck, match="at work"):
            governance.start_again(lane.id, desk.ada)
        worker.execute(text("SELECT pg_advisory_unlock_all()"))
    assert governance.start_again(lane.id, desk.ada, enqueue=desk.enqueued)


def test_a_refusal_leaves_a_line_in_the_log(desk: Desk) -> None:
    lane = desk.to_run()
    for attempt in (
        partial(governance.expire_each, [lane.id], actor_id=desk.ben),
        partial(governance.start_again, lane.id, desk.cleo),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    told = db.session.scalars(select(AuditEvent).where(AuditEvent.event_type == AuditType.REFUSED)).all()
    assert {line.actor_id for line in told} == {desk.ben, desk.cleo}
