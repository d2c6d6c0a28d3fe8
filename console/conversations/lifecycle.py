"""What the team does to the conversation itself. A verb that changes nothing writes nothing."""

from __future__ import annotations

from console.conversations.access import BIGGEST_ID, acting, held, say, tell
from console.db import db, now, transaction
from console.errors import Invalid
from console.models import Conversation, ConversationStatus, Operator


def resolve(conversation_id: int, actor_id: str) -> Conversation:
    """Close the conversation; a second press changes nothing. Raises NotFound, Forbidden."""
    with transaction():
        actor = acting(actor_id)
        conversation = held(conversation_id)
        if conversation.status != ConversationStatus.RESOLVED:
            conversation.status = ConversationStatus.RESOLVED
            conversation.resolved_at = now()
            say(conversation, f"{actor.name} resolved this conversation.", actor)
            tell(conversation)
        return conversation


def reopen(conversation_id: int, actor_id: str) -> Conversation:
    """Open a resolved conversation again; a second press changes nothing. Raises NotFound, Forbidden."""
    with transaction():
        actor = acting(actor_id)
        conversation = held(conversation_id)
        if conversation.status != ConversationStatus.OPEN:
            conversation.status = ConversationStatus.OPEN
            conversation.resolved_at = None
            say(conversation, f"{actor.name} reopened this conversation.", actor)
            tell(conversation)
        return conversation


def assign(conversation_id: int, actor_id: str, assignee_id: int | None) -> Conversation:
    """Give the conversation to an active operator, or to nobody (None). Raises NotFound, Forbidden, Invalid."""
    with transaction():
        actor = acting(actor_id)
        assignee = may_be_assigned(assignee_id) if assignee_id is not None else None
        conversation = held(conversation_id)
        if conversation.assignee_id != assignee_id:
            conversation.assignee_id = assignee_id
            say(conversation, _who_has_it(actor, assignee), actor)
            tell(conversation)
        return conversation


def may_be_assigned(operator_id: int) -> Operator:
    """The active operator with this id. Raises Invalid."""
    found = (
        db.session.get(Operator, operator_id, populate_existing=True)
        if 0 < operator_id <= BIGGEST_ID
        else None
    )
    if found is None or not found.active:
        sentence = (
            "This person has no active account, so the conversation stays where it was. Choose someone else."
        )
        raise Invalid(sentence, fields={"assignee_id": sentence})
    return found


def _who_has_it(actor: Operator, assignee: Operator | None) -> str:
    if assignee is None:
        return f"{actor.name} put this back for anyone to take."
    if assignee.id == actor.id:
        return f"{actor.name} took this conversation."
    return f"{actor.name} assigned this to {assignee.name}."
