"""Random walks over the facade beside a small pure model of the transition table: they never disagree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from console import db as database
from console import governance
from console.db import db, transaction
from console.governance import GovernanceError, ToolContext, execution
from console.governance.policy import Policy
from console.models import Conversation, Operator, ToolProposal
from jobs import actions
from tests.conftest import Cast, make_cast
from tests.emptying import empty
from tests.governance.lane_model import OPEN, Model

# One rule that draws from a list, the ways to an outcome named more often than the ways to a refusal: of several rules
# Hypothesis leaves some out of each walk, and hardly any walk would get to an end.
WAY: list[tuple[Any, ...]] = [("request",), ("decide", "approved", "operator:1", False, ""), ("job_resume",)]
SECOND = ("decide", "approved", "operator:3", False, "")
AHEAD = [
    *WAY[:2],
    SECOND,
    *WAY[2:],
    ("job_execute",),
    ("time_passes", 11),
    ("job_execute",),
    ("time_passes", 11),
]
STEPS: list[tuple[Any, ...]] = [
    *WAY * 2,
    *[SECOND] * 2,
    *[("leaves", 1), ("leaves", 3)] * 2,
    *[("returns", 1), ("returns", 3)] * 2,
    ("decide", "approved", "operator:2", True, ""),
    ("decide", "approved", "agent:iris", False, ""),
    *[("decide", "rejected", "operator:2", False, "Because.")] * 2,
    ("decide", "rejected", "operator:9", False, "Because."),
    ("decide", "rejected", "operator:3", False, " \t\n"),
    *[("decide", "deferred", "operator:3", False, "Because.")] * 2,
    ("decide", "deferred", "operator:1", False, "\u00a0"),
    ("job_expire",),
    *[("job_execute",)] * 4,
    ("execute_approved",),
    *[("time_passes", seconds) for seconds in (1, 2, 11, 11, 600, 901, 172_799, 172_800)],
]


class Walk(RuleBasedStateMachine):
    """One proposal, everything that can happen to it, in any order."""

    app: Flask
    make_cast: Any
    seen: ClassVar[set[str | None]] = set()
    half_way: ClassVar[int] = 0

    @initialize(
        outcome=st.sampled_from(["work", "fail", "refuse"]),
        needed=st.sampled_from([1, 2]),
        ahead=st.integers(0, len(AHEAD)),
    )
    def ask(self, outcome: str, needed: int, ahead: int) -> None:
        self.outcome = outcome
        self.model = Model(datetime.now(UTC), needed)
        rules = Policy.model_validate({"tool": {"refund": {"approvals": needed}}})
        self.app.extensions["console_policy"] = rules
        database.clock = lambda: self.model.now
        empty(self.app)
        cast: Cast = self.make_cast()
        context = ToolContext(
            tool_params={"does": outcome}, scopes=("orders:refund",), conversation_id=cast.conversation.id
        )
        proposal = governance.propose("refund", "agent:iris", context)
        assert isinstance(proposal, ToolProposal)
        self.proposal, self.lane_id = proposal, 999
        for step in AHEAD[:ahead]:
            self.take(step)

    @contextmanager
    def answers(self) -> Iterator[list[str | None]]:
        """The code of the refusal that the block ended with, or None."""
        code: list[str | None] = [None]
        try:
            yield code
        except GovernanceError as error:
            code[0] = error.code

    @rule(step=st.sampled_from(STEPS))
    def take(self, step: tuple[Any, ...]) -> None:
        name, *words = step
        getattr(self, name)(*words)

    def request(self) -> None:
        with self.answers() as code:
            self.lane_id = governance.request_approval(self.proposal, enqueue=ignore).id
        assert code[0] == self.model.open()

    def decide(self, event: str, actor: str, stale: bool, reason: str) -> None:
        version = self.model.version + (7 if stale else 0)
        verb = {"approved": governance.approve, "rejected": governance.reject, "deferred": governance.defer}[
            event
        ]
        words = {} if event == "approved" else {"reason": reason}
        with self.answers() as code:
            verb(self.lane_id, actor, version=version, enqueue=ignore, **words)  # type: ignore[operator]
        expected = (
            "not_found" if self.model.status is None else self.model.decide(event, actor, stale, reason)
        )
        assert code[0] == expected

    def leaves(self, number: int) -> None:
        self.be(number, active=False)
        self.model.gone.add(f"operator:{number}")

    def returns(self, number: int) -> None:
        self.be(number, active=True)
        self.model.gone.discard(f"operator:{number}")

    def be(self, number: int, *, active: bool) -> None:
        with transaction():
            operator = db.session.get(Operator, number)
            assert operator is not None
            operator.active = active

    def job_expire(self) -> None:
        actions.expire(self.lane_id)
        self.model.expire_due()

    def job_resume(self) -> None:
        actions.resume(self.lane_id)
        self.model.resume()

    def job_execute(self) -> None:
        actions.execute(self.lane_id)
        self.model.execute(self.outcome)

    def execute_approved(self) -> None:
        with self.answers() as code:
            governance.execute_approved(self.lane_id, enqueue=ignore)
        if self.model.status is None:
            assert code[0] == "not_found"
        elif self.model.status != "execution_pending":
            assert code[0] == "not_execution_pending"
        else:
            assert code[0] is None
            self.model.step("execution_enqueued", "execution_pending")

    def time_passes(self, seconds: int) -> None:
        self.model.now += timedelta(seconds=seconds)

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        if not hasattr(self, "proposal"):
            return
        db.session.rollback()
        lane = governance.get_latest_approval(self.proposal.id)
        assert [str(e.event_type) for e in governance.list_events(self.proposal.id)] == self.model.history
        assert (lane.status if lane else None) == self.model.status
        self.seen.add(self.model.status)
        type(self).half_way += self.model.history[-1] == "vote_recorded"
        if lane is not None:
            assert lane.version == self.model.version and lane.attempt == self.model.attempts
            assert [vote["by"] for vote in lane.votes] == self.model.votes
            conversation = db.session.get(Conversation, lane.conversation_id, populate_existing=True)
            assert conversation is not None and conversation.waiting_lanes == int(lane.status == "pending")

    def teardown(self) -> None:
        db.session.remove()


def ignore(job: str, lane_id: int, **options: Any) -> None:
    """Nothing is sent: the walk itself decides which job comes when."""


def test_no_walk_disagrees_with_the_transition_table(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "clock", database.clock)
    monkeypatch.setattr(execution, "leave", lambda *_, **__: None)
    monkeypatch.setitem(app.extensions, "console_policy", Policy())
    Walk.app, Walk.make_cast = app, staticmethod(make_cast)
    walks = settings(
        max_examples=60,
        stateful_step_count=20,
        deadline=None,
        database=None,
        derandomize=True,
        # Twenty steps can be read as they are; making a failing walk shorter would take minutes.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Walk, settings=walks)
    assert Walk.seen >= {
        *OPEN,
        "rejected",
        "deferred",
        "expired",
        "executed",
        "execution_failed",
        "invalidated",
    }
    assert Walk.half_way > 5
