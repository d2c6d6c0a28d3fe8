"""Messages: what the customer sends, what the team answers, what the team notes for itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import humanize
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from console.conversations.access import BIGGEST_ID, acting, held, say, tell
from console.conversations.drafts import forget_draft
from console.conversations.texts import checked, checked_message, preview
from console.db import db, now, transaction
from console.errors import Conflict
from console.models import Conversation, ConversationStatus, Customer, Message, MessageRole, Operator

ANSWERS = (MessageRole.OPERATOR, MessageRole.SYSTEM_OUTBOUND)
MAX_SUBJECT_CHARS = 300
MAX_NAME_CHARS = 200

# Locked in the order of ids, as everybody does who locks several: two that do so wait for each other once at most.
_SAID_TO = text("""
    WITH held AS (
        SELECT id FROM conversations WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE),
    said AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:previews AS text[])) AS s (id, preview))
    UPDATE conversations c
       SET last_message_at = :moment, last_message_preview = said.preview, last_message_role = :role
      FROM held JOIN said USING (id) WHERE c.id = held.id
""")


class AnsweredMeanwhile(Conflict):
    """Someone else answered after the page was loaded: `who`, `when` (aware), `message_id`. Nothing was sent."""

    code = "answered_meanwhile"

    def __init__(self, who: str, when: datetime, message_id: int) -> None:
        self.who, self.when, self.message_id = who, when, message_id
        moments = humanize.naturaltime(now() - when)
        super().__init__(
            f"{who} answered {moments}, after you opened this conversation. Nothing was sent: read the answer, "
            "then send yours again if it still fits."
        )


def customer_known_as(*, name: str, email: str | None = None, ref: str | None = None) -> Customer:
    """The customer with the host's id `ref`, created when there is none; without `ref` always a new one.

    Raises Invalid when the name is empty or too long.
    """
    name = checked(name, field="name", limit=MAX_NAME_CHARS, empty="A customer needs a name.")
    with transaction():
        if ref is not None:
            db.session.execute(
                insert(Customer)
                .values(ref=ref, name=name, email=email, created_at=now())
                .on_conflict_do_nothing(index_elements=["ref"])
            )
            return db.session.scalars(select(Customer).where(Customer.ref == ref)).one()
        customer = Customer(name=name, email=email)
        db.session.add(customer)
        db.session.flush()
        return customer


def start(
    customer: Customer,
    subject: str,
    body: str | None = None,
    *,
    channel: str = "email",
    external_id: str | None = None,
) -> Conversation:
    """Open a conversation, with the customer's first message when `body` is given. Raises Invalid."""
    subject = checked(
        subject, field="subject", limit=MAX_SUBJECT_CHARS, empty="A conversation needs a subject."
    )
    with transaction():
        conversation = Conversation(
            customer_id=customer.id,
            subject=subject,
            channel=channel,
            external_id=external_id,
            last_message_at=now(),
        )
        db.session.add(conversation)
        db.session.flush()
        if body is not None:
            _append(conversation, MessageRole.CUSTOMER, checked_message(body), name=customer.name)
        tell(conversation)
        return conversation


def receive(conversation_id: int, body: str) -> Message:
    """Take in a message of the customer; a resolved conversation is open again. Raises NotFound, Invalid."""
    body = checked_message(body)
    with transaction():
        conversation = held(conversation_id)
        name = db.session.scalars(select(Customer.name).where(Customer.id == conversation.customer_id)).one()
        message = _append(conversation, MessageRole.CUSTOMER, body, name=name)
        if conversation.status == ConversationStatus.RESOLVED:
            conversation.status = ConversationStatus.OPEN
            conversation.resolved_at = None
            say(conversation, f"Reopened, because {name} wrote again.")
        tell(conversation)
        return message


def reply(
    conversation_id: int,
    actor_id: str,
    body: str,
    *,
    form_token: str | None = None,
    seen_message_id: int | None = None,
    again: bool = False,
) -> Message:
    """Answer the customer. The same `form_token` with the same words is one message, however often it is sent.

    `seen_message_id` is the last message on the operator's page; when someone else answered after it, raises
    AnsweredMeanwhile unless `again`. The operator's draft `conversation:<id>:reply` is cleared. Raises NotFound,
    Forbidden, Invalid.
    """
    body = checked_message(body, empty="Write an answer first; an empty one is not sent.")
    with transaction():
        actor = acting(actor_id)
        conversation = held(conversation_id)
        key = _form_key("reply", actor, conversation, form_token, body)
        found = _sent_before(key)
        if found is not None:
            return found
        if seen_message_id is not None and not again:
            _refuse_when_answered(conversation, actor, seen_message_id)
        message = _append(conversation, MessageRole.OPERATOR, body, actor=actor, form_token=key)
        forget_draft(actor.id, f"{conversation.topic}:reply")
        tell(conversation)
        return message


def add_note(
    conversation_id: int, actor_id: str, body: str, *, form_token: str | None = None, draft: str = ""
) -> Message:
    """Add a note that only the team sees; it does not move the conversation in the inbox.

    The operator's draft under the key `draft` is cleared, `conversation:<id>:note` when none is named. Raises NotFound,
    Forbidden, Invalid.
    """
    body = checked_message(body, empty="Write the note first; an empty one is not kept.")
    with transaction():
        actor = acting(actor_id)
        conversation = held(conversation_id)
        key = _form_key("note", actor, conversation, form_token, body)
        found = _sent_before(key)
        if found is not None:
            return found
        message = _append(conversation, MessageRole.INTERNAL_NOTE, body, actor=actor, form_token=key)
        forget_draft(actor.id, draft or f"{conversation.topic}:note")
        tell(conversation)
        return message


def said_to(bodies: Mapping[int, str]) -> None:
    """Keep what was sent to each of these conversations as the last message of its row, in the open transaction."""
    if bodies:
        db.session.execute(
            _SAID_TO,
            {
                "ids": list(bodies),
                "previews": [preview(body) for body in bodies.values()],
                "role": str(MessageRole.SYSTEM_OUTBOUND),
                "moment": now(),
            },
        )


def _append(
    conversation: Conversation,
    role: MessageRole,
    body: str,
    *,
    name: str = "",
    actor: Operator | None = None,
    form_token: str | None = None,
) -> Message:
    message = Message(
        conversation_id=conversation.id,
        role=role,
        body=body,
        author_id=actor.actor_id if actor else None,
        author_name=actor.name if actor else name,
        form_token=form_token,
        created_at=now(),
    )
    db.session.add(message)
    if role != MessageRole.INTERNAL_NOTE:
        conversation.last_message_at = message.created_at
        conversation.last_message_preview = preview(body)
        conversation.last_message_role = role
    db.session.flush()
    return message


def _form_key(
    kind: str, actor: Operator, conversation: Conversation, token: str | None, body: str
) -> str | None:
    """One key a form, person, place and text: other words from the same form are another message, not a lost one."""
    if not token:
        return None
    parts = "\x00".join((kind, actor.actor_id, conversation.topic, token, body))
    return hashlib.sha256(parts.encode(errors="replace")).hexdigest()


def _sent_before(key: str | None) -> Message | None:
    return None if key is None else db.session.scalar(select(Message).where(Message.form_token == key))


def _refuse_when_answered(conversation: Conversation, actor: Operator, seen_message_id: int) -> None:
    """The row lock orders the ids of a conversation's answers, so a greater id is a later answer."""
    newer = db.session.execute(
        select(Message.id, Message.author_name, Message.created_at)
        .where(
            Message.conversation_id == conversation.id,
            Message.id > min(seen_message_id, BIGGEST_ID),
            Message.role.in_(ANSWERS),
            Message.author_id.is_distinct_from(actor.actor_id),
        )
        .order_by(Message.id.desc())
        .limit(1)
    ).first()
    if newer is not None:
        raise AnsweredMeanwhile(newer.author_name or "Someone else", newer.created_at, newer.id)
