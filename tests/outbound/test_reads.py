"""Reading envelopes and deliveries: page by page, and no answer grows with the number of recipients."""

from __future__ import annotations

from typing import Any

import pytest

from console import errors, outbound
from console.channels import FailureCode, PermanentFailure, UncertainFailure
from jobs import deliveries
from tests.conftest import Clock
from tests.outbound.desk import Outbox


def test_envelopes_are_listed_newest_first_refused_ones_too(outbox: Outbox, clock: Clock) -> None:
    made = []
    for number in range(5):
        clock.advance(seconds=1)
        if number == 2:
            with pytest.raises(outbound.BatchTooLarge) as refusal:
                outbox.bulk(list(range(1, 27)))
            made.append(refusal.value.envelope.id)
        else:
            made.append(outbox.bulk([outbox.conversation()]).id)
    assert [one.id for one in outbound.list_envelopes()] == made[::-1]
    assert [one.id for one in outbound.list_envelopes(2)] == made[:2:-1]
    assert [one.id for one in outbound.list_envelopes(2, before=made[3])] == [made[2], made[1]]
    assert [one.id for one in outbound.list_envelopes(status="refused_cap_exceeded")] == [made[2]]
    assert len(outbound.list_envelopes(500, status="submitted")) == 4


@pytest.mark.parametrize("options", [{"limit": 501}, {"limit": 0}, {"limit": -1}, {"status": "sent"}])
def test_more_than_500_or_an_unknown_status_is_an_error(outbox: Outbox, options: dict[str, Any]) -> None:
    with pytest.raises(errors.Invalid):
        outbound.list_envelopes(**options)


def test_what_is_no_envelope_is_none(outbox: Outbox) -> None:
    assert outbound.get_envelope("none") is None
    assert outbound.get_envelope("00000000-0000-4000-8000-000000000000") is None
    assert outbound.get_delivery(4711) is None and outbound.get_delivery(1 << 70) is None


def test_deliveries_are_listed_by_what_asks_for_a_person_first(outbox: Outbox, clock: Clock) -> None:
    envelope = outbox.submitted(6)
    clock.advance(seconds=10)
    ids = [one.id for one in outbox.deliveries()]
    no = PermanentFailure("No.", FailureCode.REFUSED)
    for number, answer in (
        (ids[1], no),
        (ids[3], no),
        (ids[4], UncertainFailure("?", FailureCode.NO_ANSWER)),
    ):
        outbox.postbox.answers.append(answer)
        deliveries.deliver(number)
    deliveries.deliver(ids[0])
    expected = [ids[4], ids[1], ids[3], ids[2], ids[5], ids[0]]
    for size in (1, 2, 3, 4, 6, 50):
        seen: list[int] = []
        after = None
        while True:
            page = outbound.list_deliveries(envelope.id, after=after, limit=size)
            seen += [one.id for one in page.rows]
            after = page.after
            if after is None:
                break
        assert seen == expected
    failed = outbound.list_deliveries(envelope.id, "failed", limit=1)
    assert [one.id for one in failed.rows] == [ids[1]] and failed.after == f"failed-{ids[1]}"
    assert [one.id for one in outbound.list_deliveries(envelope.id, "failed", failed.after).rows] == [ids[3]]
    assert outbound.list_deliveries(envelope.id, "cancelled").rows == []


@pytest.mark.parametrize(
    "after", ["", "x", "failed", "failed-", "failed-0", "sent-1x", f"sent-{1 << 70}", "gone-1"]
)
def test_a_damaged_link_to_more_is_refused(outbox: Outbox, after: str) -> None:
    envelope = outbox.submitted(1)
    if after:
        with pytest.raises(errors.BadRequest):
            outbound.list_deliveries(envelope.id, after=after)
    for options in ({"state": "gone"}, {"limit": 501}, {"limit": 0}):
        with pytest.raises(errors.Invalid):
            outbound.list_deliveries(envelope.id, **options)


def test_the_deliveries_of_a_conversation_name_their_messages(outbox: Outbox) -> None:
    conversation = outbox.conversation()
    first = outbox.trigger(conversation).delivery
    envelope = outbox.bulk([conversation])
    found = outbound.deliveries_of(conversation)
    assert [one.envelope_id for one in found] == [envelope.id, None] and found[
        1
    ].message_id == first.message_id


def test_counts_are_kept_by_the_database_whoever_writes(outbox: Outbox) -> None:
    envelope, other = outbox.submitted(3), outbox.submitted(2)
    outbox.trigger(outbox.conversation())
    outbox.tamper("UPDATE deliveries SET state = 'cancelled' WHERE id IN (1, 4)")
    outbox.tamper("DELETE FROM deliveries WHERE id = 2")
    assert outbound.counts_of([envelope.id, other.id]) == {
        envelope.id: outbound.counts(envelope.id) | {"pending": 1, "cancelled": 1},
        other.id: outbound.counts(other.id) | {"pending": 1, "cancelled": 1},
    }
