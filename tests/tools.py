"""Tools whose behaviour a test decides: they succeed, fail, hang, raise or write, as their input says."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Literal

from flask import current_app
from pydantic import BaseModel, Field
from sqlalchemy import event

from console.models import Customer
from console.tools import ApprovalMode, PermanentToolError, RiskTier, RunContext, Tool, ToolContext, ToolError


class Behaviour(BaseModel):
    does: Literal["work", "fail", "refuse", "crash", "hang", "commit", "wait", "wait_to_commit"] = "work"
    amount: int = Field(default=1, ge=1, le=1000, title="Amount")


def wait(context: RunContext) -> None:
    """Do something in another system, which cannot be undone, and stay there until the test says go on."""
    redis = current_app.extensions["console_redis"]
    redis.rpush("effects", context.effect_key)
    for _ in range(500):
        if redis.exists("go-on"):
            return
        time.sleep(0.05)


class Acting(Tool):
    """What they have in common: each run inserts one customer named after its run key."""

    abstract = True

    Input = Behaviour

    def authorize(self, actor: str, context: ToolContext) -> bool | str:
        return True

    def headline(self, input: Any) -> str:
        return f"{self.title} of {input.amount}"

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        context.session.add(Customer(name=f"{self.ref} {context.run_key}", ref=f"{context.run_key}"))
        context.session.flush()
        if input.does == "fail":
            raise ToolError("The shop did not answer.")
        if input.does == "refuse":
            raise PermanentToolError("The shop says no.")
        if input.does == "crash":
            raise ZeroDivisionError("a secret that must not be shown")
        if input.does == "hang":
            time.sleep(5)
        if input.does == "commit":
            context.session.commit()
        if input.does == "wait":
            wait(context)
        if input.does == "wait_to_commit":
            event.listen(context.session, "before_commit", lambda _: wait(context), once=True)
        return {"summary": f"Did {input.amount}.", "amount": input.amount, "api_token": "tok_123"}


class Peek(Acting):
    risk_tier = RiskTier.READ_ONLY
    title = "Peek"
    description = "Looks at something."
    effects = "transactional"


class Adjust(Acting):
    risk_tier = RiskTier.LOW_WRITE
    title = "Adjustment"
    description = "Adjusts something."
    effects = "transactional"
    timeout_seconds = 1


class Refund(Acting):
    risk_tier = RiskTier.HIGH_WRITE
    title = "Refund"
    description = "Pays money back."
    scopes = ("orders:refund",)
    effects = "transactional"


class Ping(Acting):
    risk_tier = RiskTier.LOW_WRITE
    title = "Ping"
    description = "Calls another system that deduplicates."
    effects = "idempotent"


class Launch(Acting):
    risk_tier = RiskTier.LOW_WRITE
    title = "Launch"
    description = "Calls another system that does not deduplicate."


class Wipe(Acting):
    risk_tier = RiskTier.DESTRUCTIVE
    title = "Wipe"
    description = "Destroys something."


class Silent(Tool):
    """Declares no policy, so nobody may ask for it."""

    risk_tier = RiskTier.LOW_WRITE
    title = "Silent"
    description = "Says nothing about who may."

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        return {}


class Moody(Acting):
    """Its own check fails."""

    risk_tier = RiskTier.LOW_WRITE
    approval_mode = ApprovalMode.REQUIRES_APPROVAL
    title = "Moody"
    description = "Raises when asked."

    def authorize(self, actor: str, context: ToolContext) -> bool | str:
        raise RuntimeError("no mood")


TOOLS = [Peek, Adjust, Refund, Ping, Launch, Wipe, Silent, Moody]
