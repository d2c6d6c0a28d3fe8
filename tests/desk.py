"""Shorthand for what nearly every test of governance begins with: an action that was asked, approved, sent on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from flask import current_app
from sqlalchemy import text

from console import governance
from console.db import db
from console.governance import Submission, ToolContext, execution
from console.governance.policy import Policy
from console.models import Conversation, ToolApproval
from console.tools import Registry, Tool
from tests.conftest import Cast, Enqueued


@dataclass
class Desk:
    """Takes an action to the state that a test is about, through the public verbs alone."""

    cast: Cast
    enqueued: Enqueued
    tools: Registry
    asked: int = field(default=0)

    def __post_init__(self) -> None:
        # Plain values, which threads can read; a row belongs to the session of one.
        self.iris, self.scopes = self.cast.iris.actor_id, tuple(self.cast.iris.scopes)
        self.ada, self.ben, self.cleo = (
            one.actor_id for one in (self.cast.ada, self.cast.ben, self.cast.cleo)
        )
        self.conversation_id = self.cast.conversation.id

    @property
    def waiting(self) -> int:
        """How many lanes the conversation's row says are waiting."""
        db.session.rollback()
        found = db.session.get(Conversation, self.conversation_id, populate_existing=True)
        assert found is not None
        return found.waiting_lanes

    def context(self, /, token: str | None = None, **params: Any) -> ToolContext:
        """Iris' context in Riya's conversation; a token of its own unless one is given."""
        self.asked += 1
        return ToolContext(
            tool_params=params,
            scopes=self.scopes,
            conversation_id=self.conversation_id,
            idempotency_token=token or f"test-{self.asked}",
        )

    def submit(self, /, tool_ref: str = "adjust", actor_id: str | None = None, **params: Any) -> Submission:
        """What Iris, or another actor, asks for."""
        actor = actor_id or self.iris
        return governance.submit(tool_ref, actor, self.context(**params), enqueue=self.enqueued)

    def pending(self, /, tool_ref: str = "adjust", **params: Any) -> ToolApproval:
        """A lane that waits for a decision."""
        lane = self.submit(tool_ref, **params).lane
        assert lane is not None and lane.status == "pending"
        return lane

    def approved(self, /, tool_ref: str = "adjust", **params: Any) -> ToolApproval:
        """A lane that Ben approved."""
        lane = self.pending(tool_ref, **params)
        return governance.approve(lane.id, self.ben, enqueue=self.enqueued)

    def to_run(self, /, tool_ref: str = "adjust", **params: Any) -> ToolApproval:
        """A lane that waits to run."""
        lane = self.approved(tool_ref, **params)
        execution.resume(lane.id, enqueue=self.enqueued)
        lane = self.fresh(lane)
        assert lane.status == "execution_pending"
        return lane

    def fresh(self, lane: ToolApproval) -> ToolApproval:
        """The lane and its proposal as they are in the database now."""
        found = governance.get_approval(lane.id)
        assert found is not None
        return found

    def events(self, lane: ToolApproval) -> list[str]:
        """The words of the trail of a lane's proposal, oldest first."""
        return [str(event.event_type) for event in governance.list_events(lane.tool_proposal_id)]

    def tamper(self, sql: str, **values: Any) -> None:
        """Change the database behind everybody's back."""
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.execute(text(sql), values)

    def rule(self, policy: Policy) -> None:
        """Put another policy in force."""
        current_app.extensions["console_policy"] = policy

    def offer(self, tool: Tool) -> None:
        """Replace what a ref stands for, or offer it newly."""
        self.tools._tools[tool.ref] = tool


class Ears:
    """A real LISTEN connection."""

    def __init__(self, database_url: str) -> None:
        url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("LISTEN console")
        self.marks = 0

    def heard(self) -> list[str]:
        """The topics announced since the last call, in order, without waiting for anything."""
        self.marks += 1
        mark = f"mark-{self.marks}"
        self.connection.execute(f"NOTIFY console, '{mark}'")
        topics = []
        for notify in self.connection.notifies(timeout=5):
            if notify.payload == mark:
                return topics
            topics.append(notify.payload)
        raise AssertionError("The mark was not heard.")


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return holds()
