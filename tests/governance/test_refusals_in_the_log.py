"""Who may not decide and tries is in the log, however the refusal is met, and cannot flood it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from console import governance, outbound
from console.audit import MOST_AN_HOUR
from console.db import db, transaction
from console.errors import Forbidden
from console.governance import FourEyesRequired, NotAllowed, NotPending
from console.models import AuditEvent
from tests.desk import Desk

DECISIONS: list[Callable[..., Any]] = [
    governance.approve,
    lambda lane_id, actor, **rest: governance.reject(lane_id, actor, reason="No.", **rest),
    lambda lane_id, actor, **rest: governance.defer(lane_id, actor, reason="Later.", **rest),
]


def lines() -> list[AuditEvent]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))


@pytest.mark.parametrize("decide", DECISIONS, ids=["approve", "reject", "defer"])
def test_a_decision_that_takes_somebody_else_is_noted(desk: Desk, decide: Callable[..., Any]) -> None:
    lane = desk.submit("refund", actor_id=desk.ben).lane
    assert lane is not None
    with pytest.raises(FourEyesRequired) as refusal:
        decide(lane.id, desk.ben)
    (line,) = lines()
    assert (line.event_type, line.actor_id) == ("refused", desk.ben)
    assert (line.conversation_id, line.reason) == (desk.conversation_id, refusal.value.sentence)
    assert line.details == {
        "code": "four_eyes_required",
        "approval_id": lane.id,
        "title": lane.proposal.title,
    }
    assert desk.fresh(lane).status == "pending"


def test_software_that_tries_to_decide_or_to_expire_is_noted(desk: Desk) -> None:
    lane = desk.pending()
    with pytest.raises(NotAllowed):
        governance.approve(lane.id, desk.iris)
    with pytest.raises(NotAllowed):
        governance.expire(lane.id, actor_id=desk.ben)
    assert [(line.actor_id, line.details["code"]) for line in lines()] == [
        (desk.iris, "not_allowed"),
        (desk.ben, "not_allowed"),
    ]


def test_a_refusal_that_is_caught_in_a_larger_transaction_is_noted_too(desk: Desk) -> None:
    lane = desk.pending()
    with transaction():
        with pytest.raises(NotAllowed):
            governance.approve(lane.id, desk.iris)
        governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "approved" and len(lines()) == 1
    with pytest.raises(ZeroDivisionError), transaction():
        with pytest.raises(NotAllowed):
            governance.approve(lane.id, desk.iris)
        raise ZeroDivisionError
    assert len(lines()) == 2


def test_coming_second_is_no_refusal(desk: Desk) -> None:
    lane = desk.approved()
    with pytest.raises(NotPending):
        governance.approve(lane.id, desk.ada)
    assert lines() == []


def test_pressing_again_and_again_does_not_flood_the_log(desk: Desk) -> None:
    lane = desk.pending()
    for _ in range(MOST_AN_HOUR + 5):
        with pytest.raises(NotAllowed):
            governance.approve(lane.id, desk.iris)
    assert len(lines()) == MOST_AN_HOUR


def test_what_admins_do_with_templates_is_refused_to_others_with_a_line(desk: Desk) -> None:
    for attempt in (
        lambda: outbound.create_template(desk.ben, name="A", subject="B", body="C"),
        lambda: outbound.archive_template(1, desk.ben),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert [line.actor_id for line in lines()] == [desk.ben, desk.ben]
