"""Copies of a state: each order of two verbs has a lane of its own, as if it had come there by its own steps."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from console import db as database
from console import governance
from console.db import db
from console.governance.proposals import idempotency_key
from console.models import ToolProposal
from tests.governance.record import Broken, says_what_the_table_says
from tests.governance.steps import ADA, BEN, CLEO, IRIS
from tests.prove.interleavings_verbs import TOOL, Place, State, context

ROWS = """
SELECT (SELECT to_jsonb(p) FROM tool_proposals p WHERE id = %(id)s),
       (SELECT to_jsonb(a) FROM tool_approvals a WHERE tool_proposal_id = %(id)s),
       ARRAY(SELECT to_jsonb(e) FROM tool_action_events e WHERE tool_proposal_id = %(id)s ORDER BY id)
"""
OTHERS = 1
"""Lanes of the same conversation that wait too: a count that must not fall below zero would stop a second decision."""
CLEAN = """
WITH gone AS (DELETE FROM customers WHERE ref IS NOT NULL)
UPDATE conversations SET waiting_lanes = %(waiting)s WHERE id = %(conversation)s
"""
PROPOSAL = "INSERT INTO tool_proposals SELECT * FROM jsonb_populate_record(NULL::tool_proposals, %s)"
LANE = "INSERT INTO tool_approvals SELECT * FROM jsonb_populate_record(NULL::tool_approvals, %s)"
# The rest of an event is for its trigger to fill.
TRAIL = """
INSERT INTO tool_action_events (tool_proposal_id, tool_approval_id, conversation_id, event_type, actor_id, from_status,
    to_status, reason, details, created_at)
SELECT %(proposal)s, CASE WHEN tool_approval_id IS NOT NULL THEN %(lane)s::bigint END, conversation_id, event_type,
    actor_id, from_status, to_status, reason, details, created_at
  FROM jsonb_populate_recordset(NULL::tool_action_events, %(events)s)
"""
SEEN = """
SELECT status, (SELECT waiting_lanes FROM conversations WHERE id = conversation_id),
       (SELECT count(*) FROM customers WHERE ref IS NOT NULL),
       ARRAY(SELECT concat_ws(' ', event_type, 'by', actor_id, from_status, to_status) FROM tool_action_events e
              WHERE tool_proposal_id = p.id ORDER BY e.id),
       ARRAY(SELECT jsonb_build_array(status, version, votes, decided_by, attempt, starts, attempt_open, retry_at,
                      execute_by, wake_at, requested_by, returns_id IS NOT NULL)
               FROM tool_approvals a WHERE tool_proposal_id = p.id ORDER BY a.id)
  FROM tool_proposals p WHERE id = %(id)s
"""
# Nothing of one order is there to be found in the next.
CLEAR = """
UPDATE tool_approvals SET status = 'invalidated', wake_at = NULL
 WHERE tool_proposal_id = %(id)s AND (status IN ('pending', 'approved', 'execution_pending') OR wake_at IS NOT NULL)
"""
NEXT = "SELECT nextval('tool_proposals_id_seq'), nextval('tool_approvals_id_seq')"
DECIDING = ("vote_recorded", "approved", "rejected", "deferred", "expired")
TABLES = (
    "tool_approvals, tool_proposals, tool_action_events, trail_heads, conversations, customers, audit_events"
)


@dataclass(frozen=True)
class Sight:
    """What the database and the queue say of a proposal in the end."""

    status: str
    waiting: int
    traces: int
    trail: tuple[str, ...]
    lanes: tuple[str, ...]
    jobs: tuple[str, ...]

    def __str__(self) -> str:
        lanes = ", ".join(lane.split(",")[0].strip('["') for lane in self.lanes)
        return f"lanes {lanes or '–'}; {', '.join(self.trail[1:])}; sent {', '.join(self.jobs) or 'nothing'}"


class Lanes:
    """One state, and as many copies of it as are asked for."""

    def __init__(self, eye: psycopg.Connection[Any], conversation_id: int, state: State) -> None:
        self.eye, self.conversation_id = eye, conversation_id
        self.jobs: list[tuple[str, int]] = []
        self.moment = datetime.now(UTC)
        database.clock = lambda: self.moment
        self.proposal = self._come_there(state)
        ((self.proposal_row, self.lane_row, self.events),) = eye.execute(ROWS, {"id": self.proposal.id})
        self.waiting = int(bool(self.lane_row) and self.lane_row["status"] == "pending")
        eye.execute(CLEAR, {"id": self.proposal.id})
        self.moment += state.later

    def _come_there(self, state: State) -> ToolProposal:
        asked = context(self.conversation_id, f"{self.moment}")
        proposal = governance.propose(TOOL, IRIS, asked)
        assert isinstance(proposal, ToolProposal)
        if state.asked:
            lane = governance.request_approval(proposal)
            for step in state.steps:
                step(lane.id)
        db.session.remove()
        return proposal

    def copy(self) -> Place:
        """One more lane in the state, alone in the world."""
        ((proposal_id, lane_id),) = self.eye.execute(NEXT)
        token = f"copy {proposal_id}"
        key = idempotency_key(TOOL, IRIS, context(self.conversation_id, token), self.proposal.input)
        lane = self.lane_row and self.lane_row | {"id": lane_id, "tool_proposal_id": proposal_id}
        with self.eye.pipeline():
            self.eye.execute(CLEAN, {"waiting": self.waiting + OTHERS, "conversation": self.conversation_id})
            self.eye.execute(
                PROPOSAL, [Jsonb(self.proposal_row | {"id": proposal_id, "idempotency_key": key})]
            )
            if lane:
                self.eye.execute(LANE, [Jsonb(lane)])
            events = {"proposal": proposal_id, "lane": lane_id, "events": Jsonb(self.events)}
            self.eye.execute(TRAIL, events)
        self.jobs.clear()
        # Only its number is looked at by those who are given a proposal.
        proposal = ToolProposal(id=proposal_id, conversation_id=self.conversation_id)
        return Place(proposal, lane_id, lane["version"] if lane else 0, token, self.moment)

    def note(self, job: str, lane_id: int, **options: Any) -> None:
        """What left for the queue."""
        self.jobs.append((job.rpartition(".")[2], lane_id))

    def sight(self, place: Place) -> Sight:
        """What came of a copy; nothing of it is there to be found in the next order."""
        (row,) = self.eye.execute(SEEN, {"id": place.proposal.id})
        status, waiting, traces, trail, lanes = row
        jobs = sorted(f"{job}{'' if lane == place.lane_id else ' of another'}" for job, lane in self.jobs)
        return Sight(
            status, waiting, traces, tuple(trail), tuple(json.dumps(lane) for lane in lanes), tuple(jobs)
        )

    def clear(self, place: Place) -> None:
        """Leave nothing that the next order could find."""
        self.eye.execute(CLEAR, {"id": place.proposal.id})

    def wrong(self, place: Place, sight: Sight) -> list[str]:
        """What of a copy is not as it always has to be, whatever was done."""
        found = []
        try:
            says_what_the_table_says(self.eye, place.proposal.id, Counter())
        except Broken as broken:
            found.append(broken.sentence)
        lanes = [json.loads(lane)[0] for lane in sight.lanes]
        pending = lanes.count("pending") + OTHERS
        if sight.waiting != pending:
            found.append(f"{sight.waiting} lanes wait by the count, and {pending} are pending")
        if sight.traces != lanes.count("executed"):
            found.append(
                f"{sight.traces} runs left a trace, and {lanes.count('executed')} lanes are executed"
            )
        return found

    def decided(self, sight: Sight) -> int:
        """How many decisions of people the trail has since the copy was made."""
        new = (words.split() for words in sight.trail[len(self.events) :])
        return sum(event in DECIDING and actor in (ADA, BEN, CLEO) for event, _by, actor, *_states in new)

    def decided_twice(self, sight: Sight) -> bool:
        """Whether more lanes were decided than waited for a decision."""
        new = [words.split() for words in sight.trail[len(self.events) :]]
        ended = sum(words[3] == "pending" != words[-1] for words in new)
        return ended > self.waiting + sum(words[0] == "approval_requested" for words in new)
