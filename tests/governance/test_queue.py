"""The queue of what waits: whose it is, in which order, page by page, and how many there are."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from console import governance
from console.db import db, now, transaction
from console.governance import Wanted
from console.governance.actors import find_actor
from console.governance.policy import Policy, Section
from console.governance.tallies import fold_tallies
from console.models import LaneTally, Operator, Role, ToolApproval
from console.tools import RiskTier
from tests.desk import Desk

EVERYTHING = Wanted("all")


def ids(operator: Operator, wanted: Wanted = EVERYTHING, limit: int = 50, **place: Any) -> list[int]:
    return [row.id for row in governance.list_queue(operator, wanted, limit=limit, **place).rows]


def due_in(desk: Desk, lane: ToolApproval, seconds: int) -> None:
    desk.tamper(
        "UPDATE tool_approvals SET expires_at = now() + :s * interval '1 second' WHERE id = :id",
        s=seconds,
        id=lane.id,
    )


def test_it_is_read_soonest_to_lapse_first_in_one_query(desk: Desk) -> None:
    late, soon, middle = desk.pending(), desk.pending("refund"), desk.pending()
    for lane, seconds in ((late, 900), (soon, 60), (middle, 300)):
        due_in(desk, lane, seconds)
    sent: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    assert ids(desk.cast.ada) == [soon.id, middle.id, late.id]
    assert len(sent) == 1


def test_every_page_follows_the_one_before_without_a_gap(desk: Desk) -> None:
    lanes = [desk.pending() for _ in range(7)]
    for number, lane in enumerate(lanes):
        due_in(desk, lane, 100 + number // 2)
    found, after = [], None
    while True:
        queue = governance.list_queue(desk.cast.ada, Wanted("all"), limit=2, after=after)
        found += [row.id for row in queue.rows]
        if not queue.more:
            break
        after = queue.rows[-1].expires_at, queue.rows[-1].id
    assert sorted(found) == [lane.id for lane in lanes] and len(found) == len(set(found))


def test_it_is_narrowed_by_tool_risk_and_requester(desk: Desk) -> None:
    refund, adjust = desk.pending("refund"), desk.pending()
    bens = desk.submit("adjust", desk.ben).lane
    assert bens is not None
    ada = desk.cast.ada
    assert ids(ada, Wanted("all", tool="refund")) == ids(ada, Wanted("all", tier="high_write")) == [refund.id]
    assert ids(ada, Wanted("all", asker=desk.ben)) == [bens.id]
    assert ids(ada, Wanted("all", tool="adjust", asker=desk.iris)) == [adjust.id]
    assert ids(ada, Wanted("all", tool="' OR 1=1")) == []


def test_what_i_asked_is_a_list_of_its_own(desk: Desk) -> None:
    desk.pending()
    mine = desk.submit("refund", desk.ben).lane
    assert mine is not None
    assert ids(desk.cast.ben, Wanted("asked")) == [mine.id] and ids(desk.cast.ada, Wanted("asked")) == []
    assert mine.id not in ids(desk.cast.ben, Wanted("me")) and mine.id in ids(desk.cast.ada, Wanted("me"))


def test_a_row_says_where_it_belongs(desk: Desk) -> None:
    desk.pending()
    [row] = governance.list_queue(desk.cast.ada, Wanted(), limit=5).rows
    assert (row.subject, row.customer, row.resolved_at) == ("Charged twice", "Riya Chen", None)
    assert row.deferred_why is None


def test_the_lane_in_focus_comes_with_the_page_waiting_or_not(desk: Desk) -> None:
    first, decided = desk.pending(), desk.approved()
    queue = governance.list_queue(desk.cast.ada, Wanted(), limit=5, focus=decided.id)
    assert [row.id for row in queue.rows] == [first.id]
    assert queue.focus is not None and queue.focus.status == "approved"
    assert governance.list_queue(desk.cast.ada, Wanted(), limit=5, focus=4711).focus is None


RULES = [
    {"mode": "requires_approval", "four_eyes": four_eyes, "decide": decide}
    for four_eyes in (True, False)
    for decide in (["operator", "admin"], ["admin"], ["operator"], [])
]


@pytest.mark.parametrize("seed", range(4))
def test_what_needs_me_is_what_i_may_decide_whatever_the_rules(desk: Desk, seed: int) -> None:
    """The same answer from SQL, from the counts and from the check that a decision meets."""
    chance = random.Random(seed)
    for number in range(40):
        tool, asker = (
            chance.choice(["refund", "adjust", "ping"]),
            chance.choice([desk.iris, desk.ben, desk.ada]),
        )
        proposal = governance.propose(tool, asker, desk.context(token=f"{seed}-{number}"))
        assert not isinstance(proposal, governance.Blocked)
        governance.request_approval(
            proposal, actor_id=chance.choice([asker, desk.cleo, "system"]), enqueue=desk.enqueued
        )
    for lane_id in range(1, 41):
        rules = chance.choice(RULES)
        desk.tamper(
            "UPDATE tool_approvals SET policy_snapshot = policy_snapshot || CAST(:rules AS jsonb) WHERE id = :id",
            rules=json.dumps(rules),
            id=lane_id,
        )
    desk.tamper("DELETE FROM lane_tallies")
    desk.tamper(
        "INSERT INTO lane_tallies (tool_ref, risk_tier, asked_by, requested_by, four_eyes, decide, difference)"
        " SELECT tool_ref, risk_tier, asked_by, requested_by, (policy_snapshot->>'four_eyes')::boolean,"
        " policy_snapshot->'decide', 1 FROM tool_approvals"
    )
    desk.rule(
        Policy(
            tier={RiskTier.LOW_WRITE: Section(four_eyes=bool(seed % 2))},
            tool={"ping": Section(decide=(Role.ADMIN,))},
        )
    )
    everything = governance.list_queue(desk.cast.ada, Wanted("all"), limit=100).rows
    assert len(everything) == 40
    for operator in (desk.cast.ada, desk.cast.ben, desk.cast.cleo):
        lanes = [row.lane for row in governance.list_lanes([row.id for row in everything])]
        may = {lane.id for lane in lanes if governance.may_decide(lane, operator.actor_id) is None}
        assert ids(operator, Wanted("me"), 100) == [row.id for row in everything if row.id in may]
        numbers = governance.count_queue(operator, Wanted("me"))
        asked = [row for row in everything if row.asked_by == operator.actor_id]
        assert (numbers.me, numbers.asked, numbers.all) == (len(may), len(asked), 40)


def test_the_numbers_follow_every_step_and_stay_when_folded(desk: Desk) -> None:
    lanes = [desk.pending() for _ in range(3)] + [desk.pending("refund")]
    governance.approve(lanes[0].id, desk.ben, enqueue=desk.enqueued)
    governance.reject(lanes[1].id, desk.ben, reason="No.")
    governance.expire(lanes[2].id)
    for _ in range(2):
        numbers = governance.count_queue(desk.cast.ada, Wanted("all", tool="adjust"))
        assert (numbers.me, numbers.all, numbers.matching) == (1, 1, 0)
        assert dict(numbers.tools) == {"refund": 1} and dict(numbers.askers) == {desk.iris: 1}
        fold_tallies()
    assert len(db.session.scalars(select(LaneTally)).all()) == 1
    assert fold_tallies() == 0


def test_what_i_have_approved_waits_for_others(desk: Desk) -> None:
    desk.rule(Policy(tool={"adjust": Section(approvals=2)}))
    lane, other = desk.pending(), desk.pending("refund")
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    ben, ada = desk.cast.ben, desk.cast.ada
    assert ids(ben, Wanted("me")) == [other.id] and ids(ada, Wanted("me")) == [lane.id, other.id]
    numbers = governance.count_queue(ben, Wanted("me", tool="adjust"))
    assert numbers[:4] == (1, 0, 2, 0) and dict(numbers.tools) == {"refund": 1}
    numbers = governance.count_queue(ben, Wanted("all", tool="adjust"))
    assert numbers[:4] == (1, 0, 2, 1) and dict(numbers.tools) == {"refund": 1, "adjust": 1}
    assert governance.count_queue(ada, Wanted("me"))[:4] == (2, 0, 2, 2)


def test_numbers_of_an_empty_queue_are_nought(desk: Desk) -> None:
    numbers = governance.count_queue(desk.cast.ben, Wanted())
    assert numbers[:4] == (0, 0, 0, 0) and not numbers.tools


def test_a_lane_that_a_rolled_back_transaction_opened_does_not_count(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        desk.pending()
        raise ZeroDivisionError
    assert governance.count_queue(desk.cast.ada, Wanted()).all == 0


def test_whoever_adds_a_lane_its_facts_are_the_proposals(desk: Desk) -> None:
    lane = desk.pending("refund")
    desk.tamper(
        "INSERT INTO tool_approvals (tool_proposal_id, status, version, digest, policy_snapshot, requested_by,"
        " expires_at, attempt, attempt_open, starts, created_at, updated_at, tool_ref, decided_by, decided_at, reason)"
        " SELECT tool_proposal_id, 'rejected', 1, digest, policy_snapshot, requested_by, expires_at, 0, false, 0,"
        " created_at, updated_at, 'made up', 'operator:1', now(), 'No.' FROM tool_approvals"
    )
    facts = db.session.execute(
        text("SELECT DISTINCT tool_ref, risk_tier, asked_by FROM tool_approvals")
    ).all()
    assert [tuple(row) for row in facts] == [("refund", "high_write", lane.proposal.actor_id)]


def test_who_may_decide_is_told_for_each_lane(desk: Desk) -> None:
    lane = desk.submit("refund", desk.ben).lane
    assert lane is not None
    assert told(desk, Wanted("all"))[lane.id].deciders == (desk.ada, desk.cleo)


def test_what_a_row_says_follows_every_change(desk: Desk) -> None:
    desk.rule(Policy(tool={"adjust": Section(approvals=2)}))
    lane, other = desk.pending(), desk.pending("refund")
    first = told(desk, Wanted("all"))
    assert told(desk, Wanted("all")) == first and not first[lane.id].voters
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    with transaction():
        desk.cast.iris.scopes = []
        db.session.add(desk.cast.iris)
    desk.tamper("UPDATE operators SET active = false WHERE id = :id", id=desk.cast.cleo.id)
    now_told = told(desk, Wanted("all"))
    assert (now_told[lane.id].deciders, now_told[lane.id].voters) == ((desk.ada,), (desk.ben,))
    assert (now_told[lane.id].counted, now_told[lane.id].needed) == (1, 2)
    assert first[other.id].alarm is None and "no longer holds" in (now_told[other.id].alarm or "")


def told(desk: Desk, wanted: Wanted) -> dict[int, governance.Prospect]:
    rows = governance.list_queue(desk.cast.ada, wanted, limit=9).rows
    known = {one: find_actor(one) for one in (desk.ada, desk.ben, desk.cleo, desk.iris)}
    return {row.id: found for row, found in zip(rows, governance.prospects(rows, known), strict=True)}


def test_a_lane_past_its_deadline_waits_in_the_queue_until_it_is_closed(desk: Desk) -> None:
    lane = desk.pending()
    due_in(desk, lane, -5)
    assert ids(desk.cast.ada) == [lane.id]
    governance.expire(lane.id)
    assert ids(desk.cast.ada) == [] and now() - lane.created_at < timedelta(minutes=5)
