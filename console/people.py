"""Who may work here: operators, the tokens of agents, and what each is granted. The verbs of the noun “operator”.

Each is one transaction, or joins the caller's. What a person may do is read anew wherever it is asked, so a change
here is in force at once: for open pages, and for what was approved and has not run yet.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable

import email_validator
from argon2 import PasswordHasher
from sqlalchemy import func, select, update

from console.db import db, now, transaction
from console.errors import Conflict, Invalid, NotFound
from console.governance import list_pending_approvals
from console.live import announce
from console.models import ApiToken, Operator, Role, SignIn
from console.tools.registry import registry

MIN_PASSWORD_CHARS = 12
MAX_PASSWORD_CHARS = 1_000
MAX_NAME_CHARS = 200
MOST_TOLD = 500
AGENT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
TOKEN_PREFIX = "console_"

hasher = PasswordHasher()


def create_operator(
    email: str, name: str, password: str, *, role: Role = Role.OPERATOR, scopes: Iterable[str] = ()
) -> Operator:
    """An account for a person. Raises Invalid (email, name, password, scope) or Conflict (the email is taken)."""
    email, name = checked_email(email), _checked_name(name)
    hashed, granted = hasher.hash(checked_password(password)), checked_scopes(scopes)
    with transaction():
        if find_operator(email) is not None:
            raise Conflict(
                f"There is an account for {email} already. Choose another email, or change that account."
            )
        found = Operator(
            email=email, name=name, password_hash=hashed, role=role, scopes=granted, created_at=now()
        )
        db.session.add(found)
        db.session.flush()
        return found


def create_agent(name: str, *, scopes: Iterable[str] = ()) -> tuple[ApiToken, str]:
    """A token for software that proposes as `agent:<name>`: the row, and the token, which is kept only as a hash.

    Raises Invalid (name, scope) or Conflict (the name is taken).
    """
    if not AGENT_NAME.fullmatch(name):
        raise Invalid(
            "An agent's name is made of small letters, digits, - and _, starts with a letter, and is short."
        )
    granted, token = checked_scopes(scopes), TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction():
        if find_agent(name) is not None:
            raise Conflict(f"There is an agent called {name} already. Choose another name.")
        found = ApiToken(name=name, token_hash=hash_token(token), scopes=granted, created_at=now())
        db.session.add(found)
        db.session.flush()
        return found, token


def deactivate(who: str) -> Operator | ApiToken:
    """End what an operator (by email) or an agent (by name) may do; a person's open pages end too.

    Nothing is deleted: the trail keeps their name. Raises NotFound.
    """
    with transaction():
        found = find(who)
        found.active = False
        if isinstance(found, Operator):
            ended = update(SignIn).where(SignIn.operator_id == found.id, SignIn.ended_at.is_(None))
            db.session.execute(ended.values(ended_at=now()))
        return _changed(found)


def activate(who: str) -> Operator | ApiToken:
    """Let a deactivated operator or agent work again. Raises NotFound."""
    with transaction():
        found = find(who)
        found.active = True
        return _changed(found)


def grant(who: str, scopes: Iterable[str]) -> Operator | ApiToken:
    """Grant further scopes to an operator or an agent. Raises NotFound, Invalid."""
    more = checked_scopes(scopes)
    with transaction():
        found = find(who)
        found.scopes = sorted({*found.scopes, *more})
        return _changed(found)


def revoke(who: str, scopes: Iterable[str]) -> Operator | ApiToken:
    """Take scopes away; what they asked for and has not run yet will not run. Raises NotFound."""
    gone = set(scopes)
    with transaction():
        found = find(who)
        found.scopes = [scope for scope in found.scopes if scope not in gone]
        return _changed(found)


def set_password(email: str, password: str) -> Operator:
    """Give an operator another password and end their open pages. Raises NotFound, Invalid."""
    hashed = hasher.hash(checked_password(password))
    with transaction():
        found = find_operator(email)
        if found is None:
            raise NotFound(f"There is no account for {email}.")
        found.password_hash = hashed
        ended = update(SignIn).where(SignIn.operator_id == found.id, SignIn.ended_at.is_(None))
        db.session.execute(ended.values(ended_at=now()))
        return found


def find(who: str) -> Operator | ApiToken:
    """An operator by email, or an agent by name. Raises NotFound."""
    found = find_operator(who) if "@" in who else find_agent(who)
    if found is None:
        kind = "account for" if "@" in who else "agent called"
        raise NotFound(f"There is no {kind} {who}.")
    return found


def find_operator(email: str) -> Operator | None:
    """An operator by email, in whatever case it is written, or None."""
    return db.session.scalar(select(Operator).where(func.lower(Operator.email) == email.strip().lower()))


def find_agent(name: str) -> ApiToken | None:
    """An agent by name, or None."""
    return db.session.scalar(select(ApiToken).where(ApiToken.name == name))


def hash_token(token: str) -> str:
    """What is stored of an agent's token. It is random and long, so a plain SHA-256 cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


def checked_email(email: str) -> str:
    """The email in its usual form. Raises Invalid."""
    try:
        return email_validator.validate_email(email.strip(), check_deliverability=False).normalized
    except email_validator.EmailNotValidError as error:
        raise Invalid(f"{email} is no email address: {error}", fields={"email": str(error)}) from error


def checked_password(password: str) -> str:
    """The password, if it is long enough. Raises Invalid."""
    if len(password) < MIN_PASSWORD_CHARS:
        raise Invalid(
            f"The password has {len(password)} characters; at least {MIN_PASSWORD_CHARS} are needed."
        )
    if len(password) > MAX_PASSWORD_CHARS:
        raise Invalid(f"The password has {len(password):,} characters; at most {MAX_PASSWORD_CHARS:,} fit.")
    return password


def checked_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes, sorted, once each. Raises Invalid for one that no tool here asks for: a typing error, mostly."""
    wanted = {scope.strip() for scope in scopes}
    known = {scope for tool in registry() for scope in tool.scopes}
    unknown = sorted(wanted - known)
    if unknown:
        offered = ", ".join(sorted(known)) or "none"
        raise Invalid(f"No tool here asks for the scope {unknown[0]}. Scopes that are asked for: {offered}.")
    return sorted(wanted)


def _changed(found: Operator | ApiToken) -> Operator | ApiToken:
    """Tell the pages that show what they asked for: a card says whether it would still run."""
    db.session.flush()
    waiting = list_pending_approvals(MOST_TOLD, requested_by=found.actor_id)
    announce(
        "approvals", *{f"conversation:{lane.conversation_id}" for lane in waiting if lane.conversation_id}
    )
    return found


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise Invalid(f"A name is needed, on one line and with at most {MAX_NAME_CHARS} characters.")
    return name
