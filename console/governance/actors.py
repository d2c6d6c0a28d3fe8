"""Who is behind an actor's name, what is granted to them now, and whether they may decide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from console.audit import note_refusal
from console.db import db
from console.governance.canonical import has_forbidden_text
from console.governance.errors import FourEyesRequired, GovernanceError, NotAllowed
from console.governance.policy import Rules
from console.models import ApiToken, Operator, Role, ToolApproval

# Columns, not entities: what is granted is read as it stands in the database now, not as a session remembers it.
OPERATOR = select(Operator.name, Operator.active, Operator.scopes, Operator.role)
AGENT = select(ApiToken.name, ApiToken.active, ApiToken.scopes)


@dataclass(frozen=True)
class Actor:
    """An actor as of now. One who does not exist (any more) is not active and holds nothing."""

    id: str
    name: str
    active: bool = False
    role: Role | None = None
    scopes: frozenset[str] = frozenset()


def find_actor(actor_id: str) -> Actor:
    """Look an actor up; never raises."""
    kind, _, key = actor_id.partition(":")
    # One spelling a person: `operator:07` would be somebody else than `operator:7` to the check of four eyes.
    if kind == "operator" and re.fullmatch("[1-9][0-9]{0,17}", key):
        operator = db.session.execute(OPERATOR.where(Operator.id == int(key))).one_or_none()
        if operator is not None:
            name, active, scopes, role = operator
            return Actor(actor_id, name, active, Role(role), frozenset(scopes))
    if kind == "agent" and not has_forbidden_text(key):
        token = db.session.execute(AGENT.where(ApiToken.name == key)).one_or_none()
        if token is not None:
            name, active, scopes = token
            return Actor(actor_id, name, active, None, frozenset(scopes))
    if actor_id in ("system", "policy"):
        return Actor(actor_id, actor_id, active=True)
    return Actor(actor_id, key or actor_id)


def require_decider(lane: ToolApproval, actor_id: str, rules: Rules) -> Actor:
    """The actor, if they may decide this lane: an active operator with the role, and not the one who asked.

    Raises NotAllowed or FourEyesRequired, and leaves a line about it. Agents, tokens and the system never decide.
    """
    try:
        return _as_decider(find_actor(actor_id), lane, rules)
    except GovernanceError as error:
        about = {"approval_id": lane.id, "title": lane.proposal.title}
        note_refusal(error, actor_id, conversation_id=lane.conversation_id, details=about)
        raise


def require_admin(actor_id: str, sentence: str, **about: Any) -> Actor:
    """The actor, if it is an admin whose account is active.

    Raises NotAllowed with `sentence`, and leaves a line about it with what it is `about`.
    """
    actor = find_actor(actor_id)
    if not actor.active or actor.role != Role.ADMIN:
        refused = NotAllowed(sentence)
        note_refusal(refused, actor_id, **about)
        raise refused
    return actor


def refusal(lane: ToolApproval, actor: Actor, rules: Rules) -> GovernanceError | None:
    """Why this actor may not decide this lane, or None; for pages that say so before anyone tries."""
    try:
        _as_decider(actor, lane, rules)
    except GovernanceError as error:
        return error
    return None


def _as_decider(actor: Actor, lane: ToolApproval, rules: Rules) -> Actor:
    if actor.role is None:
        raise NotAllowed("Only a signed-in operator can decide; software cannot.")
    if not actor.active:
        raise NotAllowed("This account is deactivated, so it cannot decide.")
    if actor.role not in rules.decide:
        names = " or ".join(str(role) for role in rules.decide)
        who = f"it takes an {names}" if names else "the policy lets nobody"
        raise NotAllowed(f"Your role may not decide this; {who}.")
    if rules.four_eyes and actor.id in (lane.proposal.actor_id, lane.requested_by):
        raise FourEyesRequired()
    return actor
