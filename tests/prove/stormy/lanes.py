"""The actions after a storm: what ran, who allowed it, and whether its history is one that can be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from console.db import db
from console.governance.transitions import TABLE
from console.models import EventType, LaneStatus
from console.trail.checking import Seen, findings
from tests.prove.stormy import tools

UNFINISHED = (LaneStatus.APPROVED, LaneStatus.EXECUTION_PENDING)
LANES = text("""
    SELECT a.id, a.tool_proposal_id, p.input->>'mark', p.tool_ref, p.actor_id, a.status, a.version, a.starts,
           p.status, a.decided_by, a.expires_at
      FROM tool_approvals a JOIN tool_proposals p ON p.id = a.tool_proposal_id ORDER BY a.id
""")
EVENTS = text("""
    SELECT tool_approval_id, tool_proposal_id, event_type, actor_id, from_status, to_status, created_at
      FROM tool_action_events ORDER BY id
""")


class Lane(NamedTuple):
    """A lane with what matters of its proposal."""

    id: int
    proposal_id: int
    mark: str
    tool: str
    asked_by: str
    status: str
    version: int
    starts: int
    result: str
    decided_by: str | None
    expires_at: datetime


class Event(NamedTuple):
    """A line of the trail."""

    lane_id: int | None
    proposal_id: int
    type: str
    actor: str
    before: str | None
    after: str | None
    at: datetime


class Trail(NamedTuple):
    """All of it, read at once."""

    lanes: list[Lane]
    events: list[Event]

    def by_lane(self) -> dict[int, list[Event]]:
        found: dict[int, list[Event]] = defaultdict(list)
        for event in self.events:
            if event.lane_id is not None:
                found[event.lane_id].append(event)
        return found


def read() -> Trail:
    """The lanes and their events as they are in the database."""
    lanes = [Lane(*row) for row in db.session.execute(LANES)]
    events = [Event(*row) for row in db.session.execute(EVENTS)]
    db.session.rollback()
    return Trail(lanes, events)


def rows_written() -> Counter[str]:
    """How often each mark stands in the table of the transactional actions."""
    found = db.session.execute(text("SELECT mark, count(*) FROM storm_marks GROUP BY mark")).tuples().all()
    db.session.rollback()
    return Counter(dict(found))


def effects(lanes: Sequence[Lane], rows: Counter[str], calls: Counter[str]) -> Iterator[str]:
    """Actions that can be told apart from their repetition: once when they were executed, else never or in doubt."""
    known = {lane.mark for lane in lanes}
    for mark in (rows + calls).keys() - known:
        yield f"{mark} happened, and nobody asked for it"
    for lane in lanes:
        if lane.tool in tools.UNSAFE or lane.status in UNFINISHED:
            continue
        called = lane.tool in tools.CALLS
        times = (calls if called else rows)[lane.mark]
        fewest = most = int(lane.status == LaneStatus.EXECUTED)
        if called and lane.starts:
            # A carrier that took it and never said so: the lane says failed, or in doubt, and a person looks there.
            most = 1
        if not fewest <= times <= most:
            yield f"lane {lane.id} ({lane.tool}) is {lane.status}, and it happened {times} times"


def presses(lanes: Sequence[Lane], pressed: Counter[str]) -> Iterator[str]:
    """What nobody may repeat: never twice, and where the outcome was lost the lane says so."""
    buttons = [lane for lane in lanes if lane.tool in tools.UNSAFE]
    for mark in pressed.keys() - {lane.mark for lane in buttons}:
        yield f"{mark} was pressed, and nobody asked for it"
    for lane in buttons:
        times = pressed[lane.mark]
        if times > 1 or (lane.status == LaneStatus.EXECUTED and times != 1):
            yield f"lane {lane.id} is {lane.status}, and its button was pressed {times} times"
        elif times and lane.status not in (LaneStatus.EXECUTED, *UNFINISHED) and lane.result != "unknown":
            yield f"lane {lane.id} is {lane.status} ({lane.result}), and its button was pressed"


def entitled(trail: Trail, operators: set[str]) -> Iterator[str]:
    """Every run was allowed before it began: by an operator, another one where it takes two, or by the policy."""
    by_lane = trail.by_lane()
    for lane in trail.lanes:
        for event in by_lane[lane.id]:
            if event.type in (EventType.APPROVED, EventType.REJECTED, EventType.DEFERRED):
                if event.actor not in operators:
                    yield f"lane {lane.id} was {event.type} by {event.actor}"
                elif lane.tool == tools.FOUR_EYES and event.actor == lane.asked_by:
                    yield f"lane {lane.id} ({lane.tool}) was {event.type} by the one who asked, {event.actor}"
        if lane.starts and not _allowed(lane, by_lane[lane.id]):
            yield f"lane {lane.id} ({lane.tool}) was started, and nobody had approved it"


def _allowed(lane: Lane, events: Sequence[Event]) -> bool:
    types = [event.type for event in events]
    began = types.index(EventType.EXECUTION_STARTED) if EventType.EXECUTION_STARTED in types else 0
    if lane.tool in tools.AUTOMATIC:
        return types[:1] == [EventType.EXECUTION_ENQUEUED] and lane.decided_by == "policy"
    return EventType.APPROVED in types[:began]


def histories(trail: Trail) -> Iterator[str]:
    """Nothing missing, doubled or out of order: each lane walked the table, one version a step."""
    created = Counter(event.proposal_id for event in trail.events if event.type == "proposal_created")
    by_lane = trail.by_lane()
    for lane in trail.lanes:
        if lane.status in UNFINISHED:
            # It moves while it is read; that it is not done yet is a finding of its own.
            continue
        if created[lane.proposal_id] != 1:
            yield f"proposal {lane.proposal_id} was created {created[lane.proposal_id]} times"
        before, events = None, by_lane[lane.id]
        for event in events:
            step = TABLE.get((LaneStatus(before) if before else None, EventType(event.type)))
            if event.before != before or step is None or event.after != step:
                yield f"lane {lane.id} was {before}, and then: {event.type} from {event.before} to {event.after}"
            before = event.after
        if before != lane.status or len(events) != lane.version:
            steps = f"{len(events)} events, the last to {before}"
            yield f"lane {lane.id} is {lane.status} in version {lane.version} with {steps}"
        started = sum(event.type == EventType.EXECUTION_STARTED for event in events)
        if started != lane.starts:
            yield f"lane {lane.id} counts {lane.starts} starts, and its trail {started}"


def chains() -> Iterator[str]:
    """Every trail and the audit log are as they were written, by their hashes."""
    yield from (str(one) for one in findings(Seen()))
    db.session.rollback()


def early(trail: Trail) -> Iterator[str]:
    """No waiting ended before its time, however early the job for it came."""
    ends = {lane.id: lane.expires_at for lane in trail.lanes}
    for event in trail.events:
        if event.type == EventType.EXPIRED and event.lane_id and event.at < ends[event.lane_id]:
            yield f"lane {event.lane_id} expired at {event.at}, and its time was {ends[event.lane_id]}"
