"""The audit log: written with what it speaks of, in one order with the trail of actions, and never changed."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from console import audit
from console.db import db, transaction
from console.models import AuditEvent, AuditType, ToolActionEvent
from tests.conftest import Cast
from tests.desk import Desk


def test_a_line_says_who_did_what_to_what_and_why(cast: Cast) -> None:
    with transaction():
        audit.note(
            AuditType.FOLLOWUP_CANCELLED,
            cast.ben.actor_id,
            conversation_id=3,
            reason="Wrong.",
            details={"a": 1},
        )
    (line,) = db.session.scalars(select(AuditEvent)).all()
    assert (line.event_type, line.actor_id, line.conversation_id) == (
        "followup_cancelled",
        cast.ben.actor_id,
        3,
    )
    assert (line.reason, line.details, line.delivery_id) == ("Wrong.", {"a": 1}, None)


def test_a_line_goes_with_the_transaction_that_it_speaks_of(cast: Cast) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        audit.note(AuditType.BULK_UNDONE, "system")
        raise ZeroDivisionError
    assert db.session.scalars(select(AuditEvent)).all() == []


def test_nothing_is_written_about_nothing(cast: Cast) -> None:
    with transaction():
        audit.note_each(AuditType.DELIVERY_SENT, "system", [])
    assert db.session.scalars(select(AuditEvent)).all() == []


def test_one_number_orders_both_logs(desk: Desk) -> None:
    with transaction():
        audit.note(AuditType.BULK_UNDONE, "system")
    desk.pending()
    with transaction():
        audit.note_each(AuditType.DELIVERY_SENT, "system", [{"delivery_id": 1}, {"delivery_id": 2}])
    lines = list(db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.id)))
    trail = list(db.session.scalars(select(ToolActionEvent.id)))
    assert lines[0] < min(trail) <= max(trail) < lines[1] < lines[2]


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit_events SET actor_id = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"],
)
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_no_line_is_ever_changed(cast: Cast, change: str, role: str) -> None:
    with transaction():
        audit.note(AuditType.BULK_UNDONE, "system")
    with pytest.raises(IntegrityError, match="append-only"), db.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL session_replication_role = {role}"))
        connection.execute(text(change))
    assert len(db.session.scalars(select(AuditEvent)).all()) == 1


def test_what_is_no_event_is_refused(cast: Cast) -> None:
    with pytest.raises(IntegrityError), transaction():
        audit.note("anything", "system")  # type: ignore[arg-type]
