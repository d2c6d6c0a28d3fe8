"""The jobs of deliveries: claim, send outside of any transaction, record. The only caller of a channel's send."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from uuid import UUID

import structlog
from rq import Retry

from console import queue
from console.channels import ChannelSession, FailureCode, NoChannel, PermanentFailure, channel
from console.models import Delivery
from console.outbound import claims
from console.outbound.claims import Claimed, Result

SLICE_SECONDS = 0.1
"""After this long a bulk send lets another job go first, if one waits."""
LONGEST_SLICE_SECONDS = 2.0
"""After this long it does so in any case: a worker that is asked to stop ends its job first."""
THREADS = 8
"""Messages at once, on a channel that knows a repetition."""
LARGEST_BATCH = 8 * THREADS
NO_END = 1 << 40

Send = Callable[[Sequence[Claimed]], list[Result]]

log = structlog.get_logger(__name__)


def deliver(delivery_id: int) -> None:
    """Send one delivery that is due."""
    with claims.claiming() as claim, _open_channel() as (send, _):
        claimed = claims.take(claim, Delivery.id == delivery_id, limit=1)
        if claimed:
            claims.settle(claim, send(claimed))


def wake(envelope_id: str) -> None:
    """Go on with a bulk send, some of which was put off until now; of its jobs one waits at most."""
    queue.push("jobs.deliveries.drain", envelope_id, job_id=f"drain-{envelope_id}", queue=queue.DELIVERIES)


def drain(envelope_id: str) -> Retry | None:
    """Send a slice of a bulk send. Comes back for the next one, behind what waits meanwhile, until nothing is due."""
    envelope = UUID(envelope_id)
    started = time.monotonic()
    with claims.claiming() as claim, _open_channel() as (send, at_once):
        size = at_once
        while _goes_on(started):
            begun, used = time.monotonic(), time.process_time()
            claimed = claims.take(claim, Delivery.envelope_id == envelope, limit=size)
            if not claimed:
                return None
            claims.settle(claim, send(claimed))
            quick = time.monotonic() - begun < SLICE_SECONDS / 2
            # Pages and decisions are for people who wait; a bulk send leaves them every second moment of a processor.
            time.sleep(time.process_time() - used)
            size = min(2 * size, at_once * LARGEST_BATCH // THREADS) if quick and at_once > 1 else at_once
    return Retry(max=NO_END) if claims.more_is_due(envelope) else None


def _goes_on(started: float) -> bool:
    """Whether a slice may take on more: a connection that is open is used for as long as it keeps nobody waiting."""
    taken = time.monotonic() - started
    return taken < SLICE_SECONDS or (taken < LONGEST_SLICE_SECONDS and not queue.anything_waits())


@contextmanager
def _open_channel() -> Iterator[tuple[Send, int]]:
    """What sends a batch, and how many messages it sends at once. Without a channel it refuses each."""
    try:
        way = channel()
    except NoChannel as error:
        refusal = PermanentFailure(error.sentence, FailureCode.SETTINGS)
        yield (lambda batch: [Result(one, refusal, 0.0) for one in batch]), THREADS
        return
    with way.session() as session:
        attempt = partial(_attempt, way.name, session)
        if not way.deduplicates:
            yield (lambda batch: [attempt(one) for one in batch]), 1
            return
        with ThreadPoolExecutor(THREADS) as threads:
            yield (lambda batch: list(threads.map(attempt, batch))), THREADS


def _attempt(name: str, session: ChannelSession, claimed: Claimed) -> Result:
    """Send one message; whatever the channel raises is its answer."""
    started = time.monotonic()
    answer: str | Exception
    if claimed.channel != name:
        answer = PermanentFailure(
            f"This was meant for the channel {claimed.channel}, and follow-ups leave by {name} now. "
            "Nothing was sent; try again to send it that way.",
            FailureCode.SETTINGS,
        )
    else:
        try:
            answer = session.send(claimed.outgoing)
        except Exception as error:
            answer = error
            name_of_it = getattr(error, "code", type(error).__name__)
            log.warning("delivery_not_accepted", delivery_id=claimed.outgoing.delivery_id, reason=name_of_it)
    return Result(claimed, answer, time.monotonic() - started)
