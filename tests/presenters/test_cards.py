"""A card says honestly how things stand: one sentence a state, who, why, and what to do next."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from console import governance
from console.db import db, transaction
from console.governance import execution
from console.governance.reads import load_events
from console.masking import DOTS
from console.models import ToolApproval
from console.presenters.faces import Faces
from console.presenters.lanes import Card, Viewpoint, card, latest
from console.presenters.values import fact_rows, raw, snapshot_rows
from console.tools import PermanentToolError, ToolError
from tests.conftest import Cast, Clock
from tests.desk import Desk


def shown(desk: Desk, lane: ToolApproval, **view: Any) -> Card:
    """The card as Ada sees it."""
    cast = desk.cast
    [proposal] = governance.list_proposals_for_conversation(cast.conversation.id)
    load_events([proposal])
    names = {person.id: person.name for person in (cast.ada, cast.ben, cast.cleo)}
    return card(proposal, latest(proposal), Viewpoint(Faces(names, cast.ada.actor_id), UTC, **view))


def started(desk: Desk, **params: Any) -> execution.Run:
    lane = desk.to_run(**params)
    run = execution.start(lane.id)
    assert run is not None
    return run


def test_pending_counts_down_in_whole_minutes_and_warns_under_a_tenth(desk: Desk, clock: Clock) -> None:
    lane = desk.pending()
    before = shown(desk, lane)
    clock.advance(seconds=0.5)
    assert (before.state, before.urgent, before.seconds) == ("pending", False, shown(desk, lane).seconds)
    clock.advance(hours=44)
    assert shown(desk, lane).urgent


def test_approved_says_what_comes_next(desk: Desk) -> None:
    found = shown(desk, desk.approved())
    assert (found.state, found.chip.word) == ("approved", "Approved")
    assert found.sentence.startswith("Ben approved it at ") and found.sentence.endswith("then it runs.")


def test_running_and_trying_again(desk: Desk) -> None:
    run = started(desk)
    lane = desk.fresh(ToolApproval(id=run.lane_id))
    assert shown(desk, lane).sentence == "Approved by Ben. Attempt 1 of 3 is running."
    execution.fail(run, ToolError("The shop did not answer."), enqueue=desk.enqueued)
    found = shown(desk, lane)
    assert found.chip.word == "Trying again"
    assert found.sentence.startswith("The shop did not answer. Attempt 2 of 3 starts at ")
    assert [step.reason for step in found.attempts] == ["The shop did not answer."]


def test_done_says_what_happened_and_hides_secrets(desk: Desk) -> None:
    run = started(desk)
    execution.succeed(run, {"summary": "Two captures.", "orders": ["A", "B"], "api_token": "tok_1"})
    found = shown(desk, desk.fresh(ToolApproval(id=run.lane_id)))
    assert (found.sentence, found.by) == ("Two captures.", "Ben approved")
    assert {row.label: row.lines for row in found.results} == {"Orders": ("A", "B"), "Api token": (DOTS,)}
    assert "tok_1" not in found.raw


def test_failed_tells_attempts_and_offers_to_ask_again(desk: Desk) -> None:
    run = started(desk)
    execution.fail(run, PermanentToolError("The shop says no."), enqueue=desk.enqueued)
    found = shown(desk, desk.fresh(ToolApproval(id=run.lane_id)))
    assert found.sentence == "1 of 3 attempts. The last refusal is final, so it was not tried again."
    assert [step.reason for step in found.attempts] == ["The shop says no."] and found.again


def test_an_unknown_outcome_says_to_look_first(desk: Desk) -> None:
    lane = desk.to_run("launch")
    execution.start(lane.id)
    execution.start(lane.id)
    found = shown(desk, lane)
    assert (found.state, found.chip.word, found.again) == ("unknown", "Outcome unknown", True)
    assert "may or may not have happened" in found.sentence


@pytest.mark.parametrize(("verb", "state"), [("reject", "rejected"), ("defer", "deferred")])
def test_a_no_shows_its_reason_and_who_gave_it(desk: Desk, verb: str, state: str) -> None:
    lane = desk.pending()
    getattr(governance, verb)(lane.id, desk.cast.ben.actor_id, reason="Not yet.", enqueue=desk.enqueued)
    found = shown(desk, lane)
    assert (found.state, found.reason, found.again) == (state, "Not yet.", True)
    assert found.by.startswith("Ben, ")


def test_expired_by_time_and_by_an_admin(desk: Desk, clock: Clock) -> None:
    lane = desk.pending()
    governance.expire(lane.id, actor_id=desk.cast.ada.actor_id, enqueue=desk.enqueued)
    assert shown(desk, lane).sentence == "You ended the waiting. Nothing ran."


def test_expired_says_how_long_nobody_decided(desk: Desk, clock: Clock) -> None:
    lane = desk.pending()
    clock.advance(days=2, seconds=1)
    governance.expire(lane.id, enqueue=desk.enqueued)
    assert shown(desk, lane).sentence == "Nobody decided within 2 d. Nothing ran."


def test_invalidated_says_what_no_longer_held(desk: Desk, cast: Cast) -> None:
    lane = desk.approved("refund")
    with transaction():
        cast.iris.scopes = []
        db.session.add(cast.iris)
    execution.resume(lane.id, enqueue=desk.enqueued)
    found = shown(desk, lane)
    assert found.state == "invalidated" and "orders:refund" in found.sentence and found.again


def test_blocked_says_why_and_an_always_blocked_one_is_not_asked_again(desk: Desk) -> None:
    desk.submit("wipe")
    found = shown(desk, None)  # type: ignore[arg-type]
    assert (found.state, found.again, found.dom_id.partition("-")[0]) == ("blocked", False, "proposal")
    assert found.sentence == "Policy never lets this run from the desk. Nobody was asked."


def test_what_was_typed_is_kept_on_a_card_that_someone_else_decided(desk: Desk, clock: Clock) -> None:
    lane = desk.approved()
    drafts = {f"lane:{lane.id}:rejection": "The bank voided it."}
    assert [kept.text for kept in shown(desk, lane, drafts=drafts).kept] == ["The bank voided it.", ""]
    clock.advance(hours=2)
    assert [kept.text for kept in shown(desk, lane, drafts=drafts).kept] == ["The bank voided it."]
    assert shown(desk, lane).kept == []


def test_a_resolved_conversation_is_named_among_the_checks(desk: Desk) -> None:
    lane = desk.pending()
    assert "The conversation is resolved" in [
        check.words for check in shown(desk, lane, resolved=True).checks
    ]


def test_values_are_said_for_people() -> None:
    rows = [
        {"name": "tell", "label": "Tell", "value": True},
        {"name": "item_ids", "label": "Items", "value": ["1", "2"]},
        {"name": "amount", "label": "Amount", "value": 48},
        {"name": "left_out", "label": "Left out", "value": None},
    ]
    found = snapshot_rows({"rows": rows})
    assert [(row.label, row.lines, row.money) for row in found] == [
        ("Tell", ("Yes",), False),
        ("Items", ("1", "2"), False),
        ("Amount", ("48",), True),
    ]
    [address] = fact_rows({"address": {"city": "Bonn", "access_token": "x"}})
    assert address.lines == ("City: Bonn", f"Access token: {DOTS}")
    assert "hunter2" not in raw({"nested": [{"password": "hunter2"}]})


def test_faces_never_fail() -> None:
    faces = Faces({1: "Ada Okafor"}, "operator:1")
    actors = ("operator:1", "operator:9", "operator:x", "agent:iris", "policy", None)
    expected = ["You", "Someone", "Someone", "Iris", "The policy", "The console"]
    assert [faces(actor).first for actor in actors] == expected
