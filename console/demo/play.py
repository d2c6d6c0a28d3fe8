"""Plays the demo's script: every step at its time, through the public verbs and the jobs that run in earnest.

What a step sends to the queue goes onto the play's own agenda, so that an approval is followed by its run a moment
later, and a deadline that nobody met by its expiry. What lies in the future is left to the real queue.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, TypedDict

import structlog
from flask import current_app

from console import conversations, governance, queue
from console import db as database
from console import people as staff
from console.db import after_commit
from console.demo import talk
from console.demo.followups import Followups, as_the_story_goes
from console.demo.script import Action, People, Thread, read_ago
from console.governance import bring_back, execution
from console.governance.policy import Policy
from console.models import Operator, Role
from console.tools import ToolContext
from jobs import actions

LATENCY = timedelta(milliseconds=240)
NOBODY_LISTENS = "http://127.0.0.1:9/"


class Shown(TypedDict):
    """What a decision is bound to."""

    version: int
    digest: str


class Play:
    """One performance, ending at the moment at which it began."""

    def __init__(self, people: People, script: list[Thread], password: str) -> None:
        self.people, self.script, self.password = people, script, password
        self.end = self.moment = database.now()
        self.agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self.tickets = count()
        self.operators: dict[str, Operator] = {}
        self.threads: dict[str, int] = {}
        self.proposals: dict[int, int] = {}
        self.actions: dict[int, Action] = {}
        self.left: list[Callable[[], None]] = []
        """What lies in the future, for the real queue."""

    def perform(self) -> None:
        """Play everything, in the open transaction."""
        with self._moved_clock(), _built_in_policy(), structlog.contextvars.bound_contextvars(demo=True):
            self._hire()
            self.threads = talk.write(self.script, self.operators, self.end)
            for thread in self.script:
                self._plan_thread(thread)
            self.followups = Followups(self.threads, self._actor, self._send)
            for ago, step in self.followups.steps():
                self._ago(ago, _do_as_the_story_goes, step)
            while self.agenda:
                self.moment, _, step = heapq.heappop(self.agenda)
                step()
                for send in database.take_after_commit():
                    send()
        for send in self.left:
            after_commit(send)

    def _plan(self, moment: datetime, step: Callable[[], None]) -> None:
        heapq.heappush(self.agenda, (moment, next(self.tickets), step))

    def _ago(self, ago: timedelta, step: Callable[..., object], *args: Any) -> None:
        self._plan(self.end - ago, partial(_do, step, *args))

    def _hire(self) -> None:
        for nick, person in self.people.operators.items():
            self.moment = self.end - person.since
            self.operators[nick] = staff.create_operator(
                person.email,
                person.name,
                self.password,
                actor_id=staff.SYSTEM,
                role=Role(person.role),
                scopes=person.scopes,
            )
            if person.left is not None:
                self._ago(person.left, staff.deactivate, self.operators[nick].actor_id, staff.SYSTEM)
        for name, agent in self.people.agents.items():
            self.moment = self.end - agent.since
            made, _ = staff.create_agent(name, actor_id=staff.SYSTEM, scopes=agent.scopes)
            if agent.revoked is not None:
                self._ago(agent.revoked, staff.revoke, made.actor_id, staff.SYSTEM, agent.scopes)

    def _plan_thread(self, thread: Thread) -> None:
        for ago, who, *words in thread.said:
            if not words:
                self._ago(ago, self._settle, thread, who)
        for action in thread.action:
            self._ago(action.at, self._ask, thread, action)
            for ago, what, words_with_it in action.then:
                self._ago(ago, self._follow, action, what, words_with_it)

    def _settle(self, thread: Thread, who: str) -> None:
        place = self.threads[thread.id]
        match who.split():
            case ["assign", nick]:
                conversations.assign(place, self._actor(nick), self.operators[nick].id)
            case ["resolve", nick]:
                conversations.resolve(place, self._actor(nick))

    def _ask(self, thread: Thread, action: Action) -> None:
        actor_id = self._actor(action.by)
        context = ToolContext(
            tool_params=action.input,
            scopes=self._scopes(action.by),
            conversation_id=self.threads[thread.id],
            idempotency_token=f"{thread.external_id}:{action.at.total_seconds():.0f}",
        )
        submission = governance.submit(action.tool, actor_id, context, enqueue=self._send)
        if submission.proposal is not None:
            self.proposals[id(action)] = submission.proposal.id
            self.actions[submission.proposal.id] = action

    def _follow(self, action: Action, what: str, words: str) -> None:
        proposal_id = self.proposals[id(action)]
        lane = governance.get_latest_approval(proposal_id)
        assert lane is not None, f"{action.tool} has no lane to {what}"
        shown = Shown(version=lane.version, digest=lane.digest)
        match what.split():
            case ["approve", nick]:
                governance.approve(lane.id, self._actor(nick), note=words, enqueue=self._send, **shown)
            case ["reject", nick]:
                governance.reject(lane.id, self._actor(nick), reason=words, **shown)
            case ["defer", nick, *until]:
                back = self.moment + read_ago(" ".join(until[1:])) if until else None
                governance.defer(lane.id, self._actor(nick), reason=words, until=back, **shown)
            case ["return"]:
                bring_back(lane.id, enqueue=self._send)
            case ["again", nick]:
                governance.request_approval(lane.proposal, actor_id=self._actor(nick), enqueue=self._send)
            case ["recover"]:
                self._run(lane.id)

    def _send(self, job: str, lane_id: Any, **options: Any) -> None:
        at: datetime | None = options.get("at")
        if at is not None and at > self.end:
            self.left.append(partial(queue.push, job, lane_id, **options))
            return
        if job.startswith("jobs.deliveries."):
            work = partial(self.followups.work, job, lane_id)
            self._plan(at or self.moment + LATENCY, partial(_do_as_the_story_goes, work))
            return
        lane = governance.get_approval(lane_id)
        assert lane is not None, "a job leaves for a lane that is there"
        action = self.actions.get(lane.tool_proposal_id)
        wait = action.queue_away if action and action.queue_away and job.endswith("resume") else LATENCY
        self._plan(at or self.moment + wait, partial(self._work, job, lane_id))

    def _work(self, job: str, lane_id: int) -> None:
        match job.rpartition(".")[2]:
            case "expire":
                execution.expire_due(lane_id)
            case "resume":
                execution.resume(lane_id, enqueue=self._send)
            case "execute":
                self._run(lane_id)

    def _run(self, lane_id: int) -> None:
        """As the job does, without the lane's lock: nobody else sees these rows before the commit."""
        run = execution.start(lane_id)
        if run is None:
            return
        lane = governance.get_approval(lane_id)
        action = self.actions.get(lane.tool_proposal_id) if lane else None
        if action is not None and action.worker_dies:
            return
        with _carrier_away(bool(action and action.carrier_away)):
            actions.attempt(run, enqueue=self._send)

    def _actor(self, nick: str) -> str:
        return self.operators[nick].actor_id if nick in self.operators else f"agent:{nick}"

    def _scopes(self, nick: str) -> tuple[str, ...]:
        return tuple(staff.find(self.people.operators[nick].email if nick in self.operators else nick).scopes)

    @contextmanager
    def _moved_clock(self) -> Iterator[None]:
        before, database.clock = database.clock, lambda: self.moment
        try:
            yield
        finally:
            database.clock = before


def _do(step: Callable[..., object], *args: Any) -> None:
    step(*args)


def _do_as_the_story_goes(step: Callable[[], None]) -> None:
    with as_the_story_goes():
        step()


@contextmanager
def _built_in_policy() -> Iterator[None]:
    """What was decided in the past was decided under the built-in table, whatever is in force now."""
    extensions = current_app.extensions
    before, extensions["console_policy"] = extensions["console_policy"], Policy()
    try:
        yield
    finally:
        extensions["console_policy"] = before


@contextmanager
def _carrier_away(away: bool) -> Iterator[None]:
    extensions = current_app.extensions
    before = extensions["settings"]
    if away:
        extensions["settings"] = before.model_copy(update={"carrier_url": NOBODY_LISTENS})
    try:
        yield
    finally:
        extensions["settings"] = before
