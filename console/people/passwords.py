"""Passwords: checked at the sign-in, and changed by their owner or from the command line."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select

from console.audit import note, note_rarely
from console.db import db, transaction
from console.errors import Conflict, Forbidden, Invalid
from console.models import AuditType, Operator, SignInMethod
from console.people.access import SYSTEM, held_operator, operator_number, require_admin, tell
from console.people.checks import MAX_PASSWORD_CHARS, checked_password
from console.people.errors import SignInRefused
from console.people.sign_ins import Place, end_all, end_sign_ins, open_sign_in

MAX_EMAIL_CHARS = 320

hasher = PasswordHasher()


# Verified when nobody has the email, or no password, so that the answer takes as long as for one who has.
@cache
def _nobodys_hash() -> str:
    return hasher.hash(secrets.token_urlsafe())


def sign_in(
    email: str, password: str, place: Place, *, instead_of: str | None = None
) -> tuple[Operator, str]:
    """Who has this email and password, and the token of a new sign-in; takes equally long whether or not there is one.

    Raises SignInRefused, and leaves a line without what was typed.
    """
    sane = 0 < len(email) <= MAX_EMAIL_CHARS and 0 < len(password) <= MAX_PASSWORD_CHARS
    found = (
        db.session.scalar(select(Operator).where(func.lower(Operator.email) == email.lower()))
        if sane
        else None
    )
    right = sane and _fits(found.password_hash if found else None, password)
    if found is None or not right or not found.active:
        with transaction():
            _note_failure(found, place, right=right)
        raise SignInRefused
    with transaction():
        if found.password_hash and hasher.check_needs_rehash(found.password_hash):
            found.password_hash = hasher.hash(password)
        return found, open_sign_in(found, SignInMethod.PASSWORD, place, instead_of=instead_of)


def change_password(actor_id: str, current: str, new: str, *, keep: int) -> Operator:
    """Another password of one's own; every sign-in but the one to `keep` ends.

    Raises Forbidden, Invalid (`fields` says which of the two), or Conflict when it was changed meanwhile.
    """
    found = db.session.get(Operator, operator_number(actor_id) or 0)
    if found is None or not found.active:
        raise Forbidden
    known = found.password_hash
    if not known or not _fits(known, current[: MAX_PASSWORD_CHARS + 1]):
        said = "This is not your current password. Type it again, or ask an admin for a link to choose another one."
        raise Invalid(said, fields={"current": said})
    hashed = hasher.hash(checked_password(new))
    with transaction():
        found = held_operator(found.id)
        if found.password_hash != known:
            raise Conflict(
                "Your password was changed meanwhile, so it was not changed again. Sign in anew first."
            )
        _set(found, hashed, actor_id, f"{found.name} changed their password.")
        end_sign_ins(found.id, actor_id, but=keep)
        return found


def set_password(operator_id: int, actor_id: str, password: str) -> Operator:
    """Give somebody another password and end their sign-ins. Raises NotFound, Forbidden, Invalid."""
    hashed = hasher.hash(checked_password(password))
    with transaction():
        require_admin(actor_id)
        found = held_operator(operator_id)
        _set(found, hashed, actor_id, f"{found.name} was given another password.")
        end_all(found.id)
        return found


def _set(found: Operator, hashed: str, actor_id: str, sentence: str) -> None:
    found.password_hash = hashed
    note(AuditType.PASSWORD_SET, actor_id, operator_id=found.id, reason=sentence)
    tell(found)


def _fits(hashed: str | None, password: str) -> bool:
    try:
        return hasher.verify(hashed or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False


def _note_failure(found: Operator | None, place: Place, *, right: bool) -> None:
    if found is None:
        reason = "Somebody tried to sign in with an email that has no account here."
    elif right:
        reason = f"Somebody tried to sign in as {found.name}, whose account is deactivated."
    elif not found.password_hash:
        reason = f"Somebody tried to sign in as {found.name}, who has no password yet."
    else:
        reason = f"Somebody tried to sign in as {found.name} with a wrong password."
    note_rarely(
        AuditType.SIGN_IN_FAILED,
        SYSTEM,
        operator_id=found.id if found else None,
        reason=reason,
        details={"address": place.address},
    )
