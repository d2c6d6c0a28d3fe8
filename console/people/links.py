"""Links with which a person chooses a password, once. An admin hands them over; the console sends nothing."""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import current_app
from sqlalchemy import select, update

from console.audit import note
from console.config import Settings
from console.db import db, now, transaction
from console.errors import Conflict
from console.models import AuditType, LinkPurpose, Operator, PasswordLink
from console.people.access import held_operator, require_admin, tell
from console.people.checks import checked_password
from console.people.errors import LinkGone
from console.people.passwords import hasher
from console.people.sign_ins import end_all, hash_sign_in


def make_link(operator_id: int, actor_id: str) -> tuple[Operator, str]:
    """A new link for somebody, and its token; an earlier one that is still open ends.

    Raises NotFound, Forbidden, or Conflict for a deactivated account.
    """
    with transaction():
        require_admin(actor_id)
        found = held_operator(operator_id)
        if not found.active:
            raise Conflict(f"{found.name} is deactivated, so a link would open nothing. Activate them first.")
        token = open_link(found, actor_id)
        note(
            AuditType.PASSWORD_LINK_MADE,
            actor_id,
            operator_id=found.id,
            reason=f"A link was made with which {found.name} can choose a password.",
        )
        tell(found)
        return found, token


def open_link(found: Operator, actor_id: str) -> str:
    """The token of a new link, as a part of something that is noted."""
    settings: Settings = current_app.config["SETTINGS"]
    token = secrets.token_urlsafe(32)
    close_link(found.id)
    row = PasswordLink(
        operator_id=found.id,
        purpose=LinkPurpose.RESET if found.password_hash else LinkPurpose.INVITATION,
        token_hash=hash_sign_in(token),
        created_by=actor_id,
        created_at=now(),
        expires_at=now() + timedelta(hours=settings.link_hours),
    )
    db.session.add(row)
    db.session.flush()
    return token


def close_link(operator_id: int) -> None:
    """End the open link of an operator, if there is one."""
    is_open = PasswordLink.ended_at.is_(None)
    ended = update(PasswordLink).where(PasswordLink.operator_id == operator_id, is_open)
    db.session.execute(ended.values(ended_at=now()))


def read_link(token: str) -> PasswordLink:
    """What a link opens. Reading it does not use it up. Raises LinkGone."""
    wanted = select(PasswordLink).where(PasswordLink.token_hash == hash_sign_in(token))
    link = db.session.scalar(wanted.execution_options(populate_existing=True))
    if link is None or link.ended_at is not None or link.expires_at <= now() or not link.operator.active:
        raise LinkGone
    return link


def use_link(token: str, password: str) -> Operator:
    """Choose a password with a link, which ends with it, as do all sign-ins. Raises LinkGone, Invalid."""
    owner = read_link(token).operator_id
    # Hashed before anything is locked: it takes as long as a page.
    hashed = hasher.hash(checked_password(password))
    with transaction():
        # The person before their link, as every verb here: so that none waits for another in a circle.
        found = held_operator(owner)
        link = read_link(token)
        link.ended_at = now()
        found.password_hash = hashed
        end_all(found.id)
        note(
            AuditType.PASSWORD_SET,
            found.actor_id,
            operator_id=found.id,
            reason=f"{found.name} chose a password with a link.",
        )
        tell(found)
        return found


def link_of(operator_id: int) -> PasswordLink | None:
    """The open link of an operator, or None."""
    return db.session.scalar(
        select(PasswordLink).where(
            PasswordLink.operator_id == operator_id,
            PasswordLink.ended_at.is_(None),
            PasswordLink.expires_at > now(),
        )
    )
