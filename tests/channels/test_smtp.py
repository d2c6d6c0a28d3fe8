"""The smtp channel against a real mail server, and every way in which it can go wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from console.channels import (
    Channel,
    FailureCode,
    PermanentFailure,
    TemporaryFailure,
    UncertainFailure,
    load_channel,
)
from console.config import Settings
from tests.channels.conftest import Authority, outgoing
from tests.channels.mail_server import ACCEPT_AND_DROP, ACCEPT_AND_HANG, DROP, HANG, MailServer

QUICK = 0.6
PATIENT = 10.0


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as started:
        yield started


def smtp(port: int, **changes: Any) -> Channel:
    usual = {
        "channel": "smtp",
        "smtp_host": "localhost",
        "smtp_port": port,
        "smtp_security": "none",
        "smtp_from": "Kitchen and Home <care@example.com>",
        "smtp_timeout_seconds": PATIENT,
    }
    found = load_channel(Settings(**{**usual, **changes}))  # type: ignore[arg-type]
    assert found is not None
    return found


def send(channel: Channel, *numbers: int) -> list[str]:
    with channel.session() as session:
        return [session.send(outgoing(number)) for number in numbers or (7,)]


def test_a_mail_arrives_and_the_servers_words_are_the_reference(server: MailServer) -> None:
    assert send(smtp(server.port)) == ["250 2.0.0 Ok: queued as Q1"]
    (arrived,) = server.accepted
    assert arrived.sender == "care@example.com" and arrived.recipients == ["riya.chen@example.com"]
    assert arrived.mail["Subject"] == "Your kettle" and arrived.message_id.startswith("<delivery-7-")


def test_lines_that_begin_with_a_dot_arrive_as_they_are(server: MailServer) -> None:
    body = ".\n..\n.hidden\nend"
    with smtp(server.port).session() as session:
        session.send(outgoing(body=body))
        session.send(outgoing(8))
    first, second = server.accepted
    assert first.mail.get_content().replace("\r\n", "\n").rstrip("\n") == body
    assert second.message_id.startswith("<delivery-8-")


def test_a_session_keeps_its_connection(server: MailServer) -> None:
    send(smtp(server.port), 1, 2, 3)
    assert [mail.connection for mail in server.accepted] == [1, 1, 1]


def test_a_channel_connects_to_nobody_before_it_sends() -> None:
    with smtp(1).session():
        pass


@pytest.mark.parametrize(
    ("stage", "answer", "code"),
    [
        ("MAIL", "451 4.3.0 Later", FailureCode.BUSY),
        ("RCPT", "450 4.2.1 Mailbox busy", FailureCode.BUSY),
        ("DATA", "452 4.3.1 No room", FailureCode.BUSY),
        ("MESSAGE", "451 4.7.1 Greylisted", FailureCode.BUSY),
        ("MAIL", "421 4.3.2 Going down", FailureCode.BUSY),
        ("MAIL", DROP, FailureCode.UNREACHABLE),
        ("RCPT", DROP, FailureCode.UNREACHABLE),
        ("DATA", DROP, FailureCode.UNREACHABLE),
        ("RCPT", HANG, FailureCode.UNREACHABLE),
        ("DATA", HANG, FailureCode.UNREACHABLE),
    ],
)
def test_what_may_pass_is_temporary_and_the_session_goes_on(
    server: MailServer, stage: str, answer: str, code: str
) -> None:
    server.next(stage, answer)
    seconds = QUICK if answer == HANG else PATIENT
    with smtp(server.port, smtp_timeout_seconds=seconds).session() as session:
        with pytest.raises(TemporaryFailure) as failed:
            session.send(outgoing(1))
        assert failed.value.code == code
        session.send(outgoing(1))
        session.send(outgoing(2))
    assert [mail.message_id.split("-")[1] for mail in server.accepted] == ["1", "2"]


@pytest.mark.parametrize(
    ("stage", "answer", "code"),
    [
        ("MAIL", "550 5.7.1 Not from you", FailureCode.REFUSED),
        ("RCPT", "550 5.1.1 User unknown", FailureCode.ADDRESS),
        ("DATA", "554 5.6.0 No", FailureCode.REFUSED),
        ("MESSAGE", "554 5.7.1 Looks like spam", FailureCode.REFUSED),
    ],
)
def test_what_is_refused_is_permanent_and_quotes_the_server(
    server: MailServer, stage: str, answer: str, code: str
) -> None:
    server.next(stage, answer)
    with smtp(server.port).session() as session:
        with pytest.raises(PermanentFailure) as failed:
            session.send(outgoing(1))
        assert failed.value.code == code and failed.value.sentence.endswith(answer)
        session.send(outgoing(2))
    assert [mail.connection for mail in server.accepted] == [1]


@pytest.mark.parametrize("answer", [DROP, ACCEPT_AND_DROP, HANG, ACCEPT_AND_HANG])
def test_silence_after_the_message_is_uncertain_whatever_the_server_did(
    server: MailServer, answer: str
) -> None:
    server.next("MESSAGE", answer)
    seconds = QUICK if answer in (HANG, ACCEPT_AND_HANG) else PATIENT
    with smtp(server.port, smtp_timeout_seconds=seconds).session() as session:
        with pytest.raises(UncertainFailure) as failed:
            session.send(outgoing(1))
        assert failed.value.code == FailureCode.NO_ANSWER
        session.send(outgoing(2))
    assert len(server.attempts) == 2
    assert len(server.accepted) == (2 if "accept" in answer else 1)


def test_a_connection_that_the_server_has_closed_is_made_again(server: MailServer) -> None:
    with smtp(server.port).session() as session:
        session.send(outgoing(1))
        session._server.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
        session.send(outgoing(2))
    assert [mail.connection for mail in server.accepted] == [1, 2]


def test_a_server_that_is_away_or_silent_is_temporary() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(TemporaryFailure) as failed:
            send(smtp(port, smtp_timeout_seconds=QUICK))
        assert failed.value.code == FailureCode.UNREACHABLE and "0.6 s" in failed.value.sentence
    with pytest.raises(TemporaryFailure):
        send(smtp(port))
    with pytest.raises(TemporaryFailure):
        send(smtp(25, smtp_host="no-such-host.invalid"))


@pytest.mark.parametrize(
    ("banner", "kind"),
    [(b"554 no mail here\r\n", PermanentFailure), (b"421 too many connections\r\n", TemporaryFailure)],
)
def test_a_server_that_lets_nobody_in_is_quoted(banner: bytes, kind: type[Exception]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unwilling:

        def refuse() -> None:
            connection, _ = unwilling.accept()
            with connection:
                connection.sendall(banner)

        threading.Thread(target=refuse, daemon=True).start()
        with pytest.raises(kind, match=banner.decode().strip()):
            send(smtp(unwilling.getsockname()[1]))


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificates_are_verified_and_the_login_travels_encrypted(
    authority: Authority, security: str
) -> None:
    login = {"smtp_username": "desk", "smtp_password": "pass word"}
    with MailServer(authority.context, security, ("desk", "pass word")) as server:
        trusted = {"smtp_security": security, "channel_ca_file": authority.file}
        channel = smtp(server.port, **trusted, **login)
        send(channel, 1, 2)
        assert channel.problem() is None
        assert [(mail.signed_in, mail.encrypted) for mail in server.accepted] == [("desk", True)] * 2
        with pytest.raises(PermanentFailure, match="did not accept the login") as failed:
            send(smtp(server.port, **trusted, smtp_username="desk", smtp_password="another"))
        assert failed.value.code == FailureCode.SETTINGS and "another" not in failed.value.sentence
        with pytest.raises(PermanentFailure, match="certificate cannot be trusted"):
            send(smtp(server.port, smtp_security=security))
    with (
        MailServer(authority.for_another, security) as server,
        pytest.raises(PermanentFailure, match="certificate cannot be trusted"),
    ):
        send(smtp(server.port, **trusted))


def test_encryption_that_is_not_offered_is_not_done_without(server: MailServer) -> None:
    with pytest.raises(PermanentFailure, match="CONSOLE_SMTP_SECURITY"):
        send(smtp(server.port, smtp_security="starttls"))
    with pytest.raises(PermanentFailure, match="CONSOLE_SMTP_USERNAME"):
        send(smtp(server.port, smtp_username="desk", smtp_password="x"))
    assert server.attempts == []


def test_an_address_that_no_mail_can_reach_is_refused_before_anyone_is_asked() -> None:
    with smtp(1).session() as session:
        for address in ("jörg@example.com", "riya@example.com\r\nDATA"):
            with pytest.raises(PermanentFailure) as failed:
                session.send(outgoing(to_address=address))
            assert failed.value.code == FailureCode.ADDRESS


def test_the_doctors_question_sends_nothing(server: MailServer) -> None:
    assert smtp(server.port).problem() is None
    assert server.connections == 1 and server.attempts == []
    assert "could not be reached" in str(smtp(1).problem())
