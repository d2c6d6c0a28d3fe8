"""What the specification says about one proposal and its latest lane, as a small pure model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

WINDOW, RUN_WINDOW = timedelta(seconds=172_800), timedelta(seconds=900)
FAR = datetime(9999, 1, 1, tzinfo=UTC)
OPEN = ("pending", "approved", "execution_pending")


@dataclass
class Model:
    """What the specification says about one proposal and its latest lane. `None` is: no lane yet."""

    now: datetime
    needed: int = 1
    status: str | None = None
    votes: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    deadline: datetime = FAR
    attempts: int = 0
    retry_at: datetime | None = None
    version: int = 0
    history: list[str] = field(default_factory=lambda: ["proposal_created"])

    def step(self, event: str, status: str) -> None:
        self.history.append(event)
        self.status, self.version = status, self.version + 1

    def open(self) -> str | None:
        if self.status in (*OPEN, "executed"):
            return "lane_already_open"
        self.deadline, self.version, self.attempts, self.retry_at = self.now + WINDOW, 0, 0, None
        self.votes = []
        self.step("approval_requested", "pending")
        return None

    def decide(self, event: str, actor: str, stale: bool, reason: str) -> str | None:
        if actor in ("agent:iris", "operator:9", *self.gone):
            return "not_allowed"
        if (
            self.status == "expired"
            and self.history[-1] == "expired"
            and "approved" not in self.lane_history()
        ):
            return "expired"
        if self.status != "pending":
            return "not_pending"
        if self.deadline <= self.now:
            self.step("expired", "expired")
            return "expired"
        if event == "approved" and actor in self.votes and self.missing():
            return "already_voted"
        if stale:
            return "stale_view"
        if event != "approved" and not reason.strip():
            return "reason_required"
        if event == "approved":
            return self.vote(actor)
        self.step(event, event)
        return None

    def vote(self, actor: str) -> None:
        self.votes += [actor] if actor not in self.votes else []
        if self.missing():
            self.step("vote_recorded", "pending")
            return
        self.deadline = max(self.deadline, self.now + RUN_WINDOW)
        self.step("approved", "approved")

    def missing(self) -> bool:
        return len(set(self.votes) - self.gone) < self.needed

    def lane_history(self) -> list[str]:
        return self.history[len(self.history) - self.history[::-1].index("approval_requested") - 1 :]

    def expire_due(self) -> None:
        if self.status == "pending" and self.deadline <= self.now:
            self.step("expired", "expired")

    def resume(self) -> None:
        if self.status == "approved":
            if self.now > self.deadline:
                self.step("expired", "expired")
            elif self.missing():
                self.step("revalidation_failed", "invalidated")
            else:
                self.step("revalidation_passed", "execution_pending")

    def execute(self, outcome: str) -> None:
        if self.status != "execution_pending" or (self.retry_at and self.now < self.retry_at):
            return
        if self.now > self.deadline or self.missing():
            self.step("revalidation_failed", "invalidated")
            return
        self.attempts += 1
        self.retry_at = None
        self.step("execution_started", "execution_pending")
        if outcome == "work":
            self.step("execution_succeeded", "executed")
        elif outcome == "refuse" or self.attempts == 3:
            self.step("execution_failed", "execution_failed")
        else:
            self.retry_at = self.now + timedelta(seconds=(2, 10)[self.attempts - 1])
            self.step("execution_attempt_failed", "execution_pending")
