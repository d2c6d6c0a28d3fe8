"""The webhook channel against a real receiver, and every way in which it can go wrong."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from console.channels import Channel, FailureCode, PermanentFailure, TemporaryFailure, load_channel
from console.channels.webhook import MOST_ANSWER_BYTES, retry_after
from console.config import Settings
from tests.channels import receiver as behaviours
from tests.channels.conftest import Authority, outgoing
from tests.channels.receiver import SECRET, Behaviour, Receiver, answers

QUICK = 0.6
PATIENT = 10.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


def webhook(url: str, **changes: Any) -> Channel:
    usual = {
        "channel": "webhook",
        "webhook_url": url,
        "webhook_secret": SECRET,
        "webhook_allow_private": True,
        "webhook_timeout_seconds": PATIENT,
    }
    found = load_channel(Settings(**{**usual, **changes}))  # type: ignore[arg-type]
    assert found is not None
    return found


def send(channel: Channel, **changes: Any) -> str:
    with channel.session() as session:
        return session.send(outgoing(**changes))


def test_a_followup_is_posted_signed_and_with_its_key(receiver: Receiver) -> None:
    sent = outgoing(subject="Tea 🫖 & “quotes”")
    assert send(webhook(receiver.url), subject=sent.subject) == f"HTTP 202, {sent.key}"
    (posted,) = receiver.posted
    assert posted.genuine and posted.key == sent.key and posted.path == "/followups?shop=1"
    assert posted.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert posted.data == {
        "delivery_id": 7,
        "conversation_id": 3,
        "to": {"name": "Riya Chen", "address": "riya.chen@example.com"},
        "subject": sent.subject,
        "body": sent.body,
    }


def test_a_repetition_has_the_same_key_and_content_and_is_taken_once(receiver: Receiver) -> None:
    channel = webhook(receiver.url)
    receiver.next(behaviours.accepts_and_drops)
    with pytest.raises(TemporaryFailure):
        send(channel)
    send(channel)
    first, second = receiver.posted
    assert (first.key, first.content) == (second.key, second.content)
    assert list(receiver.accepted) == [first.key]


def test_connections_are_kept_and_threads_have_their_own(receiver: Receiver) -> None:
    channel = webhook(receiver.url)
    with channel.session() as session:
        session.send(outgoing(1))
        session.send(outgoing(2))
        assert len({posted.connection for posted in receiver.posted}) == 1
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda number: session.send(outgoing(number)), range(3, 103)))
    assert len(receiver.accepted) == 102 and all(posted.genuine for posted in receiver.posted)
    assert len({posted.connection for posted in receiver.posted}) <= 5


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.next(answers(status, Location="/elsewhere"))
    with pytest.raises(PermanentFailure, match="redirects are not followed") as failed:
        send(webhook(receiver.url))
    assert failed.value.code == FailureCode.SETTINGS and len(receiver.posted) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422, 499])
def test_what_is_refused_is_permanent(receiver: Receiver, status: int) -> None:
    receiver.next(answers(status))
    with pytest.raises(PermanentFailure, match=f"HTTP {status}") as failed:
        send(webhook(receiver.url))
    assert failed.value.code == FailureCode.REFUSED


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_temporary(receiver: Receiver, status: int) -> None:
    receiver.next(answers(status))
    with pytest.raises(TemporaryFailure, match=f"HTTP {status}") as failed:
        send(webhook(receiver.url))
    assert failed.value.code == FailureCode.BUSY and failed.value.retry_after is None


@pytest.mark.parametrize("status", [429, 503])
def test_the_receiver_may_say_when_to_come_back(receiver: Receiver, status: int) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    receiver.next(answers(status, Retry_After="7"), answers(status, Retry_After=later))
    channel = webhook(receiver.url)
    waits = []
    for _ in range(2):
        with pytest.raises(TemporaryFailure) as failed:
            send(channel)
        waits.append(failed.value.retry_after)
    assert waits[0] == 7 and waits[1] is not None and 85 < waits[1] <= 90


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0),
        (b" 12 ", 12),
        (b"999999999", 86_400),
        (b"9" * 10_000, None),
        (b"-5", None),
        (b"soon", None),
        (b"\xff", None),
        (b"", None),
        (b"Fri, 31 Dec 1999 23:59:59 GMT", 0),
        (b"Fri, 31 Dec 9998 23:59:59 GMT", 86_400),
        (b"Fri, 31 Dec 9998 23:59:59 -0000", 86_400),
    ],
)
def test_whatever_a_receiver_asks_for_is_bounded(value: bytes, seconds: float | None) -> None:
    assert retry_after([(b"Server", b"x"), (b"retry-AFTER", value)]) == seconds


@pytest.mark.parametrize(
    "behaviour", [behaviours.hangs, behaviours.drips, behaviours.drops, behaviours.speaks_no_http]
)
def test_a_receiver_without_an_answer_is_temporary_and_in_time(
    receiver: Receiver, behaviour: Behaviour
) -> None:
    channel = webhook(receiver.url, webhook_timeout_seconds=QUICK)
    receiver.next(behaviour)
    started = time.monotonic()
    with pytest.raises(TemporaryFailure) as failed:
        send(channel)
    assert failed.value.code == FailureCode.UNREACHABLE and time.monotonic() - started < 5
    assert send(channel).startswith("HTTP 202")


def test_a_status_is_an_answer_whatever_comes_after_it(receiver: Receiver) -> None:
    channel = webhook(receiver.url, webhook_timeout_seconds=QUICK)
    receiver.next(behaviours.drips_the_body, behaviours.babbles)
    started = time.monotonic()
    assert send(channel, number=1).startswith("HTTP 200")
    assert send(channel, number=2).startswith("HTTP 200")
    assert time.monotonic() - started < 5
    # What the system's buffers hold comes on top of what was read.
    assert receiver.babbled < MOST_ANSWER_BYTES * 200


def test_a_receiver_that_is_away_is_temporary() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(TemporaryFailure, match=r"within 0\.6 s"):
            send(webhook(f"http://127.0.0.1:{port}/", webhook_timeout_seconds=QUICK))
    for host in (f"127.0.0.1:{port}", "no-such-host.invalid", "a..b"):
        with pytest.raises(TemporaryFailure, match=r"could not be reached|did not answer"):
            send(webhook(f"http://{host}/"))


def test_certificates_are_verified(authority: Authority) -> None:
    with Receiver(authority.context) as receiver:
        trusted = {"channel_ca_file": authority.file}
        channel = webhook(receiver.url, **trusted)
        assert send(channel).startswith("HTTP 202") and channel.problem() is None
        assert receiver.posted[0].headers["host"] == f"localhost:{receiver.port}"
        stranger = webhook(receiver.url)
        with pytest.raises(PermanentFailure, match="certificate cannot be trusted") as failed:
            send(stranger)
        assert failed.value.code == FailureCode.SETTINGS
        assert "certificate cannot be trusted" in str(stranger.problem())
    with (
        Receiver(authority.for_another) as receiver,
        pytest.raises(PermanentFailure, match="certificate cannot be trusted"),
    ):
        send(webhook(receiver.url, **trusted))


def test_the_doctors_question_posts_nothing(receiver: Receiver) -> None:
    assert webhook(receiver.url).problem() is None
    assert receiver.posted == []
    assert "could not be reached" in str(webhook("http://127.0.0.1:1/").problem())
