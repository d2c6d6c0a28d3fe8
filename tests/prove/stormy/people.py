"""What people were told after a storm: whatever was answered with success is there, once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from sqlalchemy import text

from console.db import db
from console.models import BulkEnvelope, EnvelopeStatus, MessageRole
from tests.prove.stormy.journal import Journal
from tests.prove.stormy.lanes import Trail

BODIES = text("SELECT body, count(*) FROM messages WHERE role IN (:reply, :note) GROUP BY body")
STATUS = text("SELECT id, status FROM conversations")


def kept(journal: Journal, agents: Mapping[str, int], trail: Trail) -> Iterator[str]:
    """What was asked for and decided, as it was answered."""
    lanes: dict[str, list[int]] = defaultdict(list)
    for lane in trail.lanes:
        lanes[lane.mark].append(lane.id)
    for mark, lane_id in {**journal.asked, **agents}.items():
        if lanes[mark] != [lane_id]:
            yield f"{mark} was answered with lane {lane_id}, and has {lanes[mark]}"
    for mark, ids in lanes.items():
        if len(ids) > 1:
            yield f"{mark} has {len(ids)} lanes"
    decisions = Counter((event.lane_id, event.type, event.actor) for event in trail.events)
    for decision in journal.decided:
        if decisions[decision] != 1:
            yield f"lane {decision[0]}: {decision[1]} by {decision[2]} was answered, {decisions[decision]} are there"
    status = {row[0]: row[1] for row in db.session.execute(STATUS)}
    for conversation, wanted in journal.status.items():
        if status[conversation] != wanted:
            yield f"conversation {conversation} was made {wanted}, and is {status[conversation]}"
    db.session.rollback()


def messages(journal: Journal) -> Iterator[str]:
    """Replies and notes: once if any answer was success, and at most once if there was none."""
    roles = {"reply": str(MessageRole.OPERATOR), "note": str(MessageRole.INTERNAL_NOTE)}
    found = Counter(dict(db.session.execute(BODIES, roles).tuples().all()))
    for words, answered in journal.written.items():
        if not int(answered) <= found[words] <= 1:
            yield f"“{words}” was {'' if answered else 'not '}answered, and is there {found[words]} times"
    for words in found.keys() - journal.written.keys():
        yield f"“{words}” is there, and nobody wrote it"
    db.session.rollback()


def sends(journal: Journal) -> Iterator[str]:
    """Bulk sends as they were answered; their deliveries are judged by `tests.storm.judging`."""
    for envelope_id, answered in journal.sent.items():
        envelope = db.session.get(BulkEnvelope, envelope_id)
        if answered and (envelope is None or envelope.status != EnvelopeStatus.SUBMITTED):
            yield f"bulk send {envelope_id} was confirmed, and is not there"
    for envelope_id in journal.undone:
        envelope = db.session.get(BulkEnvelope, envelope_id)
        if envelope is None or envelope.undone_count is None:
            yield f"bulk send {envelope_id} was undone, and does not say so"
    db.session.rollback()
