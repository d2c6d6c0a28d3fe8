"""What pages read of people and agents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select, tuple_

from console.db import db, is_id, now
from console.errors import NotFound
from console.models import ApiToken, Operator, PasswordLink, SignIn
from console.people.access import NOT_THERE, Person
from console.people.agents import find_agent
from console.people.operators import find_operator
from console.people.sign_ins import is_open

MOST_AGENTS = 500


class Member(NamedTuple):
    """An operator as the list shows them."""

    operator: Operator
    signed_in_at: datetime | None
    open_sign_ins: int
    link_until: datetime | None


def list_people(limit: int, *, after: int | None = None, q: str = "", active: bool = True) -> list[Member]:
    """Operators by name: a page, after the one with the id `after`, of those whose name or email contains `q`."""
    latest = select(func.max(SignIn.created_at)).where(SignIn.operator_id == Operator.id).scalar_subquery()
    openly = select(func.count()).where(SignIn.operator_id == Operator.id, *is_open()).scalar_subquery()
    until = (
        select(PasswordLink.expires_at)
        .where(PasswordLink.operator_id == Operator.id, PasswordLink.ended_at.is_(None))
        .where(PasswordLink.expires_at > now())
        .scalar_subquery()
    )
    key = func.lower(Operator.name)
    wanted = select(Operator, latest, openly, until).where(Operator.active.is_(active))
    if q:
        wanted = wanted.where(
            or_(Operator.name.icontains(q, autoescape=True), Operator.email.icontains(q, autoescape=True))
        )
    last = db.session.get(Operator, after) if after and is_id(after) else None
    if last is not None:
        wanted = wanted.where(tuple_(key, Operator.id) > tuple_(func.lower(last.name), last.id))
    rows = db.session.execute(wanted.order_by(key, Operator.id).limit(limit))
    return [Member(*row) for row in rows]


def get_operator(operator_id: int) -> Operator:
    """An operator by id. Raises NotFound."""
    found = db.session.get(Operator, operator_id, populate_existing=True) if is_id(operator_id) else None
    if found is None:
        raise NotFound(NOT_THERE)
    return found


def list_agents() -> Sequence[ApiToken]:
    """Agents by name, those that work first."""
    return db.session.scalars(
        select(ApiToken).order_by(ApiToken.active.desc(), ApiToken.name).limit(MOST_AGENTS)
    ).all()


def find(who: str) -> Person:
    """An operator by email, or an agent by name. Raises NotFound."""
    found = find_operator(who) if "@" in who else find_agent(who)
    if found is None:
        kind = "account for" if "@" in who else "agent called"
        raise NotFound(f"There is no {kind} {who}.")
    return found
