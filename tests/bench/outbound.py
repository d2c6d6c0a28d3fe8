"""Bulk sends: preview and confirmation, deliveries through the webhook channel, and what else goes on meanwhile.

    python -m tests.bench.outbound [--small 1000] [--large 10000] [--rounds 3]

Floors in the same run: the same messages written by one plain INSERT; the same webhooks posted by the channel alone,
with as many threads and no database; approvals and the inbox page while nothing is sent.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median
from urllib.request import urlopen

import click
from sqlalchemy import select, text

from console import governance, outbound
from console.channels import Outgoing, channel
from console.db import db, now
from console.governance import ToolContext
from console.models import (
    BulkEnvelope,
    Conversation,
    ConversationStatus,
    LaneStatus,
    Operator,
    Role,
    ToolApproval,
)
from console.processes import Process, stop_all
from jobs.deliveries import THREADS, wake
from tests.bench.conversation import cookie, counted
from tests.bench.crowd import fill
from tests.bench.floor import caller
from tests.bench.inbox import TOKEN, people
from tests.bench.stack import free_port, spread, stack, wait_until

BODY = """Dear {{ customer.name }},

the carrier lost a pallet last week, and what you asked about in “{{ conversation.subject }}” was on it. We packed a
second one this morning. It leaves today and should reach you within three days. You need not do anything.

{{ operator.name }}"""
PLAIN = text(
    "INSERT INTO messages (conversation_id, role, body, author_name, details, created_at)"
    " SELECT id, 'internal_note', :body, '', '{}', now() FROM unnest(CAST(:ids AS bigint[])) AS id"
)


@contextmanager
def receiver() -> Iterator[int]:
    """The other side, in a process of its own."""
    port = free_port()
    process = Process("receiver", [sys.executable, "-m", "tests.bench.receiver", str(port)])
    process.start()
    try:
        wait_until(port, "/")
        yield port
    finally:
        stop_all([process], seconds=5)


def received(port: int) -> tuple[int, int]:
    """How many webhooks came, and how many different ones."""
    with urlopen(f"http://127.0.0.1:{port}/") as answer:
        total, different = answer.read().split()
    return int(total), int(different)


def memory() -> float:
    """Megabytes that this process occupies."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def resolved(count: int) -> list[int]:
    """The ids of so many resolved conversations."""
    wanted = select(Conversation.id).where(Conversation.status == ConversationStatus.RESOLVED)
    ids = list(db.session.scalars(wanted.order_by(Conversation.id).limit(count)))
    db.session.rollback()
    assert len(ids) == count
    return ids


def previewed(ids: list[int], template_id: int, actor: str, rounds: int) -> BulkEnvelope:
    """Preview and confirm `rounds` times, each undone but the last, which is returned."""
    shown = envelope = None
    for number in range(rounds):
        if envelope is not None:
            outbound.undo(envelope.id, actor)
        before, statements = memory(), []
        started = time.perf_counter()
        with counted(statements):
            shown = outbound.preview(ids, template_id=template_id, actor=actor)
        between, queries = time.perf_counter(), len(statements)
        with counted(statements):
            envelope = outbound.confirm(shown.token, actor)
        ended = time.perf_counter()
        grown = memory() - before
        db.session.execute(PLAIN, {"ids": ids, "body": BODY})
        db.session.rollback()
        floor = time.perf_counter() - ended
        click.echo(
            f"  {len(ids):,}, round {number + 1}: preview {between - started:.2f} s ({queries} queries), confirmation "
            f"{ended - between:.2f} s ({len(statements) - queries} queries), memory {grown:+.0f} MB; "
            f"the messages alone {floor:.2f} s"
        )
    assert envelope is not None
    return envelope


def by_the_channel_alone(count: int) -> float:
    """Webhooks a second without console, queue and database."""
    way, moment = channel(), now()
    letters = [
        Outgoing(-number, number, "Riya Chen", f"person{number}@example.com", "Your parcel", BODY, moment)
        for number in range(1, count + 1)
    ]
    started = time.perf_counter()
    with way.session() as session, ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(session.send, letters))
    return count / (time.perf_counter() - started)


def approved(actor: str, conversation: int, number: int) -> float:
    """Milliseconds from an approval to its outcome, through the workers."""
    context = ToolContext(
        tool_params={"body": f"Note {number}"},
        conversation_id=conversation,
        idempotency_token=f"bench-{number}",
    )
    lane = governance.submit("internal_note", "system", context).lane
    assert lane is not None
    started = time.perf_counter()
    governance.approve(lane.id, actor)
    status = select(ToolApproval.status).where(ToolApproval.id == lane.id)
    while db.session.scalar(status) != LaneStatus.EXECUTED:
        db.session.rollback()
        time.sleep(0.005)
    db.session.rollback()
    return 1000 * (time.perf_counter() - started)


Beside = tuple[list[float], list[float]]


def beside(actor: str, ask: Callable[[], float], goes_on: Callable[[], bool]) -> Beside:
    """Approvals and inbox pages in turn, for as long as something else goes on."""
    conversation, approvals, pages = resolved(1)[0], [], []
    while goes_on():
        approvals.append(approved(actor, conversation, time.monotonic_ns()))
        pages.append(1000 * ask())
    return approvals, pages


def delivered(envelope: BulkEnvelope) -> Callable[[], bool]:
    """Whether something of it is still on its way."""

    def goes_on() -> bool:
        counts = outbound.counts(envelope.id)
        db.session.rollback()
        return counts["pending"] + counts["sending"] > 0

    return goes_on


def send(envelope: BulkEnvelope, port: int, actor: str, ask: Callable[[], float], idle: Beside) -> None:
    """Let an envelope's deliveries leave, and look at what else goes on."""
    alone, count = by_the_channel_alone(2_000), envelope.count
    came = received(port)[0]
    db.session.execute(text("UPDATE deliveries SET send_after = now() WHERE state = 'pending'"))
    db.session.commit()
    wake(str(envelope.id))
    started = time.perf_counter()
    busy = beside(actor, ask, delivered(envelope))
    seconds = time.perf_counter() - started
    total, different = received(port)
    click.echo(f"deliveries: {count:,} in {seconds:.1f} s, {count / seconds:.0f} a second (at least 300)")
    click.echo(
        f"  received {total - came:,}, repetitions {total - different}; the channel alone {alone:.0f} a second"
    )
    for name, before, after in (("approve to executed", idle[0], busy[0]), ("inbox page", idle[1], busy[1])):
        click.echo(f"  {name}, idle      {spread(before)}")
        click.echo(
            f"  {name}, meanwhile {spread(after)}: {median(after) / median(before):.2f} times (under 2)"
        )


@click.command()
@click.option("--small", default=1_000, show_default=True)
@click.option("--large", default=10_000, show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(small: int, large: int, rounds: int) -> None:
    """Print each measurement beside its floor."""
    with receiver() as port:
        os.environ.update(
            CONSOLE_CHANNEL="webhook",
            CONSOLE_WEBHOOK_URL=f"http://127.0.0.1:{port}/",
            CONSOLE_WEBHOOK_SECRET="whsec_" + "Y29uc29sZS1jb25zb2xlLWNvbnNvbGUtY29uc29sZQ==",
            CONSOLE_WEBHOOK_ALLOW_PRIVATE="true",
            CONSOLE_MAX_BATCH_SIZE=str(large),
            CONSOLE_UNDO_SECONDS="600",
        )
        with stack() as running, running.app.app_context():
            people()
            fill(running.settings.database_url, 2 * large)
            admin = db.session.scalars(select(Operator)).first()
            assert admin is not None
            admin.role = Role.ADMIN
            db.session.commit()
            actor = admin.actor_id
            subject = "{{ customer.first_name }}, your parcel"
            template_id = outbound.create_template(actor, name="Lost", subject=subject, body=BODY).template_id
            ask = caller(running.settings.port, "/inbox", cookie(running.app, TOKEN))
            click.echo(
                "under 1 s each and at most 12 queries are wanted for 1,000; under 8 s and 100 MB for 10,000"
            )
            until = time.monotonic() + 10
            idle = beside(actor, ask, lambda: time.monotonic() < until)
            small_envelope = previewed(resolved(small), template_id, actor, rounds)
            outbound.undo(small_envelope.id, actor)
            envelope = previewed(resolved(large), template_id, actor, rounds)
            send(envelope, port, actor, ask, idle)


if __name__ == "__main__":
    main()
