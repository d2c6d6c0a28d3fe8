"""Actions whose every effect is written down somewhere, as often as it happens."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, ClassVar
from urllib.request import Request, urlopen

from pydantic import BaseModel
from sqlalchemy import text

from console.tools import ApprovalMode, RiskTier, RunContext, Tool, ToolContext, ToolError

CARRIER, BUTTON = "STORM_CARRIER_URL", "STORM_BUTTON_FILE"
"""Where the carrier listens, and where it is written down that a button was pressed."""
TABLE = "CREATE TABLE storm_marks (mark text NOT NULL, run_key text NOT NULL)"
WRITE = text("INSERT INTO storm_marks (mark, run_key) VALUES (:mark, :run_key)")
PATIENCE_SECONDS = 2
UNSAFE_SECONDS = 0.15
"""How long the worker may be killed between the deed and its record."""
STUMBLES = "0"
"""Runs whose key begins so write their row, fail, and are tried again."""


class Marked(Tool):
    """An action that is recognised by its mark, wherever it leaves one."""

    abstract = True
    risk_tier = RiskTier.LOW_WRITE
    title = "Leave a mark"
    description = "Leaves a mark that can be counted."

    class Input(BaseModel):
        mark: str

    def authorize(self, actor: str, context: ToolContext) -> bool | str:
        return True


class Written(Marked):
    """Writes a row through the session that it is given, once for each run that came to its end."""

    abstract = True
    effects = "transactional"
    stumbles: ClassVar[bool] = False

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        context.session.execute(WRITE, {"mark": input.mark, "run_key": context.run_key})
        if self.stumbles and context.run_key.startswith(STUMBLES):
            raise ToolError("The books were closed for a moment.")
        return {"summary": "A row was written."}


class LookUp(Written):
    """Needs nobody's approval."""

    risk_tier = RiskTier.READ_ONLY
    title = "Look something up"


class WriteDown(Written):
    """Needs an approval, and fails now and then."""

    stumbles = True
    title = "Write it down"


class GiveBack(Written):
    """Needs the approval of another person than the one who asked."""

    risk_tier = RiskTier.HIGH_WRITE
    title = "Give money back"


class Fleeting(Written):
    """Waits for a few seconds only."""

    title = "Only just now"


class CallCarrier(Marked):
    """Tells another system, which knows a repetition by the key that comes with it."""

    effects = "idempotent"
    title = "Call the carrier"

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        body = json.dumps({"data": {"mark": input.mark}}).encode()
        request = Request(os.environ[CARRIER], body, {"webhook-id": context.effect_key})
        try:
            with urlopen(request, timeout=PATIENCE_SECONDS):
                return {"summary": "The carrier knows."}
        except (OSError, HTTPException) as error:
            raise ToolError("The carrier gave no answer.") from error


class PressButton(Marked):
    """Does what nobody can take back or see twice."""

    effects = "unsafe"
    title = "Press the button"

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        with open(os.environ[BUTTON], "a") as file:
            file.write(f"{input.mark}\n")
        time.sleep(UNSAFE_SECONDS)
        return {"summary": "The button was pressed."}


class TellCarrier(CallCarrier):
    """The same, as its owner has it: without an approval."""

    approval_mode = ApprovalMode.AUTO
    title = "Tell the carrier"


class RingBell(PressButton):
    """The same, without an approval."""

    approval_mode = ApprovalMode.AUTO
    title = "Ring the bell"


TOOLS: list[type[Tool]] = [
    LookUp,
    WriteDown,
    GiveBack,
    Fleeting,
    CallCarrier,
    TellCarrier,
    PressButton,
    RingBell,
]
AUTOMATIC = ("look_up", "tell_carrier", "ring_bell")
CALLS = ("call_carrier", "tell_carrier")
UNSAFE = ("press_button", "ring_bell")
FOUR_EYES = "give_back"
POLICY = "[tool.fleeting]\nlane_seconds = 6\n"
