"""Of any number of decisions on one lane exactly one is made, and the others learn who made it."""

from __future__ import annotations

import re
from functools import partial
from itertools import cycle, islice
from typing import Any

from flask import Flask

from console import governance
from console.governance import GovernanceError, LaneExpired, NotPending, execution
from tests.conftest import Clock
from tests.desk import Desk
from tests.races.crowd import crowd, sorted_out

DECISION = re.compile(
    r"(You, )?(Ada Okafor|Ben Weiss|Cleo Marchetti),? (approved|rejected|deferred) this (already )?at \d\d:\d\d UTC on "
)


def decisions(desk: Desk, lane_id: int, count: int) -> list[Any]:
    """Mixed decisions by different people."""
    people = [desk.ada, desk.ben, desk.cleo]
    verbs = [
        partial(governance.approve, enqueue=desk.enqueued),
        partial(governance.reject, reason="No."),
        partial(governance.defer, reason="Later."),
    ]
    pairs = islice(zip(cycle(verbs), cycle(people * 2 + people[1:]), strict=False), count)
    return [partial(verb, lane_id, actor, version=1) for verb, actor in pairs]


def test_of_eight_decisions_exactly_one_wins_a_hundred_times_in_a_row(app: Flask, desk: Desk) -> None:
    winners = set()
    with crowd(app) as people:
        for _ in range(100):
            lane = desk.pending()
            won, refused = sorted_out(people.at_once(*decisions(desk, lane.id, 8)), NotPending)
            assert len(won) == 1 and len(refused) == 7
            assert all(DECISION.match(str(refusal)) for refusal in refused), refused
            lane = desk.fresh(lane)
            assert (lane.status, lane.version) == (won[0].status, 2)
            assert desk.events(lane)[2:] == [lane.status]
            winners.add(lane.status)
    assert len(winners) > 1, "the same verb won a hundred times: it was no race"
    assert desk.waiting == 0


def test_an_approval_and_an_expiry_never_both_count(app: Flask, desk: Desk, clock: Clock) -> None:
    with crowd(app) as people:
        for _ in range(20):
            lane = desk.pending()
            approve = partial(governance.approve, lane.id, desk.ben, enqueue=desk.enqueued)
            admin = partial(governance.expire, lane.id, actor_id=desk.ada)
            won, _ = sorted_out(
                people.at_once(approve, admin, partial(governance.expire, lane.id)), GovernanceError
            )
            assert len(won) == 1 and len(desk.events(lane)) == 3


def test_after_the_deadline_all_close_the_lane_once(app: Flask, desk: Desk, clock: Clock) -> None:
    with crowd(app) as people:
        for _ in range(10):
            lane = desk.pending()
            clock.advance(days=2)
            sweeps = [partial(execution.expire_due, lane.id)] * 3
            answers = people.at_once(*decisions(desk, lane.id, 4), *sweeps)
            won, refused = sorted_out(answers, GovernanceError)
            assert all(isinstance(refusal, LaneExpired) for refusal in refused) and len(refused) == 4
            assert sum(won) <= 1 and desk.events(lane)[2:] == ["expired"]


def test_an_approval_and_the_resume_of_another_lane_of_the_conversation_do_not_wait_for_each_other_forever(
    app: Flask, desk: Desk
) -> None:
    """Row locks are taken lane, proposal, conversation, by everybody: no deadlock among neighbours."""
    with crowd(app) as people:
        for number in range(10):
            first, second, third = desk.pending(), desk.approved(), desk.pending("refund")
            governance.defer(third.id, desk.ada, reason="Later.")
            sorted_out(
                people.at_once(
                    partial(governance.approve, first.id, desk.ben, enqueue=desk.enqueued),
                    partial(execution.resume, second.id, enqueue=desk.enqueued),
                    partial(governance.request_approval, third.proposal, enqueue=desk.enqueued),
                    partial(governance.expire, first.id),
                    partial(desk.submit, "refund", token=f"n{number}"),
                    partial(desk.submit, "adjust", token=f"n{number}"),
                    partial(governance.reject, third.id, desk.ben, reason="No."),
                ),
                GovernanceError,
            )
