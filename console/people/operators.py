"""Accounts of people: made, invited, changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from console.audit import note
from console.db import db, now, transaction
from console.models import AuditType, Operator, Role
from console.people.access import (
    held_operator,
    hold_admins,
    or_taken,
    require_admin,
    require_another_admin,
    require_version,
    tell,
)
from console.people.checks import checked_email, checked_name, checked_password, checked_scopes
from console.people.links import open_link
from console.people.passwords import hasher

TAKEN = "There is an account for {email} already. Choose another email, or change that account."


def create_operator(
    email: str,
    name: str,
    password: str,
    *,
    actor_id: str,
    role: Role = Role.OPERATOR,
    scopes: Iterable[str] = (),
) -> Operator:
    """An account with a password. Raises Forbidden, Invalid (email, name, password, scope), Conflict (email taken)."""
    wanted: dict[str, Any] = {"email": checked_email(email), "name": checked_name(name), "role": role}
    wanted |= {
        "password_hash": hasher.hash(checked_password(password)),
        "scopes": checked_scopes(scopes),
    }
    with transaction():
        require_admin(actor_id)
        found = _add(wanted)
        note(
            AuditType.OPERATOR_CREATED,
            actor_id,
            operator_id=found.id,
            reason=f"{found.name} got an account.",
            details=_shown(found),
        )
        tell(found)
        return found


def invite(
    email: str, name: str, *, actor_id: str, role: Role = Role.OPERATOR, scopes: Iterable[str] = ()
) -> tuple[Operator, str]:
    """An account without a password, and the token of a link to choose one. Nothing is sent to anybody.

    Raises Forbidden, Invalid (email, name, scope) or Conflict (the email is taken).
    """
    wanted: dict[str, Any] = {"email": checked_email(email), "name": checked_name(name), "role": role}
    wanted["scopes"] = checked_scopes(scopes)
    with transaction():
        require_admin(actor_id)
        found = _add(wanted)
        token = open_link(found, actor_id)
        note(
            AuditType.OPERATOR_INVITED,
            actor_id,
            operator_id=found.id,
            reason=f"{found.name} was invited.",
            details=_shown(found),
        )
        tell(found)
        return found, token


def change_operator(
    operator_id: int,
    actor_id: str,
    *,
    email: str,
    name: str,
    role: Role,
    scopes: Iterable[str],
    version: int | None = None,
) -> Operator:
    """Another email, name, role or other scopes, in force at once; the same again changes nothing.

    `version` is the one that was on the page. Raises NotFound, Forbidden, Invalid, or Conflict: somebody else changed
    the account meanwhile, the email is taken, or no active admin would be left.
    """
    email, name = checked_email(email), checked_name(name)
    with transaction():
        hold_admins()
        require_admin(actor_id)
        found = held_operator(operator_id)
        wanted = {"email": email, "name": name, "role": role, "scopes": checked_scopes(scopes, found.scopes)}
        before = _shown(found)
        differing = {field: value for field, value in wanted.items() if before[field] != value}
        if not differing:
            return found
        require_version(found, version)
        if role != Role.ADMIN:
            require_another_admin(found)
        with or_taken(TAKEN.format(email=email)):
            found.email, found.name, found.role, found.scopes = email, name, role, list(wanted["scopes"])
            found.version += 1
        changes = {field: {"from": before[field], "to": value} for field, value in differing.items()}
        sentence = f"{found.name}: {' and '.join(sorted(differing))} changed."
        note(AuditType.OPERATOR_CHANGED, actor_id, operator_id=found.id, reason=sentence, details=changes)
        tell(found)
        return found


def find_operator(email: str) -> Operator | None:
    """An operator by email, in whatever case it is written, or None."""
    return db.session.scalar(select(Operator).where(func.lower(Operator.email) == email.strip().lower()))


def _add(wanted: dict[str, Any]) -> Operator:
    found = Operator(**wanted, created_at=now())
    with or_taken(TAKEN.format(email=found.email)):
        db.session.add(found)
    return found


def _shown(found: Operator) -> dict[str, Any]:
    """What the log keeps of an account."""
    return {"email": found.email, "name": found.name, "role": str(found.role), "scopes": sorted(found.scopes)}
