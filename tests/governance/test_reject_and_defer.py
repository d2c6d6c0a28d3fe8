"""Saying no, and not now: both with a reason that whoever asked will read."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from console import governance
from console.db import transaction
from console.governance import LaneExpired, NotAllowed, NotPending, ReasonRequired, StaleView
from tests.conftest import Clock
from tests.desk import Desk, Ears

BOTH = pytest.mark.parametrize(("verb", "status"), [("reject", "rejected"), ("defer", "deferred")])
EITHER = pytest.mark.parametrize("verb", ["reject", "defer"])


def decide(verb: str, *args: Any, **words: Any) -> Any:
    return getattr(governance, verb)(*args, **words)


@BOTH
def test_the_decision_is_recorded_with_its_reason(desk: Desk, verb: str, status: str) -> None:
    lane = desk.pending()
    reason = "  Wrong customer.\r\nAsk her again. "
    done = decide(verb, lane.id, desk.ben, reason=reason, version=1, digest=lane.digest)
    assert (done.status, done.decided_by) == (status, desk.ben)
    assert done.reason == "Wrong customer.\nAsk her again."
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert (event.event_type, event.actor_id, event.reason) == (status, done.decided_by, done.reason)
    assert "resume" not in desk.enqueued.names


@EITHER
def test_it_is_announced_after_the_commit_alone(desk: Desk, ears: Ears, verb: str) -> None:
    lane = desk.pending()
    ears.heard()
    with pytest.raises(ZeroDivisionError), transaction():
        decide(verb, lane.id, desk.ben, reason="No.")
        raise ZeroDivisionError
    assert ears.heard() == [] and desk.fresh(lane).status == "pending"
    decide(verb, lane.id, desk.ben, reason="No.")
    assert "approvals" in ears.heard()


@EITHER
@pytest.mark.parametrize("reason", ["", "   ", "\n\t\r\n", "\u00a0\u2003", "\u200b\ufeff", None], ids=ascii)
def test_whitespace_is_no_reason(desk: Desk, verb: str, reason: str | None) -> None:
    lane = desk.pending()
    with pytest.raises(ReasonRequired) as refusal:
        decide(verb, lane.id, desk.ben, reason=reason)
    assert refusal.value.status == 422 and desk.fresh(lane).status == "pending"


@EITHER
def test_a_reason_has_two_thousand_characters_at_most(desk: Desk, verb: str) -> None:
    lane = desk.pending()
    with pytest.raises(ReasonRequired, match="2,001"):
        decide(verb, lane.id, desk.ben, reason="ä" * 2001)
    full = "ä" * 1000 + "\r\n" + "😀" * 999
    assert len(decide(verb, lane.id, desk.ben, reason=full).reason) == 2000


@EITHER
@pytest.mark.parametrize("reason", ["a\x00b", "a\ud800b"], ids=ascii)
def test_a_reason_that_cannot_be_stored_is_refused(desk: Desk, verb: str, reason: str) -> None:
    lane = desk.pending()
    with pytest.raises(ReasonRequired, match="character"):
        decide(verb, lane.id, desk.ben, reason=reason)


@EITHER
def test_markup_in_a_reason_is_kept_as_it_is(desk: Desk, verb: str) -> None:
    words = "<b>no</b>'; DROP TABLE tool_approvals; --"
    assert decide(verb, desk.pending().id, desk.ben, reason=words).reason == words


@EITHER
def test_a_stale_view_is_refused(desk: Desk, verb: str) -> None:
    lane = desk.pending()
    with pytest.raises(StaleView):
        decide(verb, lane.id, desk.ben, reason="No.", version=7)


@EITHER
def test_an_agent_does_not_decide(desk: Desk, verb: str) -> None:
    lane = desk.pending()
    with pytest.raises(NotAllowed):
        decide(verb, lane.id, "agent:iris", reason="No.")


@EITHER
@pytest.mark.parametrize("state", ["approved", "to_run"])
def test_what_was_decided_stays_decided(desk: Desk, verb: str, state: str) -> None:
    lane = getattr(desk, state)()
    with pytest.raises(NotPending, match="Ben Weiss approved"):
        decide(verb, lane.id, desk.ada, reason="No.")


@EITHER
def test_who_comes_second_reads_the_reason_of_the_first(desk: Desk, verb: str) -> None:
    lane = desk.pending()
    governance.reject(lane.id, desk.ada, reason="Not her order.")
    with pytest.raises(NotPending, match=r"Ada Okafor rejected this at .*Not her order\."):
        decide(verb, lane.id, desk.ben, reason="No.")


@EITHER
def test_after_the_deadline_the_lane_closes_as_expired(desk: Desk, clock: Clock, verb: str) -> None:
    lane = desk.pending()
    clock.advance(days=2)
    with pytest.raises(LaneExpired):
        decide(verb, lane.id, desk.ben, reason="No.")
    assert desk.fresh(lane).status == "expired"


@EITHER
def test_a_missing_reason_leaves_the_lane_alone_inside_a_larger_transaction(desk: Desk, verb: str) -> None:
    lane, other = desk.pending(), desk.pending("refund")
    with transaction():
        with pytest.raises(ReasonRequired):
            decide(verb, lane.id, desk.ben, reason=" ")
        decide(verb, other.id, desk.ben, reason="No.")
    assert desk.fresh(lane).status == "pending" and desk.fresh(other).status != "pending"


@pytest.mark.parametrize("status", ["rejected", "deferred"])
@pytest.mark.parametrize("reason", ["NULL", "''", "E' \\n\\t'"])
def test_the_database_too_wants_a_reason(desk: Desk, status: str, reason: str) -> None:
    desk.pending()
    with pytest.raises(IntegrityError, match="reason_given"):
        desk.tamper(
            f"UPDATE tool_approvals SET status = '{status}', reason = {reason}, decided_by = 'x', decided_at = now()"
        )
