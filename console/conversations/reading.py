"""What the conversation page reads: the header and a bounded stretch of the timeline."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ScalarSelect,
    Select,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased, joinedload

from console.conversations.access import BIGGEST_ID, NOT_THERE
from console.conversations.cursors import Cursor
from console.conversations.texts import settings
from console.db import db
from console.errors import NotFound
from console.models import (
    Conversation,
    ConversationStatus,
    Customer,
    Delivery,
    Message,
    MessageRole,
    MessageTemplate,
    Operator,
)

DELIVERY_FACTS = (
    "id",
    "state",
    "channel",
    "send_after",
    "attempts",
    "reason",
    "reference",
    "updated_at",
    "envelope_id",
    "template_version",
    "address",
    "subject",
)


class Entry(NamedTuple):
    """One line of the timeline."""

    id: int
    role: MessageRole
    body: str
    author_id: str | None
    author_name: str
    action: str | None
    """What an imported line of the back office calls itself."""
    created_at: datetime
    sent: dict[str, Any] | None = None
    """Of a follow-up: how far its delivery got."""


class Example(NamedTuple):
    """A conversation to choose by its customer and subject."""

    id: int
    customer: str
    subject: str


class Timeline(NamedTuple):
    """Entries oldest first; `earlier` is the cursor of the page before them, None when there is none."""

    entries: list[Entry]
    earlier: str | None
    last_id: int
    """The greatest id among them: what a reply form carries as `seen_message_id`. 0 when empty."""


def conversation(conversation_id: int) -> Conversation:
    """The conversation with its customer and assignee, in one query. Raises NotFound."""
    found = None
    if 0 < conversation_id <= BIGGEST_ID:
        found = db.session.scalar(
            select(Conversation)
            .where(Conversation.id == conversation_id)
            .options(joinedload(Conversation.customer, innerjoin=True), joinedload(Conversation.assignee))
            .execution_options(populate_existing=True)
        )
    if found is None:
        raise NotFound(NOT_THERE)
    return found


def timeline(conversation_id: int, *, before: str | None = None, limit: int | None = None) -> Timeline:
    """The newest entries, or those before the cursor `before`; at most `limit` (default `timeline_size`).

    One query. Raises BadRequest for a cursor that is none.
    """
    size = limit or settings().timeline_size
    asked: dict[str, Any] = {"conversation": conversation_id, "rows": size + 1}
    if before:
        asked["at"], asked["last_id"] = Cursor.parse(before)
    entries = [Entry._make(row) for row in db.session.execute(_entries(bool(before)), asked)]
    more = len(entries) > size
    entries = entries[:size][::-1]
    earlier = str(Cursor(entries[0].created_at, entries[0].id)) if more else None
    return Timeline(entries, earlier, max((entry.id for entry in entries), default=0))


@cache
def _delivery() -> ScalarSelect[Any]:
    """How far the delivery of a message got. Read with the message, and only for one that has a delivery."""
    repeats = aliased(Delivery)
    repeated = exists().where(repeats.repeats_id == Delivery.id).correlate(Delivery)
    words: list[Any] = []
    for name in DELIVERY_FACTS:
        words += [literal_column(f"'{name}'"), getattr(Delivery, name)]
    template = (
        select(MessageTemplate.name).where(MessageTemplate.id == Delivery.template_id).scalar_subquery()
    )
    return (
        select(
            func.json_build_object(
                *words, literal_column("'template'"), template, literal_column("'repeated'"), repeated
            )
        )
        .where(Delivery.message_id == Message.id)
        .correlate(Message)
        .scalar_subquery()
    )


def last_message_id(conversation_id: int) -> int:
    """The greatest message id of the conversation, 0 when it has none."""
    return (
        db.session.scalar(
            select(Message.id)
            .where(Message.conversation_id == conversation_id)
            .order_by(Message.id.desc())
            .limit(1)
        )
        or 0
    )


def lately_resolved(limit: int = 10) -> list[Example]:
    """The resolved conversations with the latest activity, to show something with."""
    rows = db.session.execute(
        select(Conversation.id, Customer.name, Conversation.subject)
        .join(Customer, Customer.id == Conversation.customer_id)
        .where(Conversation.status == ConversationStatus.RESOLVED)
        .order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
        .limit(limit)
    )
    return [Example._make(row) for row in rows]


def assignable() -> list[tuple[int, str]]:
    """Active operators as (id, name), by name: who a conversation can be given to."""
    rows = db.session.execute(
        select(Operator.id, Operator.name).where(Operator.active).order_by(Operator.name)
    )
    return [(row.id, row.name) for row in rows]


@cache
def _entries(before: bool) -> Select[Any]:
    """Built once: the page is asked for all day."""
    wanted = (
        select(
            Message.id,
            Message.role,
            Message.body,
            Message.author_id,
            Message.author_name,
            Message.details["name"].astext.label("action"),
            Message.created_at,
            case((Message.role == MessageRole.SYSTEM_OUTBOUND, _delivery())),
        )
        .where(Message.conversation_id == bindparam("conversation"))
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(bindparam("rows"))
    )
    if before:
        earlier = tuple_(Message.created_at, Message.id)
        wanted = wanted.where(earlier < tuple_(bindparam("at"), bindparam("last_id")))
    return wanted
