"""What the conversation page reads in one query: the thread, its people, and what is half-typed in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from flask import current_app
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, func, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased, contains_eager

from console.conversations import Timeline
from console.conversations.access import NOT_THERE
from console.conversations.texts import settings
from console.db import db, now
from console.errors import NotFound
from console.governance import Actor, askers, lanes_of
from console.models import (
    ApiToken,
    Conversation,
    ConversationStatus,
    Draft,
    Operator,
    Role,
)
from console.presenters import labels
from console.presenters.days import zone
from console.presenters.faces import Face, Faces
from console.presenters.lanes import Viewpoint
from console.presenters.timeline import Line
from console.views.fragments import CSRF, filled


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where an operator stands: who may act, under which names, and what is half-typed."""

    operator: Operator
    actors: Mapping[str, Actor]
    """Everyone who may act here, with what is granted to them now."""
    faces: Faces
    drafts: Mapping[str, str]
    conversation: Conversation | None = None
    back: str = ""
    """The page to return to after a decision, where that is not the conversation."""

    @property
    def view(self) -> Viewpoint:
        resolved = self.conversation is not None and self.conversation.status == ConversationStatus.RESOLVED
        return Viewpoint(self.faces, zone(settings().timezone), self.drafts, resolved, self.back)


@dataclass(frozen=True, kw_only=True)
class Thread(Desk):
    """A conversation as one operator sees it."""

    conversation: Conversation
    people: Sequence[tuple[int, str]]
    """Active operators by name: who it can be given to."""
    next_id: int | None
    """The conversation after this one, among the open ones, in the order of the inbox."""
    customer_conversations: int
    before: str = ""
    earlier: str | None = None
    says: str = ""
    """The latest entry, said politely when it is a new one."""

    @property
    def presence(self) -> str:
        """The topic of who is here."""
        return f"presence:{self.conversation.id}"

    @property
    def resolved(self) -> bool:
        return self.conversation.status == ConversationStatus.RESOLVED

    @property
    def assignee(self) -> Face | None:
        found = self.conversation.assignee_id
        return self.faces(f"operator:{found}") if found else None

    @property
    def channel(self) -> str:
        return labels.channel(self.conversation.channel)

    @property
    def since(self) -> str:
        return _day(self.conversation.created_at.astimezone(self.view.local))

    @property
    def customer_since(self) -> str:
        return f"{self.conversation.customer.created_at:%b %Y}"

    @property
    def customer_first(self) -> str:
        return self.conversation.customer.name.split()[0]


def thread(conversation_id: int, operator: Operator) -> Thread:
    """The conversation, its customer, who may act, the operator's drafts and what is next. One query.

    Raises NotFound.
    """
    row = db.session.execute(
        _statement(),
        {"conversation": conversation_id, "me": operator.id, "drafts": f"conversation:{conversation_id}:%"},
    ).first()
    if row is None:
        raise NotFound(NOT_THERE)
    conversation, people, tokens, drafts, next_id, others = row
    return Thread(
        conversation=conversation,
        operator=operator,
        actors=known(people, tokens),
        people=[(id, name) for id, name, _, active, _ in people or () if active],
        drafts=drafts or {},
        next_id=next_id,
        customer_conversations=others,
        faces=Faces({id: name for id, name, *_ in people or ()}, operator.actor_id),
    )


def known(people: Sequence[Any] | None, tokens: Sequence[Any] | None) -> dict[str, Actor]:
    """Actors by id, from what `everyone` and a list of tokens as [name, active, scopes] have read."""
    found = {
        f"operator:{id}": Actor(f"operator:{id}", name, active, Role(role), frozenset(scopes))
        for id, name, role, active, scopes in people or ()
    }
    return found | {
        f"agent:{name}": Actor(f"agent:{name}", name, active, None, frozenset(scopes))
        for name, active, scopes in tokens or ()
    }


def entry(line: Line) -> Markup:
    """One line of the timeline. What was said does not change, and is shown again at each live update."""
    if line.delivery is None or not line.delivery.steps:
        return _entry(line)
    return filled(_entry(line), {CSRF: generate_csrf()})


@lru_cache(maxsize=4096)
def _entry(line: Line) -> Markup:
    macros: Any = current_app.jinja_env.get_template("conversations/_entry.html").make_module({})
    html: Markup = macros.entry(line, CSRF)
    return html


def says(timeline: Timeline, faces: Faces) -> str:
    """The latest entry as a sentence for a screen reader."""
    if not timeline.entries:
        return ""
    last = timeline.entries[-1]
    who = faces(last.author_id).first if last.author_id else last.author_name or "The customer"
    return f"{who}: {last.body[:120]}"


def _day(at: Any) -> str:
    year = f" {at.year}" if at.year != now().year else ""
    return f"{at.day} {at:%B}{year}"


@cache
def _statement() -> Select[Any]:
    """Built once: the page is asked for all day."""
    others = aliased(Conversation)
    same_customer = (
        select(func.count())
        .where(others.customer_id == Conversation.customer_id)
        .correlate(Conversation)
        .scalar_subquery()
    )
    return (
        select(Conversation, everyone(), _tokens(), _drafts(), _following(), same_customer)
        .join(Conversation.customer)
        .options(contains_eager(Conversation.customer))
        .where(Conversation.id == bindparam("conversation"))
        .execution_options(populate_existing=True)
    )


def everyone() -> ScalarSelect[Any]:
    """Every account as [id, name, role, active, scopes], by name, as a part of a page's own statement."""
    person = func.json_build_array(
        Operator.id, Operator.name, Operator.role, Operator.active, func.to_json(Operator.scopes)
    )
    return select(func.json_agg(aggregate_order_by(person, Operator.name))).scalar_subquery()


def _tokens() -> ScalarSelect[Any]:
    """The agents who asked for something here."""
    return tokens_where(("agent:" + ApiToken.name).in_(askers(bindparam("conversation"))))


def tokens_where(condition: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Agents as [name, active, scopes], as a part of a page's own statement."""
    token = func.json_build_array(ApiToken.name, ApiToken.active, func.to_json(ApiToken.scopes))
    return select(func.json_agg(token)).where(condition).scalar_subquery()


def drafts_where(condition: ColumnElement[bool]) -> ScalarSelect[Any]:
    """What `me` has typed and not sent, by key, as a part of a page's own statement."""
    drafts = select(func.json_object_agg(Draft.key, Draft.body))
    return drafts.where(Draft.operator_id == bindparam("me"), condition).scalar_subquery()


def _drafts() -> ScalarSelect[Any]:
    here = Draft.key.like(bindparam("drafts"))
    of_a_lane = func.split_part(Draft.key, ":", 2).in_(lanes_of(bindparam("conversation")))
    return drafts_where(here | Draft.key.like("lane:%") & of_a_lane)


def _following() -> ScalarSelect[Any]:
    """The open conversation below this one in the inbox."""
    after = aliased(Conversation)
    return (
        select(after.id)
        .where(
            after.status == ConversationStatus.OPEN,
            tuple_(after.last_message_at, after.id) < tuple_(Conversation.last_message_at, Conversation.id),
        )
        .order_by(after.last_message_at.desc(), after.id.desc())
        .limit(1)
        .correlate(Conversation)
        .scalar_subquery()
    )
