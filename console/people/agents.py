"""Software that proposes as `agent:<name>`: its token, kept only as a hash, and what it is granted."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

from sqlalchemy import select

from console.audit import note
from console.db import db, now, transaction
from console.errors import NotFound
from console.models import ApiToken, AuditType
from console.people.access import NO_AGENT, held, or_taken, require_admin, require_version, tell
from console.people.checks import checked_agent_name, checked_scopes

TOKEN_PREFIX = "console_"


def create_agent(name: str, *, actor_id: str, scopes: Iterable[str] = ()) -> tuple[ApiToken, str]:
    """An agent and its token, which is shown only now.

    Raises Forbidden, Invalid (name, scope) or Conflict (the name is taken).
    """
    name, granted, token = checked_agent_name(name), checked_scopes(scopes), new_token()
    with transaction():
        require_admin(actor_id)
        found = ApiToken(name=name, token_hash=hash_token(token), scopes=granted, created_at=now())
        with or_taken(f"There is an agent called {name} already. Choose another name."):
            db.session.add(found)
        _note(AuditType.AGENT_CREATED, actor_id, found, f"The agent {name} got a token.", scopes=granted)
        tell(found)
        return found, token


def change_agent(name: str, actor_id: str, *, scopes: Iterable[str], version: int | None = None) -> ApiToken:
    """Other scopes, in force at once; the same again changes nothing.

    `version` is the one that was on the page. Raises NotFound, Forbidden, Invalid, or Conflict when somebody else
    changed the agent meanwhile.
    """
    with transaction():
        require_admin(actor_id)
        found = held_agent(name)
        wanted = checked_scopes(scopes, found.scopes)
        if wanted == sorted(found.scopes):
            return found
        require_version(found, version)
        change = {"from": found.scopes, "to": wanted}
        found.scopes = wanted
        found.version += 1
        _note(AuditType.AGENT_CHANGED, actor_id, found, f"The agent {name}: scopes changed.", scopes=change)
        tell(found)
        return found


def renew_token(name: str, actor_id: str) -> tuple[ApiToken, str]:
    """Another token in place of the agent's; the old one is worth nothing at once. Raises NotFound, Forbidden."""
    token = new_token()
    with transaction():
        require_admin(actor_id)
        found = held_agent(name)
        found.token_hash = hash_token(token)
        found.version += 1
        _note(AuditType.AGENT_RENEWED, actor_id, found, f"The agent {name} got another token.")
        tell(found)
        return found, token


def find_agent(name: str) -> ApiToken | None:
    """An agent by name, or None."""
    return db.session.scalar(select(ApiToken).where(ApiToken.name == name))


def get_agent(name: str) -> ApiToken:
    """An agent by name. Raises NotFound."""
    found = find_agent(name)
    if found is None:
        raise NotFound(NO_AGENT)
    return found


def held_agent(name: str) -> ApiToken:
    """The agent, locked until the transaction ends. Raises NotFound."""
    found = held(f"agent:{name}")
    assert isinstance(found, ApiToken)
    return found


def new_token() -> str:
    """A token that nobody guesses, with a beginning by which it is recognised where it should not be."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored of a token. It is random and long, so a plain SHA-256 cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


def _note(event: AuditType, actor_id: str, found: ApiToken, sentence: str, **details: object) -> None:
    note(event, actor_id, reason=sentence, details={"agent": found.name} | details)
