"""One message to many: `bulk_trigger`, and `confirm` for what was previewed. One transaction, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from console import metrics
from console.audit import note
from console.conversations.access import NOT_THERE, acting
from console.conversations.texts import checked_message, settings
from console.db import db, now, transaction
from console.errors import Invalid
from console.live import announce
from console.models import AuditType, BulkEnvelope, BulkPreview, EnvelopeStatus
from console.outbound import tokens
from console.outbound.envelopes import Plan, insert, refuse, there
from console.outbound.errors import BatchTooLarge, PreviewNotYours, PreviewOutdated
from console.outbound.letters import (
    CHANGED,
    SLICE,
    LeftOut,
    Letter,
    Recipient,
    Writing,
    compose,
    one_line,
    recipients,
    writing,
)
from console.outbound.placeholders import final, read
from console.outbound.previewing import distinct, still_good
from console.outbound.senders import Sender, sender
from console.outbound.sending import Enqueue, leave_all
from console.outbound.templates import usable
from console.outbound.transitions import MOST_TOPICS, Order, write

Compose = Callable[[Recipient], Letter | LeftOut]


def bulk_trigger(
    conversation_ids: Iterable[int],
    *,
    template_id: int,
    rendered_body: str,
    subject: str | None = None,
    actor: str | None = None,
    envelope_id: UUID | str | None = None,
    enqueue: Enqueue | None = None,
) -> BulkEnvelope:
    """Send `rendered_body` as it stands to every one of these conversations that is resolved.

    The body is final: nothing in it is filled, whatever it looks like. So is `subject`; without one the template's is
    filled for each. Over the cap one refused envelope is recorded, whatever becomes of the caller's own transaction,
    and BatchTooLarge raised. The same `envelope_id` twice is one send: the second call returns the first. Raises
    NothingSelected, Invalid, Forbidden, NotFound, TemplateGone, NoChannel.
    """
    ids, body = distinct(conversation_ids), checked_message(rendered_body)
    wanted = _uuid(envelope_id)
    with transaction():
        who = sender(actor)
        envelope = _found(wanted) if envelope_id is not None else None
        if envelope is None:
            template = usable(template_id)
            line = one_line(subject) if subject is not None else template.subject
            plan = Plan(wanted, template_id, template.version, line, body, ids, who)
            if plan.too_many:
                envelope = refuse(plan)
            else:
                style = writing(read(line) if subject is None else final(line), final(body), who.name)
                envelope = _submit(plan, ids, lambda one: compose(one, style), style, [], enqueue)
    return _unless_refused(envelope)


def confirm(token: str, actor: str, *, enqueue: Enqueue | None = None) -> BulkEnvelope:
    """Send what was previewed, to those of its recipients who are still resolved and would still get the same words.

    Whoever dropped out is on the envelope with the reason. The same token twice is one send: the second call returns
    the first. Raises PreviewForged, PreviewOutdated, PreviewNotYours, Forbidden, TemplateGone, NoChannel,
    BatchTooLarge (the cap was lowered meanwhile).
    """
    said = tokens.read(token)
    with transaction():
        who = sender(acting(actor).actor_id)
        if said.actor_id != who.id:
            raise PreviewNotYours
        envelope = _found(said.envelope_id)
        if envelope is None:
            lock = {"key_share": True}
            found = db.session.get(
                BulkPreview, said.envelope_id, with_for_update=lock, populate_existing=True
            )
            envelope = _confirmed(still_good(said, found), who, enqueue)
    return _unless_refused(envelope)


def _confirmed(kept: BulkPreview, who: Sender, enqueue: Enqueue | None) -> BulkEnvelope:
    template = usable(kept.template_id)
    if template.version != kept.template_version:
        raise PreviewOutdated(
            f"The template was changed after this preview (it is at version {template.version} now), so nothing was "
            "sent. Your selection is still here: make the preview again."
        )
    plan = Plan(
        kept.envelope_id,
        kept.template_id,
        kept.template_version,
        kept.subject,
        kept.body,
        kept.conversation_ids,
        who,
    )
    if plan.too_many:
        return refuse(plan)
    style = writing(read(kept.subject), read(kept.body), who.name)
    shown = dict(zip(kept.eligible_ids, kept.fingerprints, strict=True))

    def as_shown(one: Recipient) -> Letter | LeftOut:
        letter = compose(one, style)
        if isinstance(letter, Letter) and letter.fingerprint != shown[one.conversation_id]:
            return LeftOut(one.conversation_id, one.customer, CHANGED)
        return letter

    left_out = [LeftOut(**one) for one in kept.left_out]
    return _submit(plan, kept.eligible_ids, as_shown, style, left_out, enqueue)


def _submit(
    plan: Plan,
    ids: Sequence[int],
    composed: Compose,
    style: Writing,
    left_out: list[LeftOut],
    enqueue: Enqueue | None,
) -> BulkEnvelope:
    due = now() + timedelta(seconds=settings().undo_seconds)
    envelope = insert(plan, status=EnvelopeStatus.SUBMITTED, count=0, send_after=due)
    if envelope is None:
        return there(plan.envelope_id)
    order = Order(
        plan.template_id, plan.template_version, plan.envelope_id, style.channel.name, due, plan.sender
    )
    envelope.count, gone = _write_all(order, ids, composed)
    envelope.left_out = [one._asdict() for one in (*left_out, *gone)]
    note(
        AuditType.BULK_SUBMITTED,
        plan.sender.id,
        envelope_id=envelope.id,
        template_id=plan.template_id,
        details={"recipients": envelope.count, "left_out": len(envelope.left_out), "cap": envelope.cap},
    )
    some = [f"conversation:{one}" for one in ids] if len(ids) <= MOST_TOPICS else []
    announce(envelope.topic, "envelopes", "inbox", *some)
    metrics.outbound("submitted")
    leave_all(envelope.id, enqueue, at=due)
    return envelope


def _write_all(order: Order, ids: Sequence[int], composed: Compose) -> tuple[int, list[LeftOut]]:
    """Write a letter to each, slice by slice, under the conversations' locks; how many, and who dropped out."""
    count, letters, gone, missing = 0, [], [], set(ids)
    for one in recipients(ids, lock=True):
        missing.discard(one.conversation_id)
        letter = composed(one)
        if isinstance(letter, LeftOut):
            gone.append(letter)
            continue
        letters.append(letter)
        if len(letters) == SLICE:
            count += len(write(order, letters))
            letters = []
    count += len(write(order, letters))
    return count, gone + [LeftOut(one, "", NOT_THERE) for one in sorted(missing)]


def _found(envelope_id: UUID) -> BulkEnvelope | None:
    return db.session.get(BulkEnvelope, envelope_id, populate_existing=True)


def _unless_refused(envelope: BulkEnvelope) -> BulkEnvelope:
    if envelope.status == EnvelopeStatus.REFUSED_CAP_EXCEEDED:
        raise BatchTooLarge(envelope.count, envelope.cap, envelope)
    return envelope


def _uuid(envelope_id: UUID | str | None) -> UUID:
    try:
        return uuid4() if envelope_id is None else UUID(str(envelope_id))
    except ValueError:
        raise Invalid("This is no id of a bulk send, so nothing was sent.") from None
