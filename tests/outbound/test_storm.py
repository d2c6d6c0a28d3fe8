"""A short storm, and that its judge sees what goes wrong. The long one: `python -m tests.storm.outbound`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from console import outbound
from jobs import deliveries
from tests.conftest import Clock
from tests.outbound.desk import Outbox
from tests.storm.judging import rows, violations
from tests.storm.other_side import Taken
from tests.storm.outbound import storm

Messages = list[Taken]


def test_nobody_gets_a_message_twice_whatever_is_killed() -> None:
    report = storm(5, channel="webhook", seed=1)
    assert report.kills.total() == 5 and report.taken
    assert not report.violations, "\n".join(report.lines())


def lost(messages: Messages) -> Messages:
    return messages[1:]


def repeated(messages: Messages) -> Messages:
    return [*messages, messages[0]]


def from_nowhere(messages: Messages) -> Messages:
    return [*messages, Taken("delivery-0-0", "nobody@example.com", "")]


def under_another_key(messages: Messages) -> Messages:
    return [*messages, messages[0]._replace(key="delivery-0-0")]


def altered(messages: Messages) -> Messages:
    return [messages[0]._replace(body="Something else."), *messages[1:]]


def sent_and_undone(outbox: Outbox, clock: Clock) -> Messages:
    """A bulk send that left, one that was undone, and what was accepted."""
    outbound.undo(outbox.submitted(2).id, outbox.ben)
    envelope = outbox.submitted(3)
    clock.advance(seconds=10)
    deliveries.drain(str(envelope.id))
    return [Taken(one.key, one.to_address, one.body) for one in outbox.postbox.letters]


@pytest.mark.parametrize("change", [lost, repeated, from_nowhere, under_another_key, altered])
def test_the_judge_sees_what_is_wrong_with_the_messages(
    outbox: Outbox, clock: Clock, change: Callable[[Messages], Messages]
) -> None:
    messages = sent_and_undone(outbox, clock)
    assert violations(rows(), messages) == []
    assert violations(rows(), change(messages))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE deliveries SET state = 'pending' WHERE id = (SELECT max(id) FROM deliveries)",
        "UPDATE deliveries SET state = 'failed', reason = 'No.' WHERE id = (SELECT max(id) FROM deliveries)",
        "UPDATE deliveries SET state = 'sent' WHERE state = 'cancelled'",
        "DELETE FROM deliveries WHERE id = (SELECT max(id) FROM deliveries)",
        "UPDATE messages SET conversation_id = (SELECT min(id) FROM conversations)",
        "UPDATE envelope_counts SET sent = sent + 1",
        "UPDATE bulk_envelopes SET count = count + 1",
        "UPDATE bulk_envelopes SET undone_count = 1 WHERE undone_count = 2",
    ],
)
def test_the_judge_sees_what_is_wrong_with_the_rows(outbox: Outbox, clock: Clock, sql: str) -> None:
    messages = sent_and_undone(outbox, clock)
    outbox.tamper(sql)
    assert violations(rows(), messages)
