"""What a walk is drawn from: tools, policies, and the steps with the people who take them."""

from __future__ import annotations

from typing import Any

from console.governance.policy import Policy
from tests.governance.lane_words import Rule

SCOPE = "orders:refund"
ADA, BEN, CLEO, IRIS = "operator:1", "operator:2", "operator:3", "agent:iris"
TOOLS: dict[str, dict[str, Any]] = {
    "adjust": {},
    "refund": {"declared": Rule(four_eyes=True), "scope": True},
    "ping": {"effects": "idempotent"},
    "launch": {"effects": "unsafe"},
    "peek": {"declared": Rule(mode="auto")},
    "wipe": {"declared": Rule(mode="always_block")},
}
# The usual ways more often than those that end early.
DRAWN = ["adjust", "refund", "refund", "adjust", "ping", "launch", "peek", "wipe"]
PLAIN: dict[str, Any] = {}
POLICIES: dict[str, tuple[Rule, dict[str, Any]]] = {
    "plain": (Rule(mode="auto"), PLAIN),
    "two": (Rule(mode="auto", approvals=2), {"approvals": 2}),
    "three": (Rule(mode="auto", approvals=3), {"approvals": 3}),
    "admins": (Rule(mode="auto", admins=True), {"decide": ["admin"]}),
    "four eyes": (Rule(mode="auto", four_eyes=True), {"four_eyes": True}),
    "asked": (Rule(), {"mode": "requires_approval"}),
    "blocked": (Rule(mode="always_block"), {"mode": "always_block"}),
}
BUILT = {
    name: Policy.model_validate({"tool": dict.fromkeys(TOOLS, section)} if section else {})
    for name, (_, section) in POLICIES.items()
}

# One rule that draws from a list, the ways to an outcome named more often than the ways to a refusal: of several rules
# Hypothesis leaves some out of each walk, and hardly any walk would get to an end.
LANELESS = (
    "forward",
    "submit",
    "asks_for",
    "request",
    "sweeps",
    "becomes",
    "policy_is",
    "tampers",
    "time_passes",
)
ELSEWHERE = ("becomes", "policy_is", "time_passes")
"""Steps that have nothing to do with lanes."""
APPROVALS = [("decide", "approved", actor) for actor in (ADA, CLEO, BEN)]
GRANTS = [(BEN, "scoped"), (IRIS, "scoped"), *[(actor, "active") for actor in (ADA, BEN, CLEO, IRIS)]]
FORWARD: dict[str, list[tuple[Any, ...]]] = {
    "none": [("submit",), ("submit",), ("request", None), ("request", CLEO)],
    "pending": [*APPROVALS, ("decide", "deferred", CLEO, False, "Because.", 600)],
    "approved": [("job_resume",)] * 3 + [("sweeps",)],
    "execution_pending": [("job_execute",), ("time_passes", 11), ("job_execute",), ("worker_dies",)],
    "deferred": [("time_passes", 600), ("sweeps",), ("request", None), ("submit",)],
    "executed": [("asks_for", tool) for tool in ("refund", "launch", "adjust", "ping")],
}
"""What brings a lane on, by its state; of the others, another request."""
STEPS: list[tuple[Any, ...]] = [
    # What Hypothesis takes for the simplest, and does again and again at first.
    ("time_passes", 1),
    *[("forward", way) for way in range(4)] * 12,
    *[("asks_for", tool) for tool in DRAWN],
    *[("submit",), ("request", None)],
    ("request", CLEO),
    *APPROVALS,
    ("decide", "approved", ADA, True),
    ("decide", "approved", IRIS),
    ("decide", "approved", "system"),
    ("decide", "rejected", "operator:9", False, "Because."),
    ("decide", "rejected", BEN, False, " \t\n"),
    ("decide", "rejected", BEN, False, "Because."),
    ("decide", "rejected", CLEO, True, "Because."),
    ("decide", "deferred", ADA, False, "\u00a0"),
    *[("decide", "deferred", CLEO, False, "Because.")] * 2,
    *[("decide", "deferred", ADA, False, "Because.", 600)] * 3,
    *[("expire", actor) for actor in (ADA, BEN, IRIS, "system")],
    *[("job_expire",)] * 2,
    *[("job_resume",)] * 2,
    *[("job_execute",)] * 3,
    ("worker_dies",),
    *[("execute_approved",)] * 2,
    *[("start_again", actor) for actor in (ADA, ADA, BEN, "system")],
    *[("sweeps",)] * 6,
    *[("becomes", *what, False) for what in GRANTS],
    *[("becomes", *what, True) for what in GRANTS] * 2,
    ("becomes", ADA, "role", "operator"),
    *[("becomes", ADA, "role", "admin")] * 2,
    ("becomes", CLEO, "role", "admin"),
    ("becomes", CLEO, "role", "operator"),
    *[("policy_is", name) for name in POLICIES],
    *[("policy_is", "plain")] * 5,
    ("tampers", 2),
    *[("tampers", 1)] * 2,
    *[("time_passes", seconds) for seconds in (2, 11, 11, 600, 901, 172_799, 172_800)],
]
