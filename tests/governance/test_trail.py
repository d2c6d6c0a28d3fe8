"""The trail cannot be rewritten, and what it speaks of cannot be deleted under it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from console import governance
from console.db import db
from jobs import actions
from tests.desk import Desk

REWRITES = [
    "UPDATE tool_action_events SET reason = 'nothing happened'",
    "DELETE FROM tool_action_events",
    "TRUNCATE tool_action_events",
    "TRUNCATE tool_action_events CASCADE",
    "TRUNCATE conversations CASCADE",
]


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("statement", REWRITES)
def test_the_trail_refuses_to_be_rewritten_even_by_a_superuser(desk: Desk, statement: str, role: str) -> None:
    lane = desk.pending()
    before = desk.events(lane)
    db.session.rollback()
    with pytest.raises(DBAPIError, match="append-only"), db.engine.begin() as connection:
        assert connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
        connection.execute(text(f"SET LOCAL session_replication_role = {role}"))
        connection.execute(text(statement))
    assert desk.events(lane) == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM conversations",
        "DELETE FROM tool_proposals",
        "DELETE FROM tool_approvals",
        "DELETE FROM customers",
    ],
)
def test_what_has_events_cannot_be_deleted(desk: Desk, statement: str) -> None:
    lane = desk.pending()
    with pytest.raises(IntegrityError, match="fk_"):
        desk.tamper(statement)
    assert governance.get_approval(lane.id) is not None


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE tool_approvals SET status = 'maybe'", "ck_tool_approvals_status"),
        ("UPDATE tool_approvals SET status = 'approved'", "decided_by_someone"),
        ("UPDATE tool_approvals SET reason = repeat('x', 2001)", "reason_length"),
        ("UPDATE tool_approvals SET digest = 'short'", "ck_tool_approvals_digest"),
        ("UPDATE tool_proposals SET status = 'maybe'", "ck_tool_proposals_status"),
        ("UPDATE tool_proposals SET status = 'blocked'", "blocked_outcome"),
        ("UPDATE conversations SET waiting_lanes = -1", "waiting_lanes"),
        ("UPDATE operators SET role = 'boss'", "ck_operators_role"),
        (
            "INSERT INTO tool_action_events (tool_proposal_id, event_type, actor_id, details, created_at)"
            " SELECT id, 'dreamed', 'x', '{}', now() FROM tool_proposals",
            "ck_tool_action_events_event_type",
        ),
    ],
)
def test_the_database_keeps_the_invariants_too(desk: Desk, statement: str, constraint: str) -> None:
    desk.pending()
    with pytest.raises(IntegrityError, match=constraint):
        desk.tamper(statement)


@pytest.mark.parametrize("key", ["idempotency_key", "run_key"])
def test_keys_are_unique_in_the_database(desk: Desk, key: str) -> None:
    desk.pending(), desk.pending()
    for _ in range(2):
        lane = governance.submit("internal_note", "agent:iris", desk.context(body="A note.")).lane
        assert lane is not None
        governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
        actions.resume(lane.id)
        actions.execute(lane.id)
    table = {"idempotency_key": "tool_proposals", "run_key": "messages"}[key]
    with pytest.raises(IntegrityError, match=key.removeprefix("idempotency_")):
        desk.tamper(f"UPDATE {table} SET {key} = repeat('0', 64) WHERE {key} IS NOT NULL")


def test_no_event_tells_more_than_a_sentence(desk: Desk) -> None:
    for does in ("fail", "crash", "refuse", "commit"):
        lane = desk.to_run(does=does)
        actions.execute(lane.id)
    for event in governance.list_action_events(limit=100):
        words = event.reason or ""
        assert "Traceback" not in words and "secret" not in words and not words.startswith(("{", "["))


def test_the_trail_is_read_in_pages_and_by_filters(desk: Desk) -> None:
    lane = desk.pending("refund")
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    desk.pending("adjust")
    events = governance.list_action_events(limit=2)
    older = governance.list_action_events(limit=100, before=events[-1].id)
    assert [e.id for e in (*events, *older)] == sorted((e.id for e in (*events, *older)), reverse=True)
    assert len(events) + len(older) == 5
    assert [e.event_type for e in governance.list_action_events(actor_id="operator:2")] == ["approved"]
    assert {e.proposal.tool_ref for e in governance.list_action_events(tool_ref="adjust")} == {"adjust"}
    assert len(governance.list_action_events(event_type="approval_requested")) == 2
    assert governance.list_action_events(conversation_id=999) == []


def test_what_waits_is_listed_soonest_first_and_what_is_stale_apart(desk: Desk) -> None:
    late, soon = desk.pending("refund"), desk.pending("adjust")
    desk.tamper(
        "UPDATE tool_approvals SET expires_at = now() + interval '5 minutes' WHERE id = :id", id=soon.id
    )
    first, second = governance.list_pending_approvals()
    assert (first.id, second.id) == (soon.id, late.id)
    assert [lane.id for lane in governance.list_pending_approvals(after=(first.expires_at, first.id))] == [
        late.id
    ]
    assert [lane.id for lane in governance.list_pending_approvals(risk_tier="high_write")] == [late.id]
    assert [lane.id for lane in governance.list_pending_approvals(tool_ref="adjust")] == [soon.id]
    assert [lane.id for lane in governance.list_stale_lanes()] == [soon.id]
    found = governance.list_proposals_for_conversation(desk.conversation_id, limit=1)
    assert [proposal.tool_ref for proposal in found] == ["adjust"] and len(found[0].approvals) == 1


def test_reading_what_does_not_exist_is_nothing(desk: Desk) -> None:
    for number in (999, 0, 10**30):
        assert governance.get_proposal(number) is None and governance.get_approval(number) is None
    assert governance.get_active_approval(999) is None and governance.get_latest_approval(999) is None
    assert governance.list_events(999) == []


def test_a_proposal_is_read_as_it_is_now(desk: Desk) -> None:
    lane = desk.to_run()
    assert (
        found := governance.get_proposal(lane.tool_proposal_id)
    ) is not None and found.status == "proposed"
    actions.execute(lane.id)
    assert (
        found := governance.get_proposal(lane.tool_proposal_id)
    ) is not None and found.status == "succeeded"
