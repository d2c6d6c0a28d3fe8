"""Shorthand for what nearly every test of outbound begins with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, text

from console import outbound
from console.db import db
from console.models import (
    AuditEvent,
    BulkEnvelope,
    Conversation,
    ConversationStatus,
    Customer,
    Delivery,
    Message,
    TemplateVersion,
)
from console.outbound import Preview, Triggered
from tests.conftest import Cast, Enqueued
from tests.outbound.postbox import Postbox


@dataclass
class Outbox:
    """Takes follow-ups to the state that a test is about, through the public verbs alone."""

    cast: Cast
    enqueued: Enqueued
    postbox: Postbox
    made: int = field(default=0)

    def __post_init__(self) -> None:
        # Plain values, which threads can read; a row belongs to the session of one.
        self.ada, self.ben, self.cleo = (
            one.actor_id for one in (self.cast.ada, self.cast.ben, self.cast.cleo)
        )
        self.template_id = self.template().template_id

    def template(
        self,
        name: str = "Lost pallet",
        subject: str = "{{ customer.first_name }}, your parcel",
        body: str = "Dear {{ customer.name }},\nit is on its way.",
    ) -> TemplateVersion:
        """A template by Ada."""
        return outbound.create_template(self.ada, name=name, subject=subject, body=body)

    def conversation(
        self, name: str = "Riya Chen", email: str | None = "", subject: str = "Where is it?", **columns: Any
    ) -> int:
        """A resolved conversation with a customer of its own."""
        self.made += 1
        address = f"customer{self.made}@example.com" if email == "" else email
        columns = {"status": ConversationStatus.RESOLVED} | columns
        made = Conversation(customer=Customer(name=name, email=address), subject=subject, **columns)
        db.session.add(made)
        db.session.commit()
        return made.id

    def conversations(self, count: int, **columns: Any) -> list[int]:
        return [self.conversation(name=f"Customer {number}", **columns) for number in range(1, count + 1)]

    def trigger(self, conversation_id: int, **options: Any) -> Triggered:
        """A follow-up by Ben."""
        options = {"template_id": self.template_id, "actor": self.ben, "enqueue": self.enqueued} | options
        return outbound.trigger(conversation_id, **options)

    def preview(self, ids: list[int], **options: Any) -> Preview:
        return outbound.preview(ids, **{"template_id": self.template_id, "actor": self.ben} | options)

    def confirm(self, preview: Preview, actor: str | None = None) -> BulkEnvelope:
        return outbound.confirm(preview.token, actor or self.ben, enqueue=self.enqueued)

    def bulk(self, ids: list[int], **options: Any) -> BulkEnvelope:
        """A bulk send by Ben, without a preview."""
        given = {"template_id": self.template_id, "rendered_body": "On its way.", "actor": self.ben}
        return outbound.bulk_trigger(ids, **given | {"enqueue": self.enqueued} | options)

    def submitted(self, count: int = 3) -> BulkEnvelope:
        """A confirmed bulk send."""
        return self.confirm(self.preview(self.conversations(count)))

    def deliveries(self, **columns: Any) -> list[Delivery]:
        """Every delivery, in the order in which they were written."""
        db.session.rollback()
        wanted = select(Delivery).filter_by(**columns).order_by(Delivery.id)
        return list(db.session.scalars(wanted.execution_options(populate_existing=True)))

    def bodies(self) -> list[str]:
        """What the messages say, in the order in which they were written."""
        db.session.rollback()
        return list(db.session.scalars(select(Message.body).order_by(Message.id)))

    def log(self) -> list[str]:
        """The words of the audit log since the template was made, oldest first."""
        db.session.rollback()
        return [
            str(word) for word in db.session.scalars(select(AuditEvent.event_type).order_by(AuditEvent.id))
        ][1:]

    def count(self, model: type) -> int:
        db.session.rollback()
        return db.session.scalar(select(func.count()).select_from(model)) or 0

    def tamper(self, sql: str, **values: Any) -> None:
        """Change the database behind everybody's back."""
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.execute(text(sql), values)
