"""Each event carries the hash of the one before it for its proposal, so that nobody changes the trail unseen."""

from __future__ import annotations

import json
import re
from hashlib import sha256

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from console import governance
from console.audit import note_each
from console.db import db, transaction
from console.models import AuditType, ToolActionEvent, ToolApproval
from jobs import actions
from tests.desk import Desk
from tests.trail.tampering import found, said, tamper

COPY = """
    INSERT INTO tool_action_events (tool_proposal_id, tool_approval_id, conversation_id, event_type, actor_id,
           from_status, to_status, reason, details, created_at, tool_ref, sequence, prev_hash, hash)
    SELECT tool_proposal_id, tool_approval_id, conversation_id, event_type, actor_id, from_status, to_status, {reason},
           details, created_at, tool_ref, sequence, prev_hash, {hash} FROM tool_action_events WHERE id = :id
"""


@pytest.fixture
def lane(desk: Desk) -> ToolApproval:
    """A lane that ran, between two others: its proposal's events are 3 to 8."""
    desk.pending()
    lane = desk.to_run("refund")
    actions.execute(lane.id)
    desk.pending()
    assert [event.id for event in trail(lane)] == list(range(3, 9))
    return lane


def trail(lane: ToolApproval) -> list[ToolActionEvent]:
    db.session.rollback()
    return list(governance.list_events(lane.tool_proposal_id))


def test_every_event_carries_the_hash_of_the_one_before_it(lane: ToolApproval) -> None:
    events = trail(lane)
    assert [event.sequence for event in events] == list(range(1, 7))
    assert [event.prev_hash for event in events] == ["0" * 64, *(event.hash for event in events[:-1])]
    assert len({event.hash for event in events}) == 6
    assert {event.tool_ref for event in events} == {"refund"}
    assert found() == []


def test_a_hash_is_made_of_everything_that_its_row_holds(lane: ToolApproval) -> None:
    """Worked out here by hand, as an auditor would who trusts neither the console nor the database."""
    for event in trail(lane):
        columns = {c.key: getattr(event, c.key) for c in ToolActionEvent.__table__.columns if c.key != "hash"}
        facts = {name: value for name, value in columns.items() if value is not None}
        facts["created_at"] = re.sub(r"(\.\d*?)0+(?=\+)", r"\1", event.created_at.isoformat())
        by_length = sorted(facts.items(), key=lambda pair: (len(pair[0]), pair[0]))
        spelled = json.dumps(dict(by_length), ensure_ascii=False, default=str)
        assert sha256(spelled.encode()).hexdigest() == event.hash


def test_whoever_writes_is_chained_and_cannot_choose_a_place(lane: ToolApproval, desk: Desk) -> None:
    desk.tamper(
        "INSERT INTO tool_action_events (id, tool_proposal_id, event_type, actor_id, details, created_at, tool_ref,"
        " sequence, prev_hash, hash) VALUES (1000, :id, 'approved', 'operator:1', '{}', now(), 'x', 1, 'x', 'x')",
        id=lane.tool_proposal_id,
    )
    event = trail(lane)[-1]
    assert (event.sequence, event.tool_ref, event.prev_hash) == (7, "refund", trail(lane)[-2].hash)
    assert found() == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE trail_heads SET events = events - 1", "UPDATE trail_heads SET events = events",
     "UPDATE trail_heads SET tool_proposal_id = tool_proposal_id + 1000, events = events + 1",
     "DELETE FROM trail_heads", "TRUNCATE trail_heads"],
)  # fmt: skip
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_the_end_of_a_trail_only_moves_on(lane: ToolApproval, statement: str, role: str) -> None:
    db.session.rollback()
    with pytest.raises(DBAPIError, match="append-only"), db.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL session_replication_role = {role}"))
        connection.execute(text(statement))


CHANGES = [
    "reason = 'nothing happened'", "actor_id = 'operator:3'", "event_type = 'rejected'", "to_status = 'rejected'",
    "created_at = created_at - interval '1 microsecond'", "details = details || '{\"attempt\": 2}'",
    "from_status = NULL", "tool_approval_id = NULL", "conversation_id = NULL", "tool_ref = 'adjust'",
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("event_id", [6, 8])
def test_an_edited_event_is_named(lane: ToolApproval, event_id: int, change: str) -> None:
    tamper(f"UPDATE tool_action_events SET {change} WHERE id = :id", id=event_id)
    assert said() == [f"Event {event_id} of proposal 2 was changed after it was written."]


@pytest.mark.parametrize("column", ["prev_hash", "hash"])
@pytest.mark.parametrize("event_id", [3, 6, 8])
def test_an_event_whose_hashes_are_edited_is_named(lane: ToolApproval, event_id: int, column: str) -> None:
    tamper(f"UPDATE tool_action_events SET {column} = repeat('a', 64) WHERE id = :id", id=event_id)
    assert {finding.event_id for finding in found()} == {event_id}


def test_an_event_that_was_edited_and_hashed_again_is_found_by_the_one_after_it(lane: ToolApproval) -> None:
    """Also the newest, whose hash the head knows."""
    for event_id in (5, 8):
        tamper(
            "UPDATE tool_action_events SET reason = 'nothing happened' WHERE id = :id",
            "UPDATE tool_action_events e SET hash = console_seal(to_jsonb(e)) WHERE id = :id",
            id=event_id,
        )
    assert said() == [
        f"Event {event_id} of proposal 2 is not the one that was written here: it, or the one after it, was exchanged."
        for event_id in (8, 5)
    ]


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("id = 3", "Proposal 2 has no event 1 of its trail any more: taken out."),
        ("id = 6", "Proposal 2 has no event 4 of its trail any more: taken out."),
        ("id IN (5, 6, 7)", "Proposal 2 has no events 3 to 5 of its trail any more: taken out."),
        ("id = 8", "Event 8 of proposal 2 was taken away from the end."),
        ("id IN (7, 8)", "Event 8 of proposal 2 was taken away, with 1 before it, from the end."),
        ("tool_proposal_id = 2", "Event 8 of proposal 2 was taken away, with 5 before it, from the end."),
    ],
)
def test_a_removed_event_is_missed(lane: ToolApproval, gone: str, words: str) -> None:
    tamper(f"DELETE FROM tool_action_events WHERE {gone}")
    assert said() == [words]


def test_a_proposal_that_is_gone_with_all_its_events_is_missed(lane: ToolApproval) -> None:
    tamper(
        "DELETE FROM tool_action_events WHERE tool_proposal_id = 2",
        "DELETE FROM tool_approvals WHERE tool_proposal_id = 2",
        "DELETE FROM tool_proposals WHERE id = 2",
    )
    assert said()[0] == "Proposal 2 is gone, and its trail speaks of nothing."


def test_a_lost_end_is_missed(lane: ToolApproval) -> None:
    tamper("DELETE FROM trail_heads WHERE tool_proposal_id = 2")
    assert said() == ["Proposal 2 has lost the record of where its trail ends."]


@pytest.mark.parametrize(
    "swap",
    [
        # The numbers of two neighbours, and of two that are not.
        ["UPDATE tool_action_events SET id = 1000 WHERE id = 5", "UPDATE tool_action_events SET id = 5 WHERE id = 6",
         "UPDATE tool_action_events SET id = 6 WHERE id = 1000"],
        ["UPDATE tool_action_events SET sequence = 7 - sequence WHERE id IN (5, 6)"],
    ],
    ids=["by id", "by place"],
)  # fmt: skip
def test_reordered_events_are_named(lane: ToolApproval, swap: list[str]) -> None:
    tamper(*swap)
    assert sorted(said()) == [
        f"Event {event_id} of proposal 2 stands in another place than it was written in."
        for event_id in (5, 6)
    ]


@pytest.mark.parametrize("sealed", [False, True], ids=["copied", "sealed anew"])
@pytest.mark.parametrize("event_id", [3, 6, 8])
def test_an_inserted_event_is_named(lane: ToolApproval, event_id: int, sealed: bool) -> None:
    tamper(COPY.format(reason="'I approved this myself'", hash="hash"), id=event_id)
    new = trail(lane)[-1].id
    if sealed:
        tamper("UPDATE tool_action_events e SET hash = console_seal(to_jsonb(e)) WHERE id = :id", id=new)
    assert said() == [
        f"Event {new} of proposal 2 was put in afterwards: nothing that was written follows it."
    ]


def test_an_event_that_no_lane_lived_through_is_noticed(lane: ToolApproval, desk: Desk) -> None:
    """Added by hand it is chained like any other; but its lane stands elsewhere."""
    pending = desk.pending()
    desk.tamper(
        "INSERT INTO tool_action_events (tool_proposal_id, tool_approval_id, event_type, actor_id, from_status,"
        " to_status, details, created_at) VALUES (:proposal, :lane, 'approved', 'operator:1', 'pending', 'approved',"
        " '{}', now())",
        proposal=pending.tool_proposal_id,
        lane=pending.id,
    )
    assert [str(finding) for finding in found()] == [
        f"Proposal {pending.tool_proposal_id} has a lane {pending.id} that is pending, while its events end with"
        " approved."
    ]


def test_a_line_of_the_audit_log_is_sealed_by_itself(desk: Desk) -> None:
    with transaction():
        note_each(AuditType.DELIVERY_SENT, "system", [{"delivery_id": number} for number in range(3)])
    assert found() == []
    tamper("UPDATE audit_events SET delivery_id = 7 WHERE delivery_id = 1")
    assert said() == ["Event 2 of the audit log was changed after it was written, or put in afterwards."]


def test_a_step_that_is_taken_back_leaves_no_gap(desk: Desk) -> None:
    lane = desk.pending()
    with pytest.raises(ZeroDivisionError), transaction():
        governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
        raise ZeroDivisionError
    governance.reject(lane.id, desk.ada, reason="Not today.")
    assert [event.sequence for event in trail(lane)] == [1, 2, 3] and found() == []
