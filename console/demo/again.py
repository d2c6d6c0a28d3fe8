"""A demo that was left alone for days: what lapsed is asked once more, so that there is something to decide."""

from __future__ import annotations

from sqlalchemy import select

from console import conversations, governance
from console.db import db, now
from console.demo.script import Action, Thread
from console.governance import execution
from console.models import Conversation, LaneStatus, ToolProposal

LIVELY = 4
"""Pending lanes that are enough for a newcomer."""


def ask_again(script: list[Thread]) -> None:
    """Unless enough still waits, let customers ask for news and the agent ask for a decision again."""
    pending = governance.list_pending_approvals()
    for lane in pending:
        execution.expire_due(lane.id)
    if sum(lane.expires_at > now() for lane in pending) >= LIVELY:
        return
    for thread in script:
        for action in thread.action:
            if action.later:
                _ask_again(thread, action)


def _ask_again(thread: Thread, action: Action) -> None:
    place = db.session.scalar(select(Conversation.id).where(Conversation.external_id == thread.external_id))
    proposal = _lapsed(place, action) if place is not None else None
    if place is not None and proposal is not None:
        conversations.receive(place, action.later)
        governance.request_approval(proposal, actor_id=proposal.actor_id)


def _lapsed(place: int, action: Action) -> ToolProposal | None:
    """The newest proposal of this tool there, if its last lane lapsed."""
    for proposal in governance.list_proposals_for_conversation(place):
        if proposal.tool_ref == action.tool and proposal.approvals:
            return proposal if proposal.approvals[-1].status == LaneStatus.EXPIRED else None
    return None
