"""The words of the specification about lanes: the table of steps, what a policy asks for, who acts, and a lane."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

STRICT = ("auto", "requires_approval", "always_block")
TABLE = {
    (None, "approval_requested", "pending"),
    (None, "execution_enqueued", "execution_pending"),
    ("pending", "vote_recorded", "pending"),
    ("pending", "approved", "approved"),
    ("pending", "rejected", "rejected"),
    ("pending", "deferred", "deferred"),
    ("pending", "expired", "expired"),
    ("approved", "revalidation_passed", "execution_pending"),
    ("approved", "revalidation_failed", "invalidated"),
    ("approved", "expired", "expired"),
    ("approved", "execution_enqueued", "approved"),
    ("deferred", "revalidation_failed", "deferred"),
    ("execution_pending", "execution_enqueued", "execution_pending"),
    ("execution_pending", "execution_started", "execution_pending"),
    ("execution_pending", "execution_succeeded", "executed"),
    ("execution_pending", "execution_attempt_failed", "execution_pending"),
    ("execution_pending", "execution_failed", "execution_failed"),
    ("execution_pending", "revalidation_failed", "invalidated"),
}
"""From, event, to: every step that a lane can take."""


@dataclass(frozen=True)
class Rule:
    """What the policy asks for."""

    mode: str = "requires_approval"
    approvals: int = 1
    four_eyes: bool = False
    admins: bool = False

    def and_also(self, other: Rule) -> Rule:
        """The stricter of both, and two pairs of eyes wherever it takes two approvals."""
        approvals = max(self.approvals, other.approvals)
        return Rule(
            max(self.mode, other.mode, key=STRICT.index),
            approvals,
            self.four_eyes or other.four_eyes or approvals > 1,
            self.admins or other.admins,
        )


@dataclass
class Person:
    """Who acts. An agent has no role."""

    role: str | None
    scoped: bool
    active: bool = True


@dataclass
class Lane:
    """One request for approval."""

    rule: Rule
    requested_by: str
    deadline: datetime
    input: int
    touched: datetime
    status: str = "pending"
    version: int = 1
    votes: list[str] = field(default_factory=list)
    decided_by: str | None = None
    run_by: datetime | None = None
    wake_at: datetime | None = None
    attempts: int = 0
    starts: int = 0
    under_way: bool = False
    retry_at: datetime | None = None
