"""A demo that was left alone for days: what lapsed is asked once more, so that there is something to decide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain, repeat

from sqlalchemy import select

from console import conversations, governance
from console import db as database
from console.db import db, now
from console.demo.script import Action, Thread
from console.governance import execution
from console.models import Conversation, LaneStatus, ToolProposal

LIVELY = 4
"""Pending lanes that are enough for a newcomer."""
WAITED = (timedelta(hours=44), timedelta(hours=37), timedelta(hours=29))
"""For how long the first of them have waited again, so that an admin finds something stale; the others just came."""


def ask_again(script: list[Thread]) -> None:
    """Unless enough still waits, let customers ask for news and the agent ask for a decision again."""
    pending = governance.list_pending_approvals()
    for lane in pending:
        if lane.expires_at <= now():
            with _at(lane.expires_at):
                execution.expire_due(lane.id)
    if sum(lane.expires_at > now() for lane in pending) >= LIVELY:
        return
    again = ((thread, action) for thread in script for action in thread.action if action.later)
    waited = chain(WAITED, repeat(timedelta(0)))
    for place, words, proposal in [found for one in again if (found := _lapsed(*one)) is not None]:
        with _at(max(now() - next(waited), place.last_message_at, proposal.approvals[-1].updated_at)):
            conversations.receive(place.id, words)
            governance.request_approval(proposal, actor_id=proposal.actor_id)


def _lapsed(thread: Thread, action: Action) -> tuple[Conversation, str, ToolProposal] | None:
    """Where it was asked, what the customer says now, and the newest proposal of this tool there, if its last lane
    lapsed."""
    place = db.session.scalar(select(Conversation).where(Conversation.external_id == thread.external_id))
    if place is None:
        return None
    for proposal in governance.list_proposals_for_conversation(place.id):
        if proposal.tool_ref == action.tool and proposal.approvals:
            lapsed = proposal.approvals[-1].status == LaneStatus.EXPIRED
            return (place, action.later, proposal) if lapsed else None
    return None


@contextmanager
def _at(moment: datetime) -> Iterator[None]:
    before, database.clock = database.clock, lambda: moment
    try:
        yield
    finally:
        database.clock = before
