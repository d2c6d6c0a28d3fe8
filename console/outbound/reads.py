"""Reading envelopes and deliveries. No answer grows with the number of recipients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, cast, exists, func, literal_column, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.orm import aliased

from console.db import db, is_id
from console.errors import BadRequest, Invalid
from console.models import (
    BulkEnvelope,
    BulkPreview,
    Conversation,
    Customer,
    Delivery,
    DeliveryState,
    EnvelopeCount,
    EnvelopeStatus,
    MessageTemplate,
)
from console.outbound.errors import NotFound
from console.outbound.letters import LeftOut, any_of

MOST = 500
MOST_IN_ARRAY = 10**9
S = DeliveryState
BY_NEED = (S.UNCERTAIN, S.FAILED, S.SENDING, S.PENDING, S.SENT, S.CANCELLED)
"""The order in which an envelope's page lists states: what asks for a person first."""


class DeliveryPage(NamedTuple):
    """One page of an envelope's deliveries; `after` leads to the next one, None when there is none."""

    rows: Sequence[Delivery]
    after: str | None
    repeated: frozenset[int]
    """Which of them were sent again on purpose."""


def get_envelope(envelope_id: UUID | str, *, lock: bool = False) -> BulkEnvelope | None:
    """An envelope by id, or None; locked until the transaction ends if asked."""
    try:
        wanted = UUID(str(envelope_id))
    except ValueError:
        return None
    held = {"key_share": True, "of": BulkEnvelope} if lock else None
    return db.session.get(BulkEnvelope, wanted, with_for_update=held, populate_existing=True)


def list_envelopes(
    limit: int = 50, status: str = "all", before: UUID | None = None
) -> Sequence[BulkEnvelope]:
    """Envelopes, refused ones too, newest first; `before` is the id of a page's last one.

    `status` is `all`, `submitted` or `refused_cap_exceeded`. Raises Invalid for another, or a limit beyond 1 to 500.
    """
    if not 1 <= limit <= MOST:
        raise Invalid(f"Between 1 and {MOST} bulk sends can be listed at once.")
    if status not in ("all", *EnvelopeStatus):
        raise Invalid("Bulk sends can be listed by status: all, submitted or refused_cap_exceeded.")
    wanted = (
        select(BulkEnvelope).order_by(BulkEnvelope.created_at.desc(), BulkEnvelope.id.desc()).limit(limit)
    )
    if status != "all":
        wanted = wanted.where(BulkEnvelope.status == status)
    if before is not None:
        last = aliased(BulkEnvelope)
        moment = select(last.created_at).where(last.id == before).scalar_subquery()
        wanted = wanted.where(tuple_(BulkEnvelope.created_at, BulkEnvelope.id) < tuple_(moment, before))
    return db.session.scalars(wanted.execution_options(populate_existing=True)).all()


def counts(envelope_id: UUID) -> dict[str, int]:
    """How many deliveries of an envelope are in each state; every state is there."""
    return counts_of([envelope_id])[envelope_id]


def counts_of(envelope_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """The same for several envelopes, in one query."""
    sums = [func.coalesce(func.sum(getattr(EnvelopeCount, state)), 0) for state in S]
    wanted = select(EnvelopeCount.envelope_id, *sums).where(EnvelopeCount.envelope_id.in_(envelope_ids))
    found = {row[0]: row[1:] for row in db.session.execute(wanted.group_by(EnvelopeCount.envelope_id))}
    nothing = [0] * len(S)
    return {
        one: {str(state): int(number) for state, number in zip(S, found.get(one, nothing), strict=True)}
        for one in envelope_ids
    }


def get_delivery(delivery_id: int) -> Delivery | None:
    """A delivery by id, or None."""
    return db.session.get(Delivery, delivery_id, populate_existing=True) if is_id(delivery_id) else None


def deliveries_of(conversation_id: int) -> Sequence[Delivery]:
    """The deliveries to a conversation, newest first, at most 500; `message_id` says which entry of the timeline."""
    wanted = select(Delivery).where(Delivery.conversation_id == conversation_id)
    return db.session.scalars(
        wanted.order_by(Delivery.id.desc()).limit(MOST).execution_options(populate_existing=True)
    ).all()


def list_deliveries(
    envelope_id: UUID, state: str | None = None, after: str | None = None, limit: int = 50
) -> DeliveryPage:
    """Deliveries of an envelope, in one state or by what asks for a person first. Raises BadRequest, Invalid."""
    if not 1 <= limit <= MOST:
        raise Invalid(f"Between 1 and {MOST} deliveries can be listed at once.")
    wanted = BY_NEED if state is None else (_state(state),)
    last, last_id = _cursor(after) if after else (wanted[0], 0)
    ranked = [
        _stretch(envelope_id, one, last_id if one == last else 0, limit)
        for one in wanted[wanted.index(last) if last in wanted else 0 :]
    ]
    ids = union_all(*ranked).subquery()
    page = select(Delivery).join(ids, ids.c.id == Delivery.id).order_by(ids.c.rank, Delivery.id)
    rows = db.session.scalars(page.limit(limit + 1).execution_options(populate_existing=True)).all()
    more = len(rows) > limit
    rows = rows[:limit]
    repeats = select(Delivery.repeats_id).where(Delivery.repeats_id.in_([row.id for row in rows]))
    repeated = (
        frozenset(one for one in db.session.scalars(repeats) if one is not None) if rows else frozenset()
    )
    return DeliveryPage(rows, f"{rows[-1].state}-{rows[-1].id}" if more else None, repeated)


def _stretch(envelope_id: UUID, state: DeliveryState, after: int, limit: int) -> Select[int, int]:
    """The ids of one state, along the index by envelope, state and id: a page reads what it shows."""
    rank: ColumnElement[int] = literal_column(str(BY_NEED.index(state))).label("rank")
    wanted = select(Delivery.id, rank).where(Delivery.envelope_id == envelope_id, Delivery.state == state)
    part = wanted.where(Delivery.id > after).order_by(Delivery.id).limit(limit + 1).subquery()
    return select(part.c.id, part.c.rank)


def _state(word: str) -> DeliveryState:
    try:
        return DeliveryState(word)
    except ValueError:
        raise Invalid("A delivery has no such state.") from None


def _cursor(word: str) -> tuple[DeliveryState, int]:
    state, _, number = word.partition("-")
    if state in list(S) and number.isascii() and number.isdigit() and is_id(int(number)):
        return DeliveryState(state), int(number)
    raise BadRequest(
        "This link to further deliveries is damaged. Go back to the start of the list and try again."
    )


class Absentees(NamedTuple):
    """Who was left out of a bulk send: how many, and the first of them."""

    number: int
    named: list[LeftOut]


def left_out_of(envelope_id: UUID, limit: int = 10) -> Absentees:
    """Who an envelope's send left out, at most `limit` of them by name."""
    first = cast(f"$[0 to {limit - 1}]", JSONPATH)
    some = func.jsonb_path_query_array(BulkEnvelope.left_out, first)
    number = func.jsonb_array_length(BulkEnvelope.left_out)
    row = db.session.execute(select(number, some).where(BulkEnvelope.id == envelope_id)).one_or_none()
    return Absentees(row[0], [LeftOut(**one) for one in row[1]]) if row else Absentees(0, [])


def preview_recipients(
    envelope_id: UUID, actor: str, *, after: int = 0, limit: int = 50
) -> tuple[list[tuple[int, str]], bool]:
    """Recipients of a preview as (conversation, customer), from the place `after` on, and whether there are more.

    Those whom the preview names already are left out. Raises NotFound for one that is not there or somebody else's.
    """
    start = max(0, min(after, MOST_IN_ARRAY))
    kept = db.session.execute(
        select(BulkPreview.eligible_ids[start + 1 : start + limit + 1], BulkPreview.shown["first"]).where(
            BulkPreview.envelope_id == envelope_id, BulkPreview.created_by == actor
        )
    ).one_or_none()
    if kept is None:
        raise NotFound("This preview does not exist, or no longer does. Make it again from your selection.")
    ids, named = kept[0], {one[0] for one in kept[1]}
    rows = db.session.execute(
        select(Conversation.id, Customer.name)
        .join(Customer, Customer.id == Conversation.customer_id)
        .where(Conversation.id.in_(set(ids[:limit]) - named))
        .order_by(Conversation.id)
    )
    return [(row.id, row.name) for row in rows], len(ids) > limit


def latest_with(conversation_id: int, template_id: int) -> Delivery | None:
    """The newest delivery of a template to a conversation, alone or in a bulk send, unless it was cancelled."""
    return db.session.scalar(
        select(Delivery)
        .where(
            Delivery.conversation_id == conversation_id,
            Delivery.template_id == template_id,
            Delivery.state != S.CANCELLED,
        )
        .order_by(Delivery.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


class Sent(NamedTuple):
    """The delivery behind an entry of the timeline, with the name of its template and whether it was sent again."""

    message_id: int
    id: int
    state: str
    channel: str
    send_after: datetime
    attempts: int
    reason: str | None
    reference: str | None
    updated_at: datetime
    envelope_id: UUID | None
    template_version: int
    address: str
    subject: str
    template: str
    repeated: bool


def sent_as(message_ids: Sequence[int]) -> dict[int, Sent]:
    """The deliveries of these messages, by message. One query, none when there is no message."""
    if not message_ids:
        return {}
    columns = [getattr(Delivery, name) for name in Sent._fields[:-2]]
    repeats = aliased(Delivery)
    repeated = exists().where(repeats.repeats_id == Delivery.id)
    wanted = select(*columns, MessageTemplate.name, repeated).join(
        MessageTemplate, MessageTemplate.id == Delivery.template_id
    )
    rows = db.session.execute(wanted.where(Delivery.message_id == any_of(message_ids)))
    return {row.message_id: Sent._make(row) for row in rows}
