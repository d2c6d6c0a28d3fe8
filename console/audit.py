"""The audit log: one line for whatever people and workers do besides deciding about actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select

from console.db import db, if_undone, in_transaction, now, transaction
from console.errors import ConsoleError
from console.models import AuditEvent, AuditType

MOST_AN_HOUR = 30
NO_MORE = "Further ones are not listed for an hour."


def note(event: AuditType, actor_id: str, **about: Any) -> None:
    """Write one line, in the caller's transaction.

    `about` are columns of AuditEvent: `conversation_id`, `envelope_id`, `delivery_id`, `template_id`, `operator_id`,
    `reason` (a sentence) and `details`.
    """
    note_each(event, actor_id, [about])


def note_each(event: AuditType, actor_id: str, abouts: Sequence[Mapping[str, Any]]) -> None:
    """Write one line for each of `abouts`, which all name the same columns, in one statement."""
    if abouts:
        rows = [{"event_type": event, "actor_id": actor_id, **about} for about in abouts]
        db.session.execute(insert(AuditEvent), rows)


def note_rarely(
    event: AuditType, actor_id: str, *, reason: str, operator_id: int | None = None, **about: Any
) -> None:
    """As `note`, for what anyone can make happen at will: about 30 lines an hour, of which the last says so.

    Counted by event, actor and operator.
    """
    seen = (
        select(AuditEvent.id)
        .where(
            AuditEvent.event_type == event,
            AuditEvent.actor_id == actor_id,
            AuditEvent.operator_id.is_not_distinct_from(operator_id),
            AuditEvent.created_at > now() - timedelta(hours=1),
        )
        .limit(MOST_AN_HOUR)
    )
    count = db.session.scalar(select(func.count()).select_from(seen.subquery())) or 0
    if count < MOST_AN_HOUR:
        sentence = f"{reason} {NO_MORE}" if count == MOST_AN_HOUR - 1 else reason
        note(event, actor_id, reason=sentence, operator_id=operator_id, **about)


def note_refusal(error: ConsoleError, actor_id: str, **about: Any) -> None:
    """Have a line written about a refusal that the caller raises next, and that takes back the open transaction.

    Whoever catches the refusal inside of a larger one loses nothing of it either.
    """
    details = {"code": error.code} | about.pop("details", {})

    def write() -> None:
        with transaction():
            note_rarely(AuditType.REFUSED, actor_id, reason=error.sentence, details=details, **about)

    if in_transaction():
        if_undone(write)
    else:
        write()
