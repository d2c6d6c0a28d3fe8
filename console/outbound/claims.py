"""A worker's part in a delivery: claim it, committed before the channel is called, and record what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Text,
    any_,
    cast,
    column,
    exists,
    func,
    select,
)

from console import locks, metrics
from console.channels import (
    MAX_REFERENCE_CHARS,
    ChannelFailure,
    Outgoing,
    PermanentFailure,
    TemporaryFailure,
)
from console.conversations.texts import settings
from console.conversations.writing import said_to
from console.db import db, now, transaction
from console.models import Delivery, DeliveryState, Message
from console.outbound.senders import SYSTEM
from console.outbound.sending import leave_again
from console.outbound.transitions import Step, move

CLAIM_SPACE = 0x6364
LONGEST_PAUSE_SECONDS = 86_400
"""However long the other side asks to be left alone."""
SILENT = "The worker met an error before it had an answer ({}). The message may or may not have arrived."


class Claimed(NamedTuple):
    """A message to send now."""

    outgoing: Outgoing
    channel: str
    """The channel it was asked for."""
    envelope_id: UUID | None
    attempts: int
    """This one included."""


class Result(NamedTuple):
    """What a channel answered: its reference, or what it raised."""

    claimed: Claimed
    answer: str | Exception
    seconds: float


class Verdict(NamedTuple):
    """What follows from an answer."""

    step: Step
    result: Result
    reference: str | None = None
    reason: str | None = None
    moment: datetime | None = None
    """When it is tried again."""


def lock_key(claim_id: Any) -> Any:
    """The advisory lock of a claim; of a column, the lock of each."""
    return locks.lock_key(CLAIM_SPACE, 0) + claim_id


@contextmanager
def claiming() -> Iterator[int]:
    """A new claim, held until the end of the block or of this worker, whichever comes first."""
    claim = secrets.randbelow(1 << locks.SPACE_BITS)
    with locks.worker_lock(lock_key(claim)) as held:
        if not held:
            raise RuntimeError("Two claims drew the same number.")
        yield claim


def take(claim: int, *which: ColumnElement[bool], limit: int) -> list[Claimed]:
    """Claim what is due, the longest waiting first, and commit that; at most `limit`."""
    due = (
        select(Delivery.id)
        .where(*_is_due(), *which)
        .order_by(Delivery.send_after, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    with transaction():
        # As an array, which is found once: a plan that looked for the ids anew for each row would claim more.
        ids = func.array(due.scalar_subquery(), type_=ARRAY(BigInteger))
        moved = move(
            Step.CLAIMED,
            Delivery.id == any_(ids),
            actor_id=SYSTEM,
            claim_id=claim,
            attempts=Delivery.attempts + 1,
        )
        return _read([one.id for one in moved]) if moved else []


def _is_due() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Delivery.state == DeliveryState.PENDING, Delivery.send_after <= now()


def more_is_due(envelope_id: UUID) -> bool:
    """Whether something of this envelope should leave now."""
    found = db.session.scalar(select(exists().where(*_is_due(), Delivery.envelope_id == envelope_id)))
    db.session.rollback()
    return bool(found)


def settle(claim: int, results: Sequence[Result]) -> None:
    """Record what the channel answered, each in the state that follows from it; see `console.channels.base`.

    A result whose delivery is not this claim's any more is dropped: somebody took over. What is tried again is sent
    for its time after the commit.
    """
    verdicts = [verdict(one) for one in results]
    with transaction():
        for step in (Step.ACCEPTED, Step.REFUSED, Step.LOST, Step.POSTPONED):
            _record(step, claim, [one for one in verdicts if one.step == step])
        accepted = [one.result.claimed.outgoing for one in verdicts if one.step == Step.ACCEPTED]
        said_to({one.conversation_id: one.body for one in accepted})
        for one in verdicts:
            if one.moment is not None:
                claimed = one.result.claimed
                leave_again(claimed.outgoing.delivery_id, claimed.envelope_id, one.moment)
    metrics.delivered(
        (one.result.claimed.channel, str(one.step), _code(one.result.answer), one.result.seconds)
        for one in verdicts
    )


def verdict(result: Result) -> Verdict:
    """The step that follows from an answer, and what it leaves on the row."""
    answer, attempts = result.answer, result.claimed.attempts
    if isinstance(answer, str):
        return Verdict(Step.ACCEPTED, result, reference=answer[:MAX_REFERENCE_CHARS])
    if isinstance(answer, PermanentFailure):
        return Verdict(Step.REFUSED, result, reason=answer.sentence)
    if isinstance(answer, TemporaryFailure):
        if is_last(attempts):
            return Verdict(
                Step.REFUSED, result, reason=f"{answer.sentence} Given up after {attempts} attempts."
            )
        again = now() + _pause(attempts, answer.retry_after)
        return Verdict(Step.POSTPONED, result, reason=answer.sentence, moment=again)
    if isinstance(answer, ChannelFailure):
        return Verdict(Step.LOST, result, reason=answer.sentence)
    return Verdict(Step.LOST, result, reason=SILENT.format(type(answer).__name__))


def is_last(attempts: int) -> bool:
    """Whether nothing more is tried by itself after so many attempts."""
    return attempts > len(settings().delivery_retry_seconds)


def _pause(attempts: int, asked: float | None) -> timedelta:
    """The longer of our own pause and the one that the other side asks for."""
    own = settings().delivery_retry_seconds[attempts - 1]
    return timedelta(seconds=min(max(own, asked or 0), LONGEST_PAUSE_SECONDS))


def _record(step: Step, claim: int, verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        return
    given = func.unnest(
        cast([one.result.claimed.outgoing.delivery_id for one in verdicts], ARRAY(BigInteger)),
        cast([one.reference for one in verdicts], ARRAY(Text)),
        cast([one.reason for one in verdicts], ARRAY(Text)),
        cast([one.moment for one in verdicts], ARRAY(DateTime(timezone=True))),
    ).table_valued(
        column("id", BigInteger),
        column("reference", Text),
        column("reason", Text),
        column("moment", DateTime(timezone=True)),
    )
    answers = given.render_derived(name="answers")
    move(
        step,
        Delivery.id == answers.c.id,
        Delivery.claim_id == claim,
        actor_id=SYSTEM,
        reference=answers.c.reference,
        reason=answers.c.reason,
        send_after=func.coalesce(answers.c.moment, Delivery.send_after),
    )


def _read(ids: Sequence[int]) -> list[Claimed]:
    """What was claimed, with the text of its message, the longest waiting first."""
    wanted = (
        select(
            Delivery.id,
            Delivery.conversation_id,
            Delivery.recipient,
            Delivery.address,
            Delivery.subject,
            Message.body,
            Delivery.created_at,
            Delivery.channel,
            Delivery.envelope_id,
            Delivery.attempts,
        )
        .join(Message, Message.id == Delivery.message_id)
        .where(Delivery.id == any_(cast(ids, ARRAY(BigInteger))))
        .order_by(Delivery.send_after, Delivery.id)
    )
    return [
        Claimed(Outgoing(*row[:7]), row.channel, row.envelope_id, row.attempts)
        for row in db.session.execute(wanted)
    ]


def _code(answer: str | Exception) -> str:
    return "" if isinstance(answer, str) else getattr(answer, "code", "error")
