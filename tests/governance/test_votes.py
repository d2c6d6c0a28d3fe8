"""Where the policy asks for several people, each approval is on record, counts once, and the last one decides."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from console import governance
from console.db import transaction
from console.governance import (
    AlreadyVoted,
    FourEyesRequired,
    LaneExpired,
    NotAllowed,
    NotPending,
    StaleView,
    approve,
    execution,
)
from console.governance.policy import Policy
from console.models import ToolApproval
from tests.conftest import Clock
from tests.desk import Desk, Ears


def ask_for(desk: Desk, approvals: int, **more: Any) -> None:
    desk.rule(Policy.model_validate({"tool": {"adjust": {"approvals": approvals, **more}}}))


def voted(desk: Desk, approvals: int = 2) -> ToolApproval:
    """A lane that Ben approved and that takes more."""
    ask_for(desk, approvals)
    lane = desk.pending()
    return approve(
        lane.id, desk.ben, note="Looks right.", version=1, digest=lane.digest, enqueue=desk.enqueued
    )


def voters(lane: ToolApproval) -> list[str]:
    return [vote["by"] for vote in lane.votes]


def test_an_approval_of_several_is_on_record_and_the_lane_waits_on(desk: Desk, clock: Clock) -> None:
    lane = voted(desk)
    assert (lane.status, lane.version, lane.decided_by, lane.execute_by) == ("pending", 2, None, None)
    assert lane.votes == [{"by": desk.ben, "at": clock.moment.isoformat()}]
    assert "resume" not in desk.enqueued.names and desk.waiting == 1


def test_the_last_approval_decides_and_the_resume_job_leaves(desk: Desk) -> None:
    lane = voted(desk)
    done = approve(lane.id, desk.ada, version=2, enqueue=desk.enqueued)
    assert (done.status, done.decided_by, done.version) == ("approved", desk.ada, 3)
    assert voters(done) == [desk.ben, desk.ada] and done.execute_by is not None
    assert desk.enqueued.names.count("resume") == 1 and desk.waiting == 0
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "execution_pending"


def test_each_approval_is_audited_with_how_many_it_takes(desk: Desk) -> None:
    lane = voted(desk)
    approve(lane.id, desk.ada, enqueue=desk.enqueued)
    first, last = governance.list_events(lane.tool_proposal_id)[-2:]
    assert (first.event_type, first.actor_id, first.reason) == ("vote_recorded", desk.ben, "Looks right.")
    assert (first.from_status, first.to_status, first.details) == (
        "pending",
        "pending",
        {"votes": 1, "of": 2},
    )
    assert (last.event_type, last.actor_id, last.details) == ("approved", desk.ada, {"votes": 2, "of": 2})


def test_each_approval_is_announced_after_the_commit_alone(desk: Desk, ears: Ears) -> None:
    ask_for(desk, 2)
    lane = desk.pending()
    ears.heard()
    with pytest.raises(ZeroDivisionError), transaction():
        approve(lane.id, desk.ben, enqueue=desk.enqueued)
        raise ZeroDivisionError
    assert ears.heard() == [] and desk.fresh(lane).votes == [] and desk.fresh(lane).version == 1
    approve(lane.id, desk.ben, enqueue=desk.enqueued)
    assert {"inbox", "approvals", "lanes", f"conversation:{lane.conversation_id}"} <= set(ears.heard())


def test_nobody_approves_twice(desk: Desk) -> None:
    lane = voted(desk)
    for version in (1, 2, None):
        with pytest.raises(AlreadyVoted, match="1 more") as refusal:
            approve(lane.id, desk.ben, version=version)
        assert (refusal.value.code, refusal.value.status) == ("already_voted", 409)
    assert desk.fresh(lane).version == 2 and desk.events(lane).count("vote_recorded") == 1


def test_a_card_from_before_the_first_approval_is_stale(desk: Desk) -> None:
    lane = voted(desk)
    with pytest.raises(StaleView):
        approve(lane.id, desk.ada, version=1)
    assert voters(desk.fresh(lane)) == [desk.ben]


@pytest.mark.parametrize("verb", [governance.reject, governance.defer])
@pytest.mark.parametrize("who", ["ada", "ben"])
def test_one_no_ends_it_also_by_someone_who_approved(desk: Desk, verb: Any, who: str) -> None:
    lane = voted(desk, approvals=3)
    done = verb(lane.id, getattr(desk, who), reason="On second thought, no.", version=2)
    assert done.status in ("rejected", "deferred") and desk.waiting == 0
    with pytest.raises(NotPending):
        approve(lane.id, desk.cleo)


def test_a_new_lane_begins_without_approvals(desk: Desk) -> None:
    lane = voted(desk)
    governance.defer(lane.id, desk.ada, reason="Later.")
    again = governance.request_approval(lane.proposal, enqueue=desk.enqueued)
    assert again.votes == [] and again.policy_snapshot["approvals"] == 2


@pytest.mark.parametrize("actor", ["agent:iris", "system", "policy", "operator:99"])
def test_no_software_and_no_stranger_is_one_of_several(desk: Desk, actor: str) -> None:
    lane = voted(desk)
    with pytest.raises(NotAllowed):
        approve(lane.id, actor)


def test_who_asked_never_counts_among_several_not_even_where_four_eyes_are_off(desk: Desk) -> None:
    ask_for(desk, 2, four_eyes=False)
    lane = desk.submit("adjust", desk.ben).lane
    assert lane is not None and lane.policy_snapshot["four_eyes"] is True
    with pytest.raises(FourEyesRequired):
        approve(lane.id, desk.ben)
    approve(lane.id, desk.ada, enqueue=desk.enqueued)
    assert approve(lane.id, desk.cleo, enqueue=desk.enqueued).status == "approved"


def test_an_approval_of_someone_deactivated_since_does_not_count_and_a_third_one_does(desk: Desk) -> None:
    lane = voted(desk)
    desk.tamper("UPDATE operators SET active = false WHERE id = :id", id=desk.cast.ben.id)
    lane = approve(lane.id, desk.ada, enqueue=desk.enqueued)
    assert lane.status == "pending" and governance.approvals(lane).missing == 1
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert (event.event_type, event.details) == ("vote_recorded", {"votes": 1, "of": 2})
    lane = approve(lane.id, desk.cleo, enqueue=desk.enqueued)
    assert lane.status == "approved"
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "execution_pending"


def test_when_enough_count_again_whoever_approved_may_say_so_once_more(desk: Desk) -> None:
    lane = voted(desk)
    desk.tamper("UPDATE operators SET active = false WHERE id = :id", id=desk.cast.ben.id)
    approve(lane.id, desk.ada, enqueue=desk.enqueued)
    desk.tamper("UPDATE operators SET active = true WHERE id = :id", id=desk.cast.ben.id)
    done = approve(lane.id, desk.ada, enqueue=desk.enqueued)
    assert done.status == "approved" and voters(done) == [desk.ben, desk.ada]


def test_a_role_that_the_policy_no_longer_names_takes_its_approval_along(desk: Desk) -> None:
    lane = voted(desk)
    desk.rule(Policy.model_validate({"tool": {"adjust": {"approvals": 2, "decide": ["admin"]}}}))
    assert governance.approvals(lane).counted == 0
    assert approve(lane.id, desk.ada, enqueue=desk.enqueued).status == "pending"


def test_a_policy_that_asks_for_more_people_counts_for_lanes_that_wait(desk: Desk) -> None:
    lane = desk.pending()
    ask_for(desk, 2)
    assert approve(lane.id, desk.ben, enqueue=desk.enqueued).status == "pending"
    assert approve(lane.id, desk.ada, enqueue=desk.enqueued).status == "approved"


def test_a_policy_that_asks_for_fewer_people_does_not_count_for_lanes_that_wait(desk: Desk) -> None:
    ask_for(desk, 3)
    lane = desk.pending()
    desk.rule(Policy())
    for one in (desk.ben, desk.ada):
        assert approve(lane.id, one, enqueue=desk.enqueued).status == "pending"
    assert approve(lane.id, desk.cleo, enqueue=desk.enqueued).status == "approved"


def test_too_few_approvals_before_the_deadline_are_none(desk: Desk, clock: Clock) -> None:
    lane = voted(desk)
    clock.advance(days=2)
    with pytest.raises(LaneExpired):
        approve(lane.id, desk.ada)
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert event.event_type == "expired" and (event.reason or "").startswith("Too few people approved")


def test_the_database_refuses_a_lane_with_fewer_approvals_than_its_policy_asks_for(desk: Desk) -> None:
    lane = voted(desk)
    with pytest.raises(IntegrityError, match="enough_votes"):
        desk.tamper(
            "UPDATE tool_approvals SET status = 'approved', decided_by = 'operator:2', decided_at = now()"
            " WHERE id = :id",
            id=lane.id,
        )


def test_an_approval_from_before_approvals_were_counted_still_counts(desk: Desk) -> None:
    lane = desk.approved()
    desk.tamper("UPDATE tool_approvals SET votes = '[]', policy_snapshot = policy_snapshot - 'approvals'")
    execution.resume(lane.id, enqueue=desk.enqueued)
    assert desk.fresh(lane).status == "execution_pending"
