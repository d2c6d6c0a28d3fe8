"""A real mail server that writes down what it accepts, and misbehaves when it is told to."""

from __future__ import annotations

import asyncio
import email
import ssl
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

DROP = "drop"
"""Close the connection without an answer."""
HANG = "hang"
"""Keep the connection and never answer."""
ACCEPT_AND_DROP = "accept and drop"
"""After DATA: take the message, and close the connection before saying so."""
ACCEPT_AND_HANG = "accept and hang"


@dataclass(frozen=True)
class AcceptedMail:
    """One message as it arrived."""

    message_id: str
    sender: str
    recipients: list[str]
    mail: EmailMessage
    raw: bytes
    connection: int
    signed_in: str | None
    encrypted: bool


@dataclass
class MailServer:
    """`with MailServer() as server:`; `server.next("RCPT", "550 5.1.1 Unknown")` changes its next answer to RCPT.

    Stages are MAIL, RCPT, DATA (before the message) and MESSAGE (after it). An answer is a line with its code, or one
    of DROP, HANG, ACCEPT_AND_DROP and ACCEPT_AND_HANG.
    """

    context: ssl.SSLContext | None = None
    tls: str = "none"
    """`none`, `starttls` or `tls`; the last two need a context."""
    login: tuple[str, str] | None = None
    accepted: list[AcceptedMail] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    """Message-IDs of everything that came after DATA, accepted or not."""
    connections: int = 0

    def __post_init__(self) -> None:
        self._answers: dict[str, deque[str]] = defaultdict(deque)
        self._lock = threading.Lock()
        options: dict[str, Any] = {"ssl_context": self.context} if self.tls == "tls" else {}
        self._controller = _Controller(self, hostname="127.0.0.1", port=0, **options)

    def __enter__(self) -> Self:
        self._controller.start()
        self.connections = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def next(self, stage: str, *answers: str) -> None:
        """What to do the next times at this stage, one after the other; then all is well again."""
        with self._lock:
            self._answers[stage].extend(answers)

    def always(self, stage: str, answer: str) -> None:
        """What to do at this stage from now on."""
        with self._lock:
            self._answers[stage] = deque([answer] * 100_000)

    def answer(self, stage: str) -> str | None:
        with self._lock:
            return self._answers[stage].popleft() if self._answers[stage] else None

    def pause(self) -> float:
        """Seconds that it takes to answer."""
        return 0.0

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> Any:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False, auth_data=data.login.decode())

    def record(self, session: Session, envelope: Envelope, connection: int) -> None:
        raw = envelope.original_content or b""
        mail = email.message_from_bytes(raw, policy=policy.default)
        signed_in = session.auth_data if session.authenticated else None
        self.accepted.append(
            AcceptedMail(
                message_id=str(mail["Message-ID"]),
                sender=str(envelope.mail_from),
                recipients=[str(recipient) for recipient in envelope.rcpt_tos],
                mail=mail,  # type: ignore[arg-type]
                raw=raw,
                connection=connection,
                signed_in=signed_in,
                encrypted=session.ssl is not None or self.tls == "tls",
            )
        )


class _Smtp(SMTP):
    """Asks the recording server what to do before it answers."""

    def __init__(self, recording: MailServer, **options: Any) -> None:
        super().__init__(_Handler(recording, self), **options)
        self.recording = recording
        self.number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.number == 0:
            self.recording.connections += 1
            self.number = self.recording.connections
        super().connection_made(transport)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        answer = await self.told("DATA")
        if answer is not None:
            await self.push(answer)
            return
        await super().smtp_DATA(arg)

    async def told(self, stage: str, *, but: str | None = None) -> str | None:
        """The answer for this stage; never returns for a connection that is to hang or be dropped."""
        answer = but or self.recording.answer(stage)
        await asyncio.sleep(self.recording.pause())
        if answer in (DROP, ACCEPT_AND_DROP):
            assert self.transport is not None
            self.transport.abort()
        if answer in (DROP, ACCEPT_AND_DROP, HANG, ACCEPT_AND_HANG):
            await asyncio.sleep(3600)
        return answer


class _Handler:
    def __init__(self, recording: MailServer, smtp: _Smtp) -> None:
        self.recording = recording
        self.smtp = smtp

    async def handle_MAIL(
        self, _: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = await self.smtp.told("MAIL")
        if answer is None:
            envelope.mail_from = address
        return answer or "250 2.1.0 Sender ok"

    async def handle_RCPT(
        self, _: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = await self.smtp.told("RCPT")
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 2.1.5 Recipient ok"

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:
        recording = self.recording
        mail = email.message_from_bytes(envelope.original_content or b"")
        recording.attempts.append(str(mail["Message-ID"]))
        answer = recording.answer("MESSAGE")
        if answer in (None, ACCEPT_AND_DROP, ACCEPT_AND_HANG):
            recording.record(session, envelope, self.smtp.number)
        await self.smtp.told("MESSAGE", but=answer or "250")
        return answer or f"250 2.0.0 Ok: queued as Q{len(recording.accepted)}"


class _Controller(Controller):
    def __init__(self, recording: MailServer, **options: Any) -> None:
        super().__init__(None, **options)
        self.recording = recording

    def _trigger_server(self) -> None:
        # Only now is it known which port the system has chosen.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def factory(self) -> SMTP:
        recording = self.recording
        options: dict[str, Any] = {"hostname": "mail.test", "loop": self.loop}
        if recording.tls == "starttls":
            options |= {"tls_context": recording.context, "require_starttls": True}
        if recording.login:
            options |= {
                "authenticator": recording.authenticate,
                "auth_required": True,
                "auth_require_tls": recording.tls == "starttls",
            }
        return _Smtp(recording, **options)
