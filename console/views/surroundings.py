"""What the queue reads beside its lanes, in one query: who may act, what is half-typed or was said, how many wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, ScalarSelect, Select, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from console.db import db
from console.governance import Numbers, Waiting, Wanted, asked_of, beside_lane, numbers_part, read_numbers
from console.models import ApiToken, ConversationTally, Draft, Message, MessageRole, Operator, ToolApproval
from console.presenters.faces import Face, Faces
from console.views.thread import Desk, drafts_where, everyone, known, tokens_where

MOST_QUOTES = 2
QUOTED_CHARS = 400


class Quote(NamedTuple):
    """Something that was said in the conversation of the open lane."""

    name: str
    face: Face | None
    note: bool
    body: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class QueueDesk(Desk):
    """Where an operator stands in front of the queue."""

    lane: ToolApproval | None
    """The lane that is open, with all that its card shows."""
    quotes: list[Quote]
    """The last words of the open lane's conversation, newest first."""
    open: int
    """Open conversations, for the navigation."""
    numbers: Numbers


def surroundings(
    operator: Operator, wanted: Wanted, rows: Sequence[Waiting], focus: Waiting | None, back: str
) -> QueueDesk:
    """What stands around these lanes, and all of the one that is open. One query."""
    agents = {row.asked_by.removeprefix("agent:") for row in [*rows, focus] if row is not None}
    lane_id, place = (focus.id, focus.conversation_id) if focus else (0, None)
    asked = asked_of(operator, wanted) | {
        "me": operator.id,
        "lane": lane_id,
        "drafts": f"lane:{lane_id}:%",
        "agents": list(agents),
        "conversation": place or 0,
    }
    lane, conversation, people, tokens, drafts, said, unresolved, counted = db.session.execute(
        _statement(), asked
    ).one()
    faces = Faces({id: name for id, name, *_ in people or ()}, operator.actor_id)
    return QueueDesk(
        operator=operator,
        actors=known(people, tokens),
        faces=faces,
        drafts=drafts or {},
        lane=lane,
        quotes=[_quote(faces, *one) for one in said or ()],
        open=unresolved,
        numbers=read_numbers(counted),
        back=back,
        conversation=conversation,
    )


def _quote(faces: Faces, role: str, author_id: str | None, name: str, body: str, at: str) -> Quote:
    face = faces(author_id) if author_id else None
    note = role == MessageRole.INTERNAL_NOTE
    return Quote(face.first if face else name, face, note, body, datetime.fromisoformat(at))


@cache
def _statement() -> Select[Any]:
    """Built once: the page is asked for all day."""
    agents = bindparam("agents", type_=ARRAY(Text))
    unresolved = func.coalesce(func.sum(ConversationTally.difference), 0)
    return beside_lane(
        everyone(),
        tokens_where(ApiToken.name == any_(agents)),
        drafts_where(Draft.key.like(bindparam("drafts"))),
        _said(),
        select(unresolved).where(ConversationTally.status == "open").scalar_subquery(),
        numbers_part(),
    )


def _said() -> ScalarSelect[Any]:
    people = (MessageRole.CUSTOMER, MessageRole.OPERATOR, MessageRole.INTERNAL_NOTE)
    last = (
        select(Message)
        .where(Message.conversation_id == bindparam("conversation"), Message.role.in_(people))
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(MOST_QUOTES)
        .subquery()
    )
    said = func.json_build_array(
        last.c.role, last.c.author_id, last.c.author_name, func.left(last.c.body, QUOTED_CHARS), last.c.created_at
    )  # fmt: skip
    newest_first = aggregate_order_by(said, last.c.created_at.desc(), last.c.id.desc())
    return select(func.json_agg(newest_first)).scalar_subquery()
