"""Every pair of verbs on one lane, in every order of their statements: what comes of it comes of a serial order too."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations_with_replacement
from typing import Any

import psycopg
import structlog
from flask import Flask

from console import db as database
from console import queue
from console.db import db
from tests.conftest import make_cast
from tests.prove.claims import Claim, Protection
from tests.prove.ground import end_in_order, ground, shared_out
from tests.prove.interleavings_lanes import TABLES, Lanes
from tests.prove.interleavings_pair import DEADLOCK, SERIAL, WHOLE, WINNER, Found, Pair, alone, untouched
from tests.prove.interleavings_scheduler import Actor, actors
from tests.prove.interleavings_verbs import STATES, VERBS

PROCESSES = 2
CHANGES, SHORT_CHANGES = 2, 1
SHORT_STATES = ("pending", "waiting to run", "rejected")
SHORT_VERBS = ("approve", "reject", "expire", "expire job", "execute job", "request", "sweep")
PROMISES = {
    SERIAL: "Two verbs at once: answers, lanes, trail and jobs are those of one after the other.",
    WINNER: "Of two decisions at once each that was confirmed stands in the trail, and a lane is decided once.",
    WHOLE: "After every order the trail goes by the table, the counts are right and a run has left one trace.",
    DEADLOCK: "Nobody waits for somebody who waits for them, and no error of the database reaches anyone.",
}
LOCK = '    lock = {"key_share": True, "skip_locked": not wait}\n'
PROTECTIONS = (
    Protection(
        SERIAL,
        "console/governance/lanes.py",
        "db.session.get(ToolProposal, proposal_id, with_for_update=lock, populate_existing=True)",
        "db.session.get(ToolProposal, proposal_id, populate_existing=True)",
    ),
    Protection(
        WINNER,
        "console/governance/lanes.py",
        "db.session.get(ToolApproval, approval_id, with_for_update=lock, populate_existing=True)",
        "db.session.get(ToolApproval, approval_id, populate_existing=True)",
    ),
    Protection(
        WHOLE,
        "console/governance/transitions.py",
        ".values(waiting_lanes=Conversation.waiting_lanes + difference)",
        ".values(waiting_lanes=Conversation.waiting_lanes)",
    ),
    Protection(
        DEADLOCK,
        "console/governance/lanes.py",
        LOCK,
        LOCK.replace("key_share", "read"),
    ),
)


def prove(short: bool) -> list[Claim]:
    """Try every pair in every state that matters, and say of each claim what broke it."""
    if short:
        end_in_order()
        return _claims([tried(0, 1, short)], SHORT_CHANGES)
    shares = [(number, PROCESSES, short) for number in range(PROCESSES)]
    return _claims(shared_out(tried, shares), CHANGES)


def tried(first: int, apart: int, short: bool) -> Found:
    """Every pair from the first on, or every second one."""
    found = Found()
    with ground() as app, _driven(app) as (eye, both):
        conversation_id = make_cast().conversation.id
        for name in SHORT_STATES if short else STATES:
            app.extensions["console_policy"] = STATES[name].policy
            lanes = Lanes(eye, conversation_id, STATES[name])
            _look(lanes, both, name, short, found, slice(first, None, apart))
            eye.execute(f"VACUUM {TABLES}")
    return found


def _look(lanes: Lanes, both: Sequence[Actor], state: str, short: bool, found: Found, share: slice) -> None:
    queue.push = lanes.note
    verbs = [verb for verb in VERBS if verb in SHORT_VERBS or not short]
    single, before = {verb: alone(lanes, verb) for verb in verbs}, untouched(lanes)
    # Two verbs of which neither does anything have nothing to do with each other.
    matter = {verb for verb in verbs if single[verb].sight != before}
    pairs = [pair for pair in combinations_with_replacement(verbs, 2) if matter.intersection(pair)]
    for pair in pairs[share]:
        if found.has_enough:
            return
        Pair(lanes, both, state, pair, found).look(SHORT_CHANGES if short else CHANGES, single)


@contextmanager
def _driven(app: Flask) -> Iterator[tuple[psycopg.Connection[Any], tuple[Actor, Actor]]]:
    """Somebody who looks on, and two who act. Clock, queue and policy are as they were, afterwards."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    policy, clock, push = app.extensions["console_policy"], database.clock, queue.push
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(url, autocommit=True) as eye, actors(app, eye) as both:
            yield eye, both
    finally:
        app.extensions["console_policy"], database.clock, queue.push = policy, clock, push


def _claims(found: Sequence[Found], changes: int) -> list[Claim]:
    orders, pairs = sum(one.orders for one in found), sum(one.pairs for one in found)
    done = (
        f"{pairs:,} pairs of verbs and states, {orders:,} orders of their statements, all of those in which whoever "
        f"could go on made room at most {changes} times."
    )
    figures = (
        f"{sum(one.statements for one in found):,} statements, {sum(one.serial for one in found):,} serial orders, "
        f"{sum(one.outcomes for one in found):,} outcomes, at most {max(one.widest for one in found):,} orders a pair"
    )
    return [
        Claim(name, promise, done, [line for one in found for line in one.broken.get(name, [])], figures)
        for name, promise in PROMISES.items()
    ]
