"""What an operator is shown before a bulk send, word for word, and kept until it is confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from console.conversations.access import NOT_THERE
from console.conversations.texts import settings
from console.db import db, is_id, now, transaction
from console.errors import Invalid
from console.models import BulkEnvelope, BulkPreview, TemplateVersion
from console.outbound import tokens
from console.outbound.envelopes import Plan, refuse
from console.outbound.errors import NotFound, NothingSelected, PreviewForged, PreviewOutdated
from console.outbound.letters import (
    LeftOut,
    Letter,
    Recipient,
    Writing,
    compose,
    recipients,
    samples_of,
    writing,
)
from console.outbound.placeholders import Segment, read
from console.outbound.senders import sender
from console.outbound.templates import usable, version_of

FIRST = 5
SAMPLES = 3


class First(NamedTuple):
    """One of the recipients that a preview names."""

    conversation_id: int
    customer: str
    subject: str
    last_message_at: datetime


class Sample(NamedTuple):
    """A message as it will arrive."""

    conversation_id: int
    customer: str
    address: str
    subject: list[Segment]
    body: list[Segment]


@dataclass(frozen=True)
class Preview:
    """Everything that the page before a bulk send says."""

    envelope_id: UUID
    template: TemplateVersion
    subject: str
    body: str
    conversation_ids: Sequence[int]
    """The selection, once each."""
    eligible_ids: Sequence[int]
    left_out: Sequence[LeftOut]
    first: Sequence[First]
    """Five recipients, by latest activity."""
    samples: Sequence[Sample]
    cap: int
    created_by: str
    expires_at: datetime
    token: str
    """What the confirm button carries; empty when there is nothing to confirm."""

    @property
    def selected(self) -> int:
        return len(self.conversation_ids)

    @property
    def version(self) -> int:
        return self.template.version

    @property
    def over(self) -> int:
        """How many more are selected than one send may hold; 0 when it fits."""
        return max(0, self.selected - self.cap)

    @property
    def more(self) -> int:
        """Recipients beyond those that are named."""
        return len(self.eligible_ids) - len(self.first)


def preview(conversation_ids: Iterable[int], *, template_id: int, actor: str | None = None) -> Preview:
    """Make a preview and keep it, so that its page can be reloaded and exactly this be confirmed.

    Over the cap nothing is rendered, there is no token, and the attempt is kept as a refused envelope. Raises
    NothingSelected, Invalid (an id that is none), NotFound or TemplateGone (the template), Forbidden, NoChannel.
    """
    ids = distinct(conversation_ids)
    with transaction():
        who = sender(actor)
        template = usable(template_id)
        style = writing(read(template.subject), read(template.body), who.name)
        kept = BulkPreview(
            envelope_id=uuid4(),
            created_by=who.id,
            template_id=template.template_id,
            template_version=template.version,
            subject=template.subject,
            body=template.body,
            conversation_ids=ids,
            eligible_ids=[],
            fingerprints=[],
            left_out=[],
            shown={"first": [], "samples": []},
            cap=settings().max_batch_size,
            created_at=now(),
            expires_at=now() + timedelta(seconds=settings().preview_seconds),
        )
        plan = Plan(
            kept.envelope_id, kept.template_id, kept.template_version, kept.subject, kept.body, ids, who
        )
        if plan.too_many:
            refuse(plan)
        else:
            _look(kept, style)
        db.session.add(kept)
        db.session.flush()
        return _shown(kept, template)


def get_preview(envelope_id: UUID | str, actor: str) -> Preview:
    """A preview as it was made, for its page. Raises NotFound for one that is not there or somebody else's."""
    try:
        wanted = UUID(str(envelope_id))
    except ValueError:
        raise NotFound from None
    kept = db.session.get(BulkPreview, wanted, populate_existing=True)
    if kept is None or kept.created_by != actor:
        raise NotFound("This preview does not exist, or no longer does. Make it again from your selection.")
    return _shown(kept, version_of(kept.template_id, kept.template_version))


def open_preview(envelope_id: UUID, actor: str) -> Preview | None:
    """A preview for its page, or None once an envelope stands in its place: a send, or what was refused at its
    confirmation. One that was over the cap from the start has an envelope too and stays a preview, so that its
    selection can be narrowed. Raises NotFound."""
    if db.session.get(BulkEnvelope, envelope_id) is None:
        return get_preview(envelope_id, actor)
    kept = db.session.get(BulkPreview, envelope_id, populate_existing=True)
    over = kept is not None and kept.created_by == actor and len(kept.conversation_ids) > kept.cap
    return get_preview(envelope_id, actor) if over else None


def still_good(confirmation: tokens.Confirmation, kept: BulkPreview | None) -> BulkPreview:
    """The preview that a token speaks of, if it may be confirmed now. Raises PreviewOutdated, PreviewForged."""
    if kept is None or confirmation.expires_at <= now():
        raise PreviewOutdated
    if tokens.digest(kept) != confirmation.digest:
        raise PreviewForged
    return kept


def distinct(conversation_ids: Iterable[int]) -> list[int]:
    """The ids once each, in their order. Raises NothingSelected, and Invalid for what cannot be an id."""
    ids = list(dict.fromkeys(conversation_ids))
    if not ids:
        raise NothingSelected
    if not all(isinstance(one, int) and not isinstance(one, bool) and is_id(one) for one in ids):
        raise Invalid("The selection names a conversation that cannot exist. Select again in the inbox.")
    return ids


def _look(kept: BulkPreview, style: Writing) -> None:
    """Compose every letter once, and keep of each only a fingerprint."""
    left_out: list[LeftOut] = []
    eligible: list[Recipient] = []
    for found in recipients(kept.conversation_ids):
        letter = compose(found, style)
        if isinstance(letter, Letter):
            eligible.append(found)
            kept.fingerprints.append(letter.fingerprint)
        else:
            left_out.append(letter)
    there = {found.conversation_id for found in eligible} | {one.conversation_id for one in left_out}
    left_out += [LeftOut(one, "", NOT_THERE) for one in kept.conversation_ids if one not in there]
    kept.eligible_ids = [found.conversation_id for found in eligible]
    kept.left_out = [one._asdict() for one in left_out]
    newest = sorted(eligible, key=lambda found: (found.last_message_at, found.conversation_id), reverse=True)
    kept.shown = {
        "first": [
            [one.conversation_id, one.customer, one.subject, one.last_message_at.isoformat()]
            for one in newest[:FIRST]
        ],
        "samples": [_sample(one, style) for one in newest[:SAMPLES]],
    }


def _sample(found: Recipient, style: Writing) -> list[Any]:
    letter = compose(found, style)
    assert isinstance(letter, Letter)
    subject, body = samples_of(found, style)
    return [letter.conversation_id, letter.recipient, letter.address, subject, body]


def _shown(kept: BulkPreview, template: TemplateVersion) -> Preview:
    return Preview(
        envelope_id=kept.envelope_id,
        template=template,
        subject=kept.subject,
        body=kept.body,
        conversation_ids=kept.conversation_ids,
        eligible_ids=kept.eligible_ids,
        left_out=[LeftOut(**one) for one in kept.left_out],
        first=[
            First(number, customer, subject, datetime.fromisoformat(at))
            for number, customer, subject, at in kept.shown["first"]
        ],
        samples=[
            Sample(number, customer, address, _segments(subject), _segments(body))
            for number, customer, address, subject, body in kept.shown["samples"]
        ],
        cap=kept.cap,
        created_by=kept.created_by,
        expires_at=kept.expires_at,
        token=tokens.sign(kept) if kept.eligible_ids else "",
    )


def _segments(pieces: Iterable[Sequence[Any]]) -> list[Segment]:
    return [Segment(str(words), bool(filled)) for words, filled in pieces]
