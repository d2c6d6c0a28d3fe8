"""What is counted: outcomes and durations with labels from fixed sets, and nothing that could name anyone."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from console import metrics, outbound
from console.channels import FailureCode, PermanentFailure, TemporaryFailure
from console.outbound.transitions import Step
from jobs import deliveries
from tests.conftest import Clock
from tests.outbound.desk import Outbox

FIXED = {
    "step": set(Step),
    "channel": {"log", "smtp", "webhook"},
    "reason": {"", "error", *FailureCode},
    "outcome": {"triggered", "repeated", "duplicate", "submitted", "refused_cap_exceeded"},
    "kind": {"deliveries_lost", "deliveries_due", "overdue", "approved", "execution_pending"},
}


def samples() -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


def test_what_became_of_follow_ups_is_counted_without_naming_anyone(outbox: Outbox, clock: Clock) -> None:
    first = outbox.trigger(outbox.conversation()).delivery
    outbox.trigger(first.conversation_id)
    envelope = outbox.submitted(3)
    with pytest.raises(outbound.BatchTooLarge):
        outbox.bulk(list(range(1, 27)))
    clock.advance(seconds=10)
    deliveries.deliver(first.id)
    outbox.postbox.answers.extend(
        [PermanentFailure("No.", FailureCode.ADDRESS), TemporaryFailure("Later.", FailureCode.BUSY)]
    )
    deliveries.drain(str(envelope.id))
    found = samples()
    assert found["console_outbound_total", "outcome=duplicate"] == 1
    assert found["console_outbound_total", "outcome=refused_cap_exceeded"] == 1
    sent = ("console_send_attempts_total", "channel=log", "reason=", "step=accepted")
    assert found[sent] == 2
    assert found["console_send_attempts_total", "channel=log", "reason=address", "step=refused"] == 1
    assert found["console_send_attempts_total", "channel=log", "reason=busy", "step=postponed"] == 1
    assert found["console_send_seconds_count", "channel=log"] == 4
    assert found["console_send_seconds_bucket", "channel=log", "le=+Inf"] == 4
    assert found["console_deliveries_total", "step=claimed"] == 4
    for name, *labels in found:
        if name.startswith(("console_send", "console_deliver", "console_outbound", "console_swept_deliver")):
            for label in labels:
                key, _, value = label.partition("=")
                assert key == "le" or value in FIXED[key], (name, label)
