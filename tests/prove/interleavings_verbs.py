"""What is done to one lane at once, and the states in which it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from console import governance
from console.db import now
from console.governance import GovernanceError, ToolContext, execution
from console.governance.policy import Policy
from console.governance.returning import bring_back
from console.models import ToolProposal
from jobs import actions
from jobs.sweep import sweep
from tests.governance.steps import ADA, BEN, CLEO, IRIS, SCOPE

TOOL = "refund"
WINDOW, WAKES, SOON = timedelta(seconds=172_800), timedelta(seconds=600), timedelta(seconds=30)


@dataclass(frozen=True)
class Place:
    """What a verb is given: one copy of a state."""

    proposal: ToolProposal
    lane_id: int
    version: int
    token: str
    moment: datetime


def context(conversation_id: int | None, token: str) -> ToolContext:
    """What Iris asks with."""
    return ToolContext(
        tool_params={}, scopes=(SCOPE,), conversation_id=conversation_id, idempotency_token=token
    )


def _reject(at: Place) -> Any:
    return governance.reject(at.lane_id, CLEO, reason="No.", version=at.version)


def _defer(at: Place) -> Any:
    until = at.moment + WAKES
    return governance.defer(at.lane_id, CLEO, reason="Later.", until=until, version=at.version)


def _submit(at: Place) -> Any:
    return governance.submit(TOOL, IRIS, context(at.proposal.conversation_id, at.token))


def _sweep(_at: Place) -> Any:
    return {name: count for name, count in sweep().items() if not name.startswith("deliveries")}


VERBS: dict[str, Callable[[Place], Any]] = {
    "approve": lambda at: governance.approve(at.lane_id, BEN, version=at.version),
    "approve whatever it is": lambda at: governance.approve(at.lane_id, ADA),
    "reject": _reject,
    "defer": _defer,
    "expire": lambda at: governance.expire(at.lane_id, actor_id=ADA),
    "expire job": lambda at: actions.expire(at.lane_id),
    "resume job": lambda at: actions.resume(at.lane_id),
    "execute job": lambda at: actions.execute(at.lane_id),
    "request": lambda at: governance.request_approval(at.proposal),
    "submit": _submit,
    "execute approved": lambda at: governance.execute_approved(at.lane_id),
    "start again": lambda at: governance.start_again(at.lane_id, ADA),
    "bring back": lambda at: bring_back(at.lane_id),
    "sweep": _sweep,
}
DECISIONS = ("approve", "approve whatever it is", "reject", "defer", "expire")
QUIET = {
    "expire job": "None",
    "bring back": "False",
    "sweep": "{'overdue': 0, 'deferred': 0, ",
    "start again": "refused: not_stuck",
}
"""Those that leave a lane alone while somebody else is at it, and how their answer begins then."""


def told(answer: Any) -> Any:
    """An answer as it is compared: a refusal by its code, an error by its name."""
    if isinstance(answer, GovernanceError):
        return f"refused: {answer.code}"
    if isinstance(answer, Exception):
        return f"error: {type(answer).__name__} {getattr(answer, 'orig', answer)}".split("\n")[0]
    return answer if answer is None or isinstance(answer, (bool, dict)) else "done"


@dataclass(frozen=True)
class State:
    """How a lane comes into a state, how many approvals it takes, and how much later the verbs come."""

    steps: tuple[Callable[[int], Any], ...] = ()
    later: timedelta = timedelta()
    approvals: int = 1
    asked: bool = True
    """Whether there is a lane at all."""

    @property
    def policy(self) -> Policy:
        """Under which it is looked at."""
        return Policy.model_validate({"tool": {TOOL: {"approvals": self.approvals}}})


def _approved(lane_id: int) -> None:
    governance.approve(lane_id, BEN)


def _deferred(lane_id: int) -> None:
    governance.defer(lane_id, BEN, reason="Later.", until=now() + WAKES)


def _left(lane_id: int) -> None:
    with execution.lane_lock(lane_id):
        execution.start(lane_id)


STATES: dict[str, State] = {
    "pending": State(),
    "with one approval of two": State((lambda lane: governance.approve(lane, ADA),), approvals=2),
    "overdue": State(later=WINDOW),
    "approved": State((_approved,), SOON),
    "approved too long ago": State((_approved,), WINDOW),
    "waiting to run": State((_approved, actions.resume), SOON),
    "waiting to run for too long": State((_approved, actions.resume), WINDOW),
    "left by a dead worker": State((_approved, actions.resume, _left), SOON),
    "due back": State((_deferred,), WAKES),
    "rejected": State((lambda lane: governance.reject(lane, BEN, reason="No."),)),
    "not asked": State(asked=False),
}
