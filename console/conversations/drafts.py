"""What an operator has typed and not sent, kept per person and place."""

from __future__ import annotations

import re

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from console.conversations.texts import settings, unstorable
from console.db import db, now, transaction
from console.errors import BadRequest, Invalid
from console.models import Draft

_KEY = re.compile(
    r"conversation:[1-9][0-9]{0,17}:(?:reply|note)|lane:[1-9][0-9]{0,17}:(?:approval|rejection|deferral)"
)


def keep_draft(operator_id: int, key: str, body: str) -> None:
    """Remember `body` under `key` (`conversation:42:reply`); an empty one forgets it.

    Raises BadRequest for a key of another form and Invalid for a body that cannot be kept.
    """
    if not _KEY.fullmatch(key):
        raise BadRequest("This draft has no place to be kept in. Reload the page and try again.")
    reason = unstorable(body)
    if reason is None and len(body) > settings().max_message_chars:
        reason = f"This draft is longer than {settings().max_message_chars:,} characters and is not kept."
    if reason is not None:
        raise Invalid(reason, fields={"body": reason})
    with transaction():
        if not body:
            forget_draft(operator_id, key)
            return
        typed = {"body": body, "updated_at": now()}
        db.session.execute(
            insert(Draft)
            .values(operator_id=operator_id, key=key, **typed)
            .on_conflict_do_update(index_elements=["operator_id", "key"], set_=typed)
        )


def drafts(operator_id: int, prefix: str) -> dict[str, str]:
    """What the operator has typed at `prefix` and below, by key (`conversation:42` finds `conversation:42:reply`)."""
    rows = db.session.execute(
        select(Draft.key, Draft.body).where(
            Draft.operator_id == operator_id,
            (Draft.key == prefix) | Draft.key.startswith(f"{prefix}:", autoescape=True),
        )
    )
    return {row.key: row.body for row in rows}


def draft(operator_id: int, key: str) -> str:
    """What the operator has typed at `key`; empty when nothing."""
    return (
        db.session.scalar(select(Draft.body).where(Draft.operator_id == operator_id, Draft.key == key)) or ""
    )


def forget_draft(operator_id: int, key: str) -> None:
    """Forget what was typed at `key`, for instance because it was sent."""
    with transaction():
        db.session.execute(delete(Draft).where(Draft.operator_id == operator_id, Draft.key == key))
