"""What the database says about one proposal: compared with the model, and with the table alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

from psycopg import Connection

from tests.governance.lane_model import Model
from tests.governance.lane_words import TABLE, Lane

SAME, TABLED, APPROVED = (
    "model_never_disagrees",
    "only_the_table_moves_a_lane",
    "what_ran_was_approved_and_ran_once",
)
ENTITLED, GROUND, SWEPT = (
    "only_the_entitled_decide",
    "what_lost_its_ground_never_runs",
    "the_sweep_finds_what_lies_still",
)

LANES = """
SELECT status, version, ARRAY(SELECT vote ->> 'by' FROM jsonb_array_elements(votes) vote), decided_by, requested_by,
       expires_at, execute_by, wake_at, attempt, starts, attempt_open, retry_at, updated_at, id
  FROM tool_approvals WHERE tool_proposal_id = %(id)s ORDER BY id
"""
WHOLE = """
SELECT status,
       (SELECT waiting_lanes FROM conversations WHERE id = conversation_id),
       (SELECT count(*) FROM customers WHERE ref IS NOT NULL),
       ARRAY(
         SELECT event_type || ' by ' || actor_id FROM tool_action_events e WHERE tool_proposal_id = p.id ORDER BY e.id
       )
  FROM tool_proposals p WHERE id = %(id)s
"""
EVENTS = """
SELECT tool_approval_id, from_status, event_type, to_status FROM tool_action_events
 WHERE tool_proposal_id = %(id)s AND tool_approval_id IS NOT NULL ORDER BY id
"""
ENDS = "SELECT id, status FROM tool_approvals WHERE tool_proposal_id = %(id)s"
# Every run of the tests' tools leaves one customer.
RUNS = """
SELECT (SELECT count(*) FROM customers WHERE ref IS NOT NULL),
       (SELECT count(*) FROM tool_approvals WHERE status = 'executed'),
       (SELECT count(*) FROM tool_action_events s WHERE event_type = 'execution_started' AND NOT EXISTS (
          SELECT FROM tool_action_events a WHERE a.tool_approval_id = s.tool_approval_id AND a.id < s.id
             AND (a.event_type = 'approved' OR (a.event_type = 'execution_enqueued' AND a.actor_id = 'policy'))))
"""
STARTS = "SELECT starts FROM tool_approvals WHERE id = %(id)s"


class Broken(AssertionError):
    """What the database says is not what should be; `claim` names what is broken by it."""

    def __init__(self, claim: str, sentence: str) -> None:
        super().__init__(sentence)
        self.claim, self.sentence = claim, sentence


def demand(holds: bool, claim: str, sentence: str) -> None:
    """Raise Broken unless it holds."""
    if not holds:
        raise Broken(claim, sentence)


def agrees(eye: Connection[Any], proposal_id: int, model: Model) -> list[int]:
    """The ids of the proposal's lanes, if everything about it is as in the model; else it raises Broken."""
    rows = eye.execute(LANES, {"id": proposal_id}).fetchall()
    demand(len(rows) == len(model.lanes), SAME, f"{len(rows)} lanes, and should be {len(model.lanes)}")
    for row, lane in zip(rows, model.lanes, strict=True):
        found, expected = row[:-1], _columns(lane)
        demand(found == expected, SAME, f"a lane is {found}, and should be {expected}")
    (status, waiting, done, history), *_ = eye.execute(WHOLE, {"id": proposal_id})
    pending = sum(lane.status == "pending" for lane in model.lanes)
    whole, should = (status, waiting, done), (model.status, pending, model.done)
    demand(whole == should, SAME, f"status, waiting lanes and runs are {whole}, and should be {should}")
    trail = [f"{event} by {actor}" for event, actor in model.history]
    demand(history == trail, SAME, f"the trail is {history}, and should be {trail}")
    return [row[-1] for row in rows]


def _columns(lane: Lane) -> tuple[Any, ...]:
    return (
        lane.status,
        lane.version,
        lane.votes,
        lane.decided_by,
        lane.requested_by,
        lane.deadline,
        lane.run_by,
        lane.wake_at,
        lane.attempts,
        lane.starts,
        lane.under_way,
        lane.retry_at,
        lane.touched,
    )


def says_what_the_table_says(eye: Connection[Any], proposal_id: int, seen: Counter[str]) -> None:
    """Every event is a step of the table that begins where the one before it ended, and the lane is at its end.

    Asks no model. Steps and ends that were met are counted in `seen`. Raises Broken.
    """
    at: dict[int, str | None] = {}
    for lane_id, before, event, after in eye.execute(EVENTS, {"id": proposal_id}):
        step = (before, event, after)
        demand(step in TABLE, TABLED, f"no step of the table: {step}")
        demand(at.get(lane_id) == before, TABLED, f"{step} after {at.get(lane_id)}")
        at[lane_id] = after
        seen[f"step: {before} {event} {after}"] += 1
    ends = dict(eye.execute(ENDS, {"id": proposal_id}).fetchall())
    demand(ends == at, TABLED, f"lanes are {ends}, and their trails end at {at}")


def ran_what_was_approved(eye: Connection[Any]) -> None:
    """Every run left its trace once, and none began without an approval. Asks no model. Raises Broken."""
    (traces, executed, unasked), *_ = eye.execute(RUNS)
    demand(traces == executed, APPROVED, f"{traces} runs left a trace, and {executed} lanes were executed")
    demand(not unasked, APPROVED, f"{unasked} runs were started without an approval")


def starts_of(eye: Connection[Any], lane_id: int) -> int:
    """How often a lane's run was started."""
    ((starts,),) = eye.execute(STARTS, {"id": lane_id})
    return int(starts)
