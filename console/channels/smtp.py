"""The `smtp` channel: a mail server of your own, through the standard library's client.

Mail has no idempotency key. Until the message is handed over, a lost connection means that nobody has it; from then on
silence may mean either, and the delivery is uncertain.
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from console.channels import mail
from console.channels.base import (
    MAX_REFERENCE_CHARS,
    ChannelFailure,
    ChannelSession,
    FailureCode,
    Outgoing,
    PermanentFailure,
    TemporaryFailure,
    UncertainFailure,
)
from console.channels.tls import tls_context
from console.config import Settings
from console.errors import ConfigurationError

PORTS = {"starttls": 587, "tls": 465, "none": 25}
SHUTTING_DOWN = 421


class SmtpChannel:
    """Sends mails. Raises ConfigurationError, naming the setting that is missing or cannot be used."""

    name = "smtp"
    deduplicates = False

    def __init__(self, settings: Settings) -> None:
        if not settings.smtp_host or not settings.smtp_from:
            raise ConfigurationError(
                "CONSOLE_SMTP_HOST and CONSOLE_SMTP_FROM must be set for the channel smtp."
            )
        if settings.smtp_username and settings.smtp_security == "none" and not _is_local(settings.smtp_host):
            raise ConfigurationError(
                "CONSOLE_SMTP_SECURITY: must be starttls or tls where there is a login, or others could read it."
            )
        _refuse_what_mail_cannot_carry(settings)
        self.settings = settings
        self.sender = mail.sender(settings)
        self.context = tls_context(settings)

    def takes(self, address: str) -> str | None:
        """Addresses that a mail server may know."""
        return mail.unreachable(address)

    @contextmanager
    def session(self) -> Iterator[ChannelSession]:
        """One connection for all that is sent in it, opened when the first one is."""
        session = SmtpSession(self)
        try:
            yield session
        finally:
            session.close()

    def problem(self) -> str | None:
        """Connect, check the certificate, sign in, and leave."""
        try:
            _leave(_connected(self))
        except ChannelFailure as failure:
            return failure.sentence
        return None


class SmtpSession:
    """One connection, made again when the server has closed it."""

    def __init__(self, channel: SmtpChannel) -> None:
        self._channel = channel
        self._server: smtplib.SMTP | None = None

    def send(self, outgoing: Outgoing) -> str:
        """Hand the mail over and return the server's answer.

        Raises TemporaryFailure, PermanentFailure or UncertainFailure.
        """
        refusal = self._channel.takes(outgoing.to_address)
        if refusal:
            raise PermanentFailure(refusal, FailureCode.ADDRESS)
        content = mail.compose(outgoing, self._channel.sender)
        server = self._ready()
        try:
            self._offer(server, mail.ascii_address(outgoing.to_address))
        except OSError as error:
            self._drop()
            raise TemporaryFailure(
                "The connection to the mail server was lost before the message was handed over.",
                FailureCode.UNREACHABLE,
            ) from error
        return self._hand_over(server, content)

    def close(self) -> None:
        """Take leave of the server without waiting for its answer."""
        if self._server is not None:
            _leave(self._server)
            self._server = None

    def _ready(self) -> smtplib.SMTP:
        """A connection that answers: servers close idle ones, and a refused message leaves traces on a kept one."""
        if self._server is not None:
            with suppress(OSError):
                if self._server.rset()[0] == 250:
                    return self._server
            self._drop()
        self._server = _connected(self._channel)
        return self._server

    def _offer(self, server: smtplib.SMTP, recipient: str) -> None:
        """Everything up to the message itself. Raises OSError when the connection is lost."""
        steps = (
            ("the sender", partial(server.mail, self._channel.sender.address), (250,)),
            ("the recipient", partial(server.rcpt, recipient), (250, 251)),
            ("the message", partial(server.docmd, "DATA"), (354,)),
        )
        for what, ask, wanted in steps:
            code, words = ask()
            if code not in wanted:
                raise self._refusal(what, code, words)

    def _hand_over(self, server: smtplib.SMTP, content: bytes) -> str:
        # A line that begins with a dot gets another one: a dot alone ends the message.
        stuffed = re.sub(rb"^\.", b"..", content, flags=re.MULTILINE).removesuffix(b"\r\n")
        try:
            server.send(stuffed + b"\r\n.\r\n")
            code, words = server.getreply()
        except OSError:
            code, words = -1, b""
        if 200 <= code < 300:
            return _answer(code, words)
        if 400 <= code < 600:
            raise self._refusal("the message", code, words)
        self._drop()
        raise UncertainFailure(
            "The mail server was given the message, and then the connection was lost or its answer did not come. "
            "It may have been delivered.",
            FailureCode.NO_ANSWER,
        )

    def _refusal(self, what: str, code: int, words: bytes) -> ChannelFailure:
        if code == SHUTTING_DOWN or not 400 <= code < 600:
            self._drop()
        reason = FailureCode.ADDRESS if what == "the recipient" else FailureCode.REFUSED
        return _failure(f"The mail server did not take {what}", code, words, reason)

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


def _connected(channel: SmtpChannel) -> smtplib.SMTP:
    """A connection on which mail can be sent. Raises TemporaryFailure or PermanentFailure."""
    try:
        return _open(channel)
    except smtplib.SMTPAuthenticationError as error:
        sentence = (
            "The mail server did not accept the login; check CONSOLE_SMTP_USERNAME and CONSOLE_SMTP_PASSWORD"
        )
        raise _failure(sentence, error.smtp_code, error.smtp_error, FailureCode.SETTINGS) from error
    except smtplib.SMTPResponseException as error:
        sentence = "The mail server did not let us in"
        raise _failure(sentence, error.smtp_code, error.smtp_error, FailureCode.SETTINGS) from error
    except ssl.SSLCertVerificationError as error:
        raise PermanentFailure(
            f"The mail server's certificate cannot be trusted ({error.verify_message}). Check CONSOLE_SMTP_HOST, "
            "or name the certificates of your own authority with CONSOLE_CHANNEL_CA_FILE.",
            FailureCode.SETTINGS,
        ) from error
    except smtplib.SMTPServerDisconnected as error:
        raise _unreachable(channel) from error
    except smtplib.SMTPException as error:
        raise PermanentFailure(
            "The mail server does not offer the encryption or the login that CONSOLE_SMTP_SECURITY and "
            "CONSOLE_SMTP_USERNAME ask for.",
            FailureCode.SETTINGS,
        ) from error
    except OSError as error:
        raise _unreachable(channel) from error


def _open(channel: SmtpChannel) -> smtplib.SMTP:
    settings = channel.settings
    port = settings.smtp_port or PORTS[settings.smtp_security]
    # Our own name is the sender's domain: asking the system for one may wait for a name server, every time.
    connect = partial(
        partial(smtplib.SMTP_SSL, context=channel.context)
        if settings.smtp_security == "tls"
        else smtplib.SMTP,
        local_hostname=channel.sender.domain,
        timeout=settings.smtp_timeout_seconds,
    )
    server: smtplib.SMTP = connect(settings.smtp_host, port)
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=channel.context)
        server.ehlo_or_helo_if_needed()
        if settings.smtp_username:
            server.login(settings.smtp_username, settings.smtp_password)
    except BaseException:
        server.close()
        raise
    return server


def _leave(server: smtplib.SMTP) -> None:
    with suppress(OSError):
        server.putcmd("QUIT")
    server.close()


def _unreachable(channel: SmtpChannel) -> TemporaryFailure:
    return TemporaryFailure(
        f"The mail server could not be reached, or did not answer within {channel.settings.smtp_timeout_seconds:g} s.",
        FailureCode.UNREACHABLE,
    )


def _failure(sentence: str, code: int, words: bytes | str, reason: FailureCode) -> ChannelFailure:
    """What a code of the server means: 5xx is for good, everything else may change."""
    said = f"{sentence}: {_answer(code, words)}"
    if 500 <= code < 600:
        return PermanentFailure(said, reason)
    return TemporaryFailure(said, FailureCode.BUSY)


def _answer(code: int, words: bytes | str) -> str:
    """What the server said, on one line and shortened."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return mail.one_line(f"{code} {text}")[:MAX_REFERENCE_CHARS]


def _refuse_what_mail_cannot_carry(settings: Settings) -> None:
    try:
        settings.smtp_host.encode("idna")
    except UnicodeError as error:
        raise ConfigurationError("CONSOLE_SMTP_HOST: must be the name or the address of a server.") from error
    for name in ("smtp_username", "smtp_password"):
        if not getattr(settings, name).isascii():
            raise ConfigurationError(
                f"CONSOLE_{name.upper()}: must be ASCII, since a login to a mail server is."
            )


def _is_local(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
