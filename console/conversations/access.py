"""Who acts, on which row, and who hears of it."""

from __future__ import annotations

from sqlalchemy import select

from console.db import db, locked, now
from console.errors import Forbidden, NotFound
from console.live import announce
from console.models import Conversation, Message, MessageRole, Operator

BIGGEST_ID = 2**63 - 1
NOT_THERE = "This conversation does not exist, or no longer does."


def acting(actor_id: str) -> Operator:
    """The active operator behind `operator:<id>`, read anew. Raises Forbidden for anyone else."""
    kind, _, number = actor_id.partition(":")
    if kind == "operator" and number.isascii() and number.isdigit() and int(number) <= BIGGEST_ID:
        found = db.session.scalar(
            select(Operator)
            .where(Operator.id == int(number), Operator.active)
            .execution_options(populate_existing=True)
        )
        if found is not None:
            return found
    raise Forbidden("Only an operator with an active account may do this in a conversation.")


def held(conversation_id: int) -> Conversation:
    """The conversation, locked until the transaction ends. Raises NotFound."""
    if not 0 < conversation_id <= BIGGEST_ID:
        raise NotFound(NOT_THERE)
    return locked(Conversation, conversation_id, NOT_THERE)


def tell(conversation: Conversation) -> None:
    """Announce the conversation and the inbox; where actions wait, also what the queue quotes of it as evidence."""
    evidence = ["evidence"] if conversation.waiting_lanes else []
    announce(conversation.topic, "inbox", *evidence)


def say(conversation: Conversation, sentence: str, actor: Operator | None = None) -> None:
    """Write a line of the timeline about the conversation itself. It does not count as its last message."""
    db.session.add(
        Message(
            conversation_id=conversation.id,
            role=MessageRole.SYSTEM,
            body=sentence,
            author_id=actor.actor_id if actor else "system",
            author_name=actor.name if actor else "",
            created_at=now(),
        )
    )
