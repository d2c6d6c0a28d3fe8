"""The demo desk: every state is there, and what it shows is true."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from console import conversations, demo, governance, outbound
from console.db import db, now
from console.demo.script import DEMO_IDS
from console.governance import recovery
from console.models import (
    AuditEvent,
    Conversation,
    ConversationStatus,
    Delivery,
    DeliveryState,
    LaneStatus,
    Message,
    Operator,
    ProposalStatus,
    ToolActionEvent,
    ToolApproval,
    ToolProposal,
)
from console.shop.models import Order, OrderStatus
from tests.browserless import Client
from tests.emptying import empty


@pytest.fixture(scope="module")
def loaded(migrated: Flask) -> Iterator[Flask]:
    """One demo for all tests of this module: they only look at it."""
    with migrated.app_context():
        empty(migrated)
        assert demo.load() is demo.Outcome.LOADED
        yield migrated
        db.session.remove()


def conversation(name: str) -> Conversation:
    return db.session.scalars(select(Conversation).where(Conversation.external_id == DEMO_IDS + name)).one()


def lane_of(name: str, tool_ref: str) -> ToolApproval:
    """The newest lane of a tool in one of the demo's conversations."""
    proposal = next(
        proposal
        for proposal in governance.list_proposals_for_conversation(conversation(name).id)
        if proposal.tool_ref == tool_ref
    )
    lane = governance.get_latest_approval(proposal.id)
    assert lane is not None
    return lane


def order(number: str) -> Order:
    return db.session.scalars(select(Order).where(Order.id == number)).one()


def test_every_lasting_state_of_a_lane_can_be_seen(loaded: Flask) -> None:
    lanes = Counter(db.session.scalars(select(ToolApproval.status)))
    passing = {LaneStatus.APPROVED, LaneStatus.EXECUTION_PENDING}
    assert set(lanes) == set(LaneStatus) - passing
    assert lanes[LaneStatus.PENDING] >= 10
    proposals = Counter(
        tuple(row) for row in db.session.execute(select(ToolProposal.status, ToolProposal.blocked_outcome))
    )
    assert {status for status, _ in proposals} == set(ProposalStatus)
    assert proposals[ProposalStatus.BLOCKED, "scope_invalid"] == 1
    assert proposals[ProposalStatus.BLOCKED, "needs_input"] == 1
    assert db.session.scalar(select(func.count()).where(ToolProposal.risk_tier == "destructive")) == 1


def test_conversations_are_open_and_resolved_of_everyone_and_of_nobody(loaded: Flask) -> None:
    rows = db.session.scalars(select(Conversation)).all()
    assert len(rows) >= 60
    assert {row.status for row in rows} == set(ConversationStatus)
    assert {row.channel for row in rows} == {"email", "chat", "phone"}
    emails = {person.id: person.email for person in db.session.scalars(select(Operator))}
    holders = {emails.get(row.assignee_id or 0) for row in rows}
    assert {"ada@example.com", "ben@example.com", "cleo@example.com", None} <= holders
    ages = [now() - row.last_message_at for row in rows]
    assert min(ages) < timedelta(minutes=5) < timedelta(days=14) < max(ages)


def test_the_inbox_knows_what_was_written_in_bulk(loaded: Flask) -> None:
    ben = db.session.scalars(select(Operator).where(Operator.email == "ben@example.com")).one()
    page = conversations.inbox(ben.id, conversations.Filters())
    assert page.rows[0].customer == "Maya Osei"
    assert page.rows[0].waiting == 1
    assert page.rows[0].last_message_preview.startswith("Here it is.")
    counted = conversations.counts(ben.id)
    assert counted.all == len(db.session.scalars(select(Conversation.id)).all())
    assert counted.needs_decision == db.session.scalar(
        select(func.count()).where(Conversation.waiting_lanes > 0)
    )


def test_what_ran_really_changed_the_shop(loaded: Flask) -> None:
    cancelled, returned = order("#W20299"), order("#W20325")
    assert cancelled.status == OrderStatus.CANCELLED
    assert [line.transaction_type for line in cancelled.payments] == ["payment", "refund"]
    assert (returned.status, returned.return_items) == (OrderStatus.RETURN_REQUESTED, ["kettle-cream"])
    assert order("#W20318").address1 == "Pike & Daughters, 220 Tioga Street"
    assert order("#W20333").status == OrderStatus.PROCESSED
    assert order("#W20352").status == OrderStatus.DELIVERED


def test_what_failed_says_why(loaded: Flask) -> None:
    gate = lane_of("wrong-gate", "notify_carrier")
    assert (gate.attempt, gate.proposal.status) == (3, ProposalStatus.FAILED)
    late = lane_of("too-late-to-cancel", "cancel_pending_order")
    assert late.last_error == "Non-pending order cannot be cancelled: order #W20333 is processed."
    rain = lane_of("parcel-in-the-rain", "notify_carrier")
    assert (rain.status, rain.proposal.status) == (LaneStatus.EXECUTION_FAILED, ProposalStatus.UNKNOWN)
    otto = lane_of("otto-refund", "return_delivered_order_items")
    assert otto.status == LaneStatus.INVALIDATED
    assert otto.last_error.startswith("otto no longer holds the permission orders:refund.")


def test_deadlines_are_near_and_far(loaded: Flask) -> None:
    waiting = governance.list_pending_approvals()
    left = [lane.expires_at - now() for lane in waiting]
    assert timedelta(minutes=15) < left[0] < timedelta(minutes=25)
    assert timedelta(minutes=25) < left[1] < timedelta(hours=4.8)
    assert sum(span > timedelta(hours=12) for span in left) >= 8
    assert [lane.proposal.actor_id for lane in waiting if governance.would_fail(lane)] == ["agent:otto"]


def test_an_admin_finds_what_is_stale_at_once_and_what_was_put_off_is_back(loaded: Flask) -> None:
    old = governance.list_stale([governance.Stale.OLD], timedelta(days=1), limit=20)[governance.Stale.OLD]
    titles = [row.lane.proposal.title for row in old]
    assert len(titles) >= 4 and "Cancel order #W20433" in titles and "Change 1 item of #W20382" in titles
    back = lane_of("apron-after-the-holiday", "return_delivered_order_items")
    assert (back.status, back.requested_by) == (LaneStatus.PENDING, "system")
    waits = lane_of("missing-mug", "return_delivered_order_items")
    assert waits.wake_at is not None and waits.wake_at > now() + timedelta(days=1)


def test_four_eyes_can_be_tried(loaded: Flask) -> None:
    ben = db.session.scalars(select(Operator).where(Operator.email == "ben@example.com")).one()
    lane = lane_of("rust-not-orange", "exchange_delivered_order_items")
    assert lane.requested_by == ben.actor_id
    assert isinstance(governance.may_decide(lane, ben.actor_id), governance.FourEyesRequired)


def test_the_trail_reads_in_the_order_of_time(loaded: Flask) -> None:
    moments = db.session.scalars(select(ToolActionEvent.created_at).order_by(ToolActionEvent.id)).all()
    assert list(moments) == sorted(moments)
    assert moments[-1] <= now()
    said = db.session.scalars(select(Message.created_at)).all()
    assert max(said) <= now()


def test_nothing_is_left_for_the_workers(loaded: Flask) -> None:
    assert list(recovery.overdue()) == []
    assert list(recovery.waiting_to_resume()) == []
    assert list(recovery.waiting_to_run()) == []
    scheduled = loaded.extensions["console_redis"].keys("rq:job:*")
    pending = db.session.scalars(
        select(ToolApproval.id).where(ToolApproval.status == LaneStatus.PENDING)
    ).all()
    found = {int(number) for key in scheduled for number in re.findall(rb"expire-(\d+)", key)}
    assert set(pending) <= found
    planned = db.session.scalars(select(Delivery).where(Delivery.state.in_(("pending", "sending")))).all()
    assert [one.send_after > now() for one in planned] == [True]
    assert any(b"deliver-%d-" % planned[0].id in key for key in scheduled)


def test_every_lasting_state_of_a_delivery_and_of_an_envelope_can_be_seen(loaded: Flask) -> None:
    states = Counter(db.session.scalars(select(Delivery.state)))
    assert set(states) == set(DeliveryState) - {DeliveryState.SENDING}
    envelopes = outbound.list_envelopes()
    assert [one.status for one in envelopes] == ["submitted", "submitted", "refused_cap_exceeded"]
    newest, undone, refused = envelopes
    counts = outbound.counts(newest.id)
    assert (counts["failed"], counts["uncertain"], counts["pending"]) == (1, 1, 0) and counts["sent"] >= 8
    assert [one["conversation_id"] for one in newest.left_out] == [conversation("where-is-it").id]
    assert undone.undone_count == outbound.counts(undone.id)["cancelled"] == 4
    assert refused.count >= 60 and "limit is 25" in (refused.reason or "")
    assert [one.template.name for one in outbound.list_templates()] == [
        "Held up in Oakland",
        "Is everything settled?",
        "Oil for the boards",
    ]


def test_the_log_of_follow_ups_reads_in_the_order_of_time(loaded: Flask) -> None:
    followups = select(AuditEvent.created_at).where(AuditEvent.template_id.is_not(None))
    moments = db.session.scalars(followups.order_by(AuditEvent.id)).all()
    assert list(moments) == sorted(moments) and moments[-1] <= now()


@pytest.mark.parametrize("name", ["ada", "ben", "cleo"])
def test_the_accounts_sign_in(loaded: Flask, name: str) -> None:
    client = Client(loaded)
    page = client.get("/login").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    form = {"email": f"{name}@example.com", "password": demo.PASSWORD, "csrf_token": token[1]}
    answer = client.post("/login", data=form)
    assert (answer.status_code, answer.location) == (303, "/inbox")
