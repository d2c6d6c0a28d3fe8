"""The record of one attempt to write to many: what it is made of, and the one of an attempt over the cap."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from console import metrics
from console.audit import note
from console.conversations.texts import settings
from console.db import db, if_undone, now, transaction
from console.live import announce
from console.models import AuditType, BulkEnvelope, EnvelopeStatus
from console.outbound.errors import too_large
from console.outbound.senders import Sender


class Plan(NamedTuple):
    """What is about to become an envelope."""

    envelope_id: UUID
    template_id: int
    template_version: int
    subject: str
    body: str
    conversation_ids: Sequence[int]
    sender: Sender

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "id": self.envelope_id,
            "template_id": self.template_id,
            "template_version": self.template_version,
            "subject": self.subject,
            "body": self.body,
            "conversation_ids": list(self.conversation_ids),
            "created_by": self.sender.id,
            "created_at": now(),
            "cap": settings().max_batch_size,
        }

    @property
    def too_many(self) -> bool:
        """Whether this is over the cap as it is now."""
        return len(self.conversation_ids) > settings().max_batch_size


def refuse(plan: Plan) -> BulkEnvelope:
    """Record the refusal, and once more should the caller's transaction be rolled back by it."""

    def record() -> BulkEnvelope | None:
        count = len(plan.conversation_ids)
        reason = too_large(count, settings().max_batch_size)
        status = EnvelopeStatus.REFUSED_CAP_EXCEEDED
        with transaction():
            envelope = insert(plan, status=status, reason=reason, count=count, send_after=now())
            if envelope is not None:
                note(
                    AuditType.BULK_REFUSED,
                    plan.sender.id,
                    envelope_id=envelope.id,
                    template_id=plan.template_id,
                    reason=reason,
                    details={"count": count, "cap": envelope.cap},
                )
                metrics.outbound("refused_cap_exceeded")
                announce("envelopes")
            return envelope

    def once_more() -> None:
        # A template of the same transaction is gone with it, and a record has nothing to stand on.
        with suppress(IntegrityError):
            record()

    envelope = record() or there(plan.envelope_id)
    if_undone(once_more)
    return envelope


def insert(plan: Plan, **columns: Any) -> BulkEnvelope | None:
    """The new envelope; None when there is one of this id, also one that was being written just now."""
    return db.session.scalar(
        postgresql.insert(BulkEnvelope)
        .values(left_out=[], **plan.columns, **columns)
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(BulkEnvelope)
    )


def there(envelope_id: UUID) -> BulkEnvelope:
    """The envelope of this id, as it is now."""
    return db.session.get_one(BulkEnvelope, envelope_id, populate_existing=True)
