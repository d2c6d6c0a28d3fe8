"""What the specification says about one proposal and its lanes, as a small pure model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.governance.lane_words import STRICT, Lane, Person, Rule

WINDOW, RUN_WINDOW, GRACE = timedelta(seconds=172_800), timedelta(seconds=900), timedelta(seconds=10)
BACK_OFF, MOST_ATTEMPTS, MOST_STARTS = (2, 10), 3, 6
OPEN = ("pending", "approved", "execution_pending")


@dataclass
class Model:
    """One proposal: who asked for what, under which policy, and everything that came of it."""

    now: datetime
    asker: str
    people: dict[str, Person]
    declared: Rule = field(default_factory=Rule)
    scope: bool = False
    effects: str = "transactional"
    outcome: str = "work"
    policy: Rule = field(default_factory=Rule)
    input: int = 1
    status: str = "proposed"
    done: int = 0
    lanes: list[Lane] = field(default_factory=list)
    history: list[tuple[str, str]] = field(default_factory=list)
    sent: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mode = self.rules().mode
        self.history.append(("proposal_created", self.asker))

    @contextmanager
    def clock_off(self, seconds: int) -> Iterator[None]:
        """As on a machine whose clock is some seconds off."""
        self.now += timedelta(seconds=seconds)
        yield
        self.now -= timedelta(seconds=seconds)

    def is_over(self) -> bool:
        """Whether time and jobs alone change nothing more."""
        return all(lane.status not in OPEN and not lane.wake_at for lane in self.lanes)

    def after(self, **tool: Any) -> Model:
        """The same people later, with a proposal that has to do with another tool."""
        same = {"outcome": self.outcome, "policy": self.policy, "done": self.done}
        return Model(self.now, self.asker, self.people, **same, **tool)

    def rules(self, lane: Lane | None = None) -> Rule:
        now = self.declared.and_also(self.policy)
        return lane.rule.and_also(now) if lane else now

    def step(self, lane: Lane, event: str, actor: str, status: str | None = None) -> None:
        lane.status, lane.version, lane.touched = status or lane.status, lane.version + 1, self.now
        self.history.append((event, actor))

    def send(self, job: str, lane: Lane) -> None:
        self.sent.append((job, self.lanes.index(lane)))

    def submit(self) -> str | None:
        if self.lanes or self.mode == "always_block":
            return None
        if self.mode == "requires_approval":
            return self.request(None)
        lane = Lane(self.rules(), self.asker, self.now + WINDOW, self.input, self.now, "execution_pending")
        lane.decided_by, lane.run_by = "policy", lane.deadline
        self._add(lane, "execution_enqueued", "policy", "execute")
        return None

    def request(self, actor: str | None) -> str | None:
        if self.mode != "requires_approval" or self.rules().mode == "always_block":
            return "not_requires_approval"
        if self.lanes and self.lanes[-1].status in (*OPEN, "executed"):
            return "lane_already_open"
        actor = actor or self.asker
        self.status = "proposed"
        lane = Lane(self.rules(), actor, self.now + WINDOW, self.input, self.now)
        self._add(lane, "approval_requested", actor, "expire")
        return None

    def _add(self, lane: Lane, event: str, actor: str, job: str) -> None:
        self.lanes.append(lane)
        self.history.append((event, actor))
        self.send(job, lane)

    def refusal(self, lane: Lane, actor: str) -> str | None:
        person, rule = self.people.get(actor), self.rules(lane)
        if person is None or person.role is None or not person.active:
            return "not_allowed"
        if rule.admins and person.role != "admin":
            return "not_allowed"
        return "four_eyes_required" if rule.four_eyes and actor in (self.asker, lane.requested_by) else None

    def missing(self, lane: Lane) -> int:
        counted = sum(self.refusal(lane, voter) is None for voter in lane.votes)
        return max(0, self.rules(lane).approvals - counted)

    def decide(
        self, lane: Lane, event: str, actor: str, *, stale: bool, reason: str, until: datetime | None
    ) -> str | None:
        if refusal := self.refusal(lane, actor):
            return refusal
        if lane.status != "pending":
            return "expired" if lane.status == "expired" and lane.decided_by is None else "not_pending"
        if lane.deadline <= self.now:
            self.step(lane, "expired", "system", "expired")
            return "expired"
        if event == "approved" and actor in lane.votes and self.missing(lane):
            return "already_voted"
        if stale or (event == "approved" and lane.input != self.input):
            return "stale_view"
        if event == "approved":
            self._vote(lane, actor)
            return None
        if not reason.strip():
            return "reason_required"
        lane.decided_by, lane.wake_at = actor, until
        self.step(lane, event, actor, event)
        return None

    def _vote(self, lane: Lane, actor: str) -> None:
        lane.votes += [actor] if actor not in lane.votes else []
        if self.missing(lane):
            self.step(lane, "vote_recorded", actor)
            return
        lane.decided_by, lane.run_by = actor, max(lane.deadline, self.now + RUN_WINDOW)
        self.step(lane, "approved", actor, "approved")
        self.send("resume", lane)

    def _is_admin(self, actor: str) -> bool:
        person = self.people.get(actor)
        return person is not None and person.active and person.role == "admin"

    def expire(self, lane: Lane, actor: str) -> str | None:
        if actor != "system" and not self._is_admin(actor):
            return "not_allowed"
        if lane.status != "pending":
            return "not_pending"
        lane.decided_by = None if actor == "system" else actor
        self.step(lane, "expired", actor, "expired")
        return None

    def expire_due(self, lane: Lane) -> bool:
        due = lane.status == "pending" and lane.deadline <= self.now
        return due and self.expire(lane, "system") is None

    def execute_approved(self, lane: Lane, actor: str = "system") -> str | None:
        if lane.status != "execution_pending":
            return "not_execution_pending"
        self.step(lane, "execution_enqueued", actor)
        self.send("execute", lane)
        return None

    def start_again(self, lane: Lane, actor: str) -> str | None:
        if not self._is_admin(actor):
            return "not_allowed"
        if lane.status not in ("approved", "execution_pending"):
            return "not_execution_pending"
        if lane.retry_at and lane.retry_at > self.now:
            return "not_stuck"
        if lane.status == "execution_pending":
            return self.execute_approved(lane, actor)
        self.step(lane, "execution_enqueued", actor)
        self.send("resume", lane)
        return None

    def as_asked(self, lane: Lane) -> bool:
        asker = self.people[self.asker]
        stricter = STRICT.index(self.rules().mode) > STRICT.index(self.mode)
        granted = asker.active and (asker.scoped or not self.scope)
        return lane.input == self.input and granted and not stricter

    def holds(self, lane: Lane) -> bool:
        return self.as_asked(lane) and (lane.decided_by == "policy" or not self.missing(lane))

    def resume(self, lane: Lane) -> None:
        if lane.status != "approved":
            return
        assert lane.run_by is not None
        if self.now >= lane.run_by:
            self.step(lane, "expired", "system", "expired")
        elif not self.holds(lane):
            self.step(lane, "revalidation_failed", "system", "invalidated")
        else:
            self.step(lane, "revalidation_passed", "system", "execution_pending")
            self.send("execute", lane)

    def execute(self, lane: Lane, *, dies: bool) -> None:
        if lane.status != "execution_pending" or (lane.retry_at and self.now < lane.retry_at):
            return
        assert lane.run_by is not None
        if lane.under_way and (
            self.effects == "unsafe" or (self.effects == "idempotent" and lane.starts >= MOST_STARTS)
        ):
            self._failed(lane, "unknown")
        elif lane.under_way and lane.starts >= MOST_STARTS:
            self._failed(lane, "failed")
        elif self.now < lane.run_by and self.holds(lane):
            lane.attempts += not lane.under_way
            lane.starts, lane.under_way, lane.retry_at = lane.starts + 1, True, None
            self.step(lane, "execution_started", "system")
            if not dies:
                self._attempt(lane)
        elif lane.under_way and self.effects != "transactional":
            self._failed(lane, "unknown")
        else:
            lane.under_way, lane.retry_at = False, None
            self.step(lane, "revalidation_failed", "system", "invalidated")

    def _attempt(self, lane: Lane) -> None:
        lane.under_way = False
        if self.outcome == "work":
            self.status, self.done = "succeeded", self.done + 1
            self.step(lane, "execution_succeeded", "system", "executed")
        elif self.outcome == "refuse" or lane.attempts == MOST_ATTEMPTS:
            self._failed(lane, "failed")
        else:
            lane.retry_at = self.now + timedelta(seconds=BACK_OFF[lane.attempts - 1])
            self.step(lane, "execution_attempt_failed", "system")
            self.send("execute", lane)

    def _failed(self, lane: Lane, status: str) -> None:
        self.status, lane.under_way, lane.retry_at = status, False, None
        self.step(lane, "execution_failed", "system", "execution_failed")

    def bring_back(self, lane: Lane) -> bool:
        if lane.status != "deferred" or not lane.wake_at or lane.wake_at > self.now:
            return False
        lane.wake_at = None
        if lane is not self.lanes[-1]:
            return False
        if self.as_asked(lane) and self.request("system") is None:
            return True
        self.step(lane, "revalidation_failed", "system")
        return False

    def sweep(self) -> dict[str, int]:
        found = {
            "overdue": sum([self.expire_due(lane) for lane in self.lanes]),
            "deferred": sum([self.bring_back(lane) for lane in list(self.lanes)]),
        }
        for status, job in (("approved", "resume"), ("execution_pending", "execute")):
            lost = [lane for lane in self.lanes if lane.status == status and self._lies_still(lane)]
            for lane in lost:
                self.send(job, lane)
            found[status] = len(lost)
        return found

    def _lies_still(self, lane: Lane) -> bool:
        resting = lane.touched <= self.now - GRACE
        return resting and (not lane.retry_at or lane.retry_at <= self.now)
