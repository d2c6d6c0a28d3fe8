"""Random walks over the facade beside the pure model: everything that can happen to one proposal, in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import psycopg
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import update

from console import db as database
from console import governance, queue
from console.db import db
from console.governance import GovernanceError, ToolContext, execution
from console.models import ApiToken, Operator, ToolProposal
from jobs import actions
from jobs.sweep import sweep
from tests.conftest import make_cast
from tests.emptying import empty
from tests.governance.lane_model import Model
from tests.governance.lane_words import Lane, Person
from tests.governance.record import (
    ENTITLED,
    GROUND,
    SAME,
    SWEPT,
    agrees,
    demand,
    ran_what_was_approved,
    says_what_the_table_says,
    starts_of,
)
from tests.governance.steps import (
    ADA,
    BEN,
    BUILT,
    CLEO,
    DRAWN,
    ELSEWHERE,
    FORWARD,
    IRIS,
    LANELESS,
    POLICIES,
    SCOPE,
    STEPS,
    TOOLS,
)


class Walk(RuleBasedStateMachine):
    """One proposal, several people, one agent, the system, and clocks that are a little off."""

    app: Flask
    eye: psycopg.Connection[Any]
    """Sees what is committed, and nothing else."""
    seen: ClassVar[Counter[str]] = Counter()
    """Statuses, refusals and events that were met; `walks` and `steps` that were taken."""
    different: ClassVar[set[int]] = set()
    """One number a walk."""
    last: ClassVar[list[tuple[Any, ...]]] = []
    """What the newest walk did, to read when it disagrees."""

    @initialize(
        tool=st.sampled_from(DRAWN),
        asker=st.sampled_from([IRIS, IRIS, BEN]),
        outcome=st.sampled_from(["work", "fail", "refuse"]),
        policy=st.sampled_from(["plain", "plain", "two", "three", "admins"]),
    )
    def ask(self, tool: str, asker: str, outcome: str, policy: str) -> None:
        empty(self.app)
        people = {
            ADA: Person("admin", scoped=True),
            BEN: Person("operator", scoped=True),
            CLEO: Person("operator", scoped=False),
            IRIS: Person(None, scoped=True),
        }
        model = Model(
            datetime.now(UTC), asker, people, outcome=outcome, policy=POLICIES[policy][0], **TOOLS[tool]
        )
        database.clock = lambda: self.model.now
        self.model, self.jobs = model, list[tuple[str, int]]()
        queue.push = self.note
        self.app.extensions["console_policy"] = BUILT[policy]
        self.conversation_id = make_cast().conversation.id
        self.begin(tool, model)
        type(self).last = [(tool, asker, outcome, policy)]

    def __init__(self) -> None:
        super().__init__()
        self.proposals = list[int]()

    def begin(self, tool: str, model: Model) -> None:
        """Somebody asks for something that was not asked before."""
        self.tool, self.model = tool, model
        proposal = governance.propose(tool, model.asker, self.context(anew=True))
        assert isinstance(proposal, ToolProposal)
        self.proposal, self.lanes = proposal, list[int]()
        self.proposals.append(proposal.id)

    def note(self, job: str, lane_id: int, **options: Any) -> None:
        """What left for the queue: the walk itself decides which job comes when."""
        self.jobs.append((job.rpartition(".")[2], lane_id))

    def context(self, *, anew: bool = False) -> ToolContext:
        asker = self.model.people[self.model.asker]
        number = len(self.proposals) + anew
        return ToolContext(
            tool_params={"does": self.model.outcome},
            scopes=(SCOPE,) if asker.scoped else (),
            conversation_id=self.conversation_id,
            idempotency_token=str(number),
        )

    @rule(
        step=st.sampled_from(STEPS),
        back=st.sampled_from([0, 0, 0, 0, 1]),
        off=st.sampled_from([0, 0, 0, -3, 3]),
    )
    def take(self, step: tuple[Any, ...], back: int, off: int) -> None:
        """Take a step with the latest lane or one before it, on a machine whose clock is some seconds off."""
        self.number = max(0, len(self.lanes) - 1 - back)
        if step[0] == "forward":
            step = self.forward(*step[1:])
        self.last.append((*step, f"lane {self.number}", f"{off} s"))
        name, *words = step
        if name in LANELESS or self.lanes:
            with self.model.clock_off(off):
                getattr(self, name)(*words)
        self.seen["steps"] += 1
        if name not in ELSEWHERE:
            self.compare()

    def forward(self, way: int) -> tuple[Any, ...]:
        """What brings the lane on."""
        status = self.lane.status if self.lanes else "none"
        return FORWARD.get(status, FORWARD["none"])[way]

    def compare(self) -> None:
        """The database, the answers and the queue say what the model says."""
        self.lanes = agrees(self.eye, self.proposal.id, self.model)
        sent = [(job, self.lanes[number]) for job, number in self.model.sent]
        demand(sorted(self.jobs) == sorted(sent), SAME, f"sent {self.jobs}, and should have sent {sent}")
        self.jobs.clear()
        self.model.sent.clear()

    @property
    def lane(self) -> Lane:
        return self.model.lanes[self.number]

    @property
    def lane_id(self) -> int:
        return self.lanes[self.number]

    def refused(self, expected: str | None, verb: Callable[[], Any]) -> None:
        """The verb is refused with that code, or not at all."""
        code = None
        try:
            verb()
        except GovernanceError as error:
            code = error.code
        claim = ENTITLED if expected in ("not_allowed", "four_eyes_required") and code is None else SAME
        demand(code == expected, claim, f"answered {code}, and should have answered {expected}")
        self.seen[f"refused: {code}" if code else "went through"] += 1

    def submit(self) -> None:
        self.refused(
            self.model.submit(), lambda: governance.submit(self.tool, self.model.asker, self.context())
        )

    def asks_for(self, tool: str) -> None:
        """Something else, once nothing more can come of what was asked before."""
        model = self.model
        if model.is_over() and model.people[model.asker].scoped:
            self.begin(tool, model.after(**TOOLS[tool]))

    def request(self, actor: str | None) -> None:
        expected = self.model.request(actor)
        self.refused(expected, lambda: governance.request_approval(self.proposal, actor_id=actor))

    def decide(
        self, event: str, actor: str, stale: bool = False, reason: str = "", wait: int | None = None
    ) -> None:
        until = None if wait is None else self.model.now + timedelta(seconds=wait)
        version = self.lane.version + 7 * stale
        expected = self.model.decide(self.lane, event, actor, stale=stale, reason=reason, until=until)
        if event == "approved":
            self.refused(expected, lambda: governance.approve(self.lane_id, actor, version=version))
            return
        if event == "rejected":
            self.refused(
                expected, lambda: governance.reject(self.lane_id, actor, reason=reason, version=version)
            )
            return
        words: dict[str, Any] = {"reason": reason, "until": until, "version": version}
        self.refused(expected, lambda: governance.defer(self.lane_id, actor, **words))

    def expire(self, actor: str) -> None:
        expected = self.model.expire(self.lane, actor)
        self.refused(expected, lambda: governance.expire(self.lane_id, actor_id=actor))

    def execute_approved(self) -> None:
        expected = self.model.execute_approved(self.lane)
        self.refused(expected, lambda: governance.execute_approved(self.lane_id))

    def start_again(self, actor: str) -> None:
        expected = self.model.start_again(self.lane, actor)
        self.refused(expected, lambda: governance.start_again(self.lane_id, actor))

    def job_expire(self) -> None:
        actions.expire(self.lane_id)
        self.model.expire_due(self.lane)

    def job_resume(self) -> None:
        actions.resume(self.lane_id)
        self.model.resume(self.lane)

    def job_execute(self) -> None:
        actions.execute(self.lane_id)
        self.executed(dies=False)

    def worker_dies(self) -> None:
        """As much of the job as is committed when its worker dies inside the tool."""
        with execution.lane_lock(self.lane_id) as held:
            assert held
            execution.start(self.lane_id)
        self.executed(dies=True)

    def executed(self, *, dies: bool) -> None:
        if not self.model.holds(self.lane):
            started = starts_of(self.eye, self.lane_id) > self.lane.starts
            demand(not started, GROUND, "it was started, though what allowed it does not hold any more")
        self.model.execute(self.lane, dies=dies)

    def sweeps(self) -> None:
        found = {name: count for name, count in sweep().items() if not name.startswith("deliveries")}
        expected = self.model.sweep()
        demand(found == expected, SWEPT, f"the sweep found {found}, and should have found {expected}")
        self.seen["sweeps"] += 1
        self.seen["swept"] += sum(found.values())

    def becomes(self, actor: str, what: str, value: Any) -> None:
        """Somebody is given or loses a permission, a role or the account."""
        setattr(self.model.people[actor], what, value)
        column, stored = ("scopes", [SCOPE] * value) if what == "scoped" else (what, value)
        if actor == IRIS:
            db.session.execute(update(ApiToken).values({column: stored}))
        else:
            db.session.execute(update(Operator).where(Operator.id == int(actor[-1])).values({column: stored}))
        db.session.commit()

    def policy_is(self, name: str) -> None:
        """The policy changes while lanes are on their way."""
        self.model.policy = POLICIES[name][0]
        self.app.extensions["console_policy"] = BUILT[name]

    def tampers(self, amount: int) -> None:
        """Somebody changes the input behind everybody's back."""
        self.model.input = amount
        changed = {"does": self.model.outcome, "amount": amount}
        changing = update(ToolProposal).where(ToolProposal.id == self.proposal.id)
        db.session.execute(changing.values(input=changed))
        db.session.commit()

    def time_passes(self, seconds: int) -> None:
        self.model.now += timedelta(seconds=seconds)

    def teardown(self) -> None:
        try:
            for proposal_id in self.proposals:
                says_what_the_table_says(self.eye, proposal_id, self.seen)
            ran_what_was_approved(self.eye)
            self.seen["walks"] += 1
            self.different.add(hash(tuple(self.last)))
        finally:
            db.session.remove()
