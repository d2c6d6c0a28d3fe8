"""How walks are taken: a round of them for each seed, with clock, queue and policy in their hands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from flask import Flask
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from console import db as database
from console import queue
from console.db import db
from tests.governance.lane_words import TABLE
from tests.governance.walk import Walk

ROUND = 10
"""Walks of one seed: after the first ten, Hypothesis tries variations of them rather than new ones."""
EMPTIED = (
    "tool_action_events",
    "tool_approvals",
    "tool_proposals",
    "trail_heads",
    "audit_events",
    "conversations",
    "customers",
    "operators",
    "api_tokens",
)


@contextmanager
def driven(app: Flask) -> Iterator[None]:
    """The clock, the queue and the policy in the hands of walks; as they were, afterwards."""
    policy, clock, push = app.extensions["console_policy"], database.clock, queue.push
    Walk.app, Walk.seen, Walk.different = app, Counter(), set()
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(url, autocommit=True) as Walk.eye:
            yield
    finally:
        app.extensions["console_policy"], database.clock, queue.push = policy, clock, push


def walks(steps: int, number: int) -> None:
    """A round of walks of so many steps, the same ones for the same number. Raises Broken at a disagreement."""
    chosen = settings(
        max_examples=ROUND,
        # The first step of a machine is its beginning.
        stateful_step_count=steps + 1,
        deadline=None,
        database=None,
        # A walk can be read as it is; making a failing one shorter would take minutes.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    # Rows that are gone are looked at again and again otherwise.
    Walk.eye.execute(f"VACUUM {', '.join(EMPTIED)}")
    run_state_machine_as_test(seed(number)(Walk), settings=chosen)


def not_met() -> list[str]:
    """The steps of the table that no walk took."""
    words = [f"{before} {event} {after}" for before, event, after in TABLE]
    return sorted(word for word in words if not Walk.seen[f"step: {word}"])
