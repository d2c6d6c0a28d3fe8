"""Sign-ins: opened, listed and ended. A sign-in is a row; ending it ends its pages and streams, wherever they are."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from flask import current_app
from sqlalchemy import ColumnElement, select, update

from console.audit import note
from console.config import Settings
from console.db import db, is_id, now, transaction
from console.live import announce
from console.models import AuditType, Operator, SignIn, SignInMethod
from console.people.access import held_operator, require_admin

MAX_BROWSER_CHARS = 400


class Place(NamedTuple):
    """Where a sign-in is opened: an address, and what the browser says it is."""

    address: str
    browser: str


def open_sign_in(
    found: Operator, method: SignInMethod, place: Place, *, instead_of: str | None = None
) -> str:
    """A new sign-in; the token that its cookie carries. The one that the browser had before ends."""
    settings: Settings = current_app.config["SETTINGS"]
    token = secrets.token_urlsafe(32)
    with transaction():
        if instead_of:
            _end(SignIn.token_hash == hash_sign_in(instead_of))
        row = SignIn(
            operator_id=found.id,
            token_hash=hash_sign_in(token),
            method=method,
            address=place.address,
            browser=place.browser.replace("\0", "")[:MAX_BROWSER_CHARS],
            expires_at=now() + timedelta(hours=settings.session_hours),
        )
        db.session.add(row)
        note(
            AuditType.SIGNED_IN,
            found.actor_id,
            operator_id=found.id,
            details={"method": str(method), "address": place.address},
        )
        announce("people")
    return token


def sign_out(token: str) -> None:
    """End the sign-in of a cookie. One that ended already stays as it is."""
    with transaction():
        for operator_id in _end(SignIn.token_hash == hash_sign_in(token)):
            note(AuditType.SIGNED_OUT, f"operator:{operator_id}", operator_id=operator_id)
            announce("people")


def end_sign_ins(operator_id: int, actor_id: str, *, only: int | None = None, but: int | None = None) -> int:
    """End somebody's sign-ins, `only` one of them or all `but` one; returns how many ended.

    One's own anyone may end; another's an admin. Raises NotFound, Forbidden.
    """
    with transaction():
        if actor_id != f"operator:{operator_id}":
            require_admin(actor_id)
        found = held_operator(operator_id)
        which = [SignIn.operator_id == operator_id]
        # A number that can be no id names nothing.
        which += [SignIn.id == (only if is_id(only) else 0)] if only is not None else []
        which += [SignIn.id != but] if but is not None else []
        count = len(_end(*which))
        if count:
            sentence = (
                f"{found.name} was signed out in {'one browser' if count == 1 else f'{count} browsers'}."
            )
            note(
                AuditType.SIGN_INS_ENDED,
                actor_id,
                operator_id=operator_id,
                reason=sentence,
                details={"count": count},
            )
            announce("people")
        return count


def end_all(operator_id: int) -> None:
    """End every sign-in of an operator, as a part of something else that is noted."""
    _end(SignIn.operator_id == operator_id)


def list_sign_ins(operator_id: int) -> Sequence[SignIn]:
    """Somebody's sign-ins that are open now, newest first."""
    wanted = select(SignIn).where(SignIn.operator_id == operator_id, *is_open())
    return db.session.scalars(wanted.order_by(SignIn.id.desc())).all()


def is_open() -> list[ColumnElement[bool]]:
    """What makes a sign-in one that is open, as conditions of a statement."""
    return [SignIn.ended_at.is_(None), SignIn.expires_at > now()]


def hash_sign_in(token: str) -> str:
    """What is stored of a cookie's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _end(*which: ColumnElement[bool]) -> Sequence[int]:
    """End the open sign-ins among these; whose they were."""
    ended = update(SignIn).where(SignIn.ended_at.is_(None), *which).values(ended_at=now())
    return db.session.scalars(ended.returning(SignIn.operator_id)).all()
