"""The audit log: one line for whatever people and workers do besides deciding about actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from console.db import db
from console.models import AuditEvent, AuditType


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
