"""A follow-up as a mail: plain text, UTF-8, seven bits on the wire, and no header that a customer's text could add."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.charset import QP, Charset
from email.header import Header
from email.mime.text import MIMEText
from email.utils import formataddr, formatdate

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from console.channels.base import Outgoing
from console.config import Settings
from console.errors import ConfigurationError

# Lines end as they do on the wire; headers are folded below, since the library's own folding empties the first
# line of a long address and, in its newer interface, puts spaces into long words.
WIRE = policy.compat32.clone(linesep="\r\n", max_line_length=None)
TEXT = Charset("utf-8")
TEXT.body_encoding = QP
MOST_WORD_CHARS = 60
MOST_LINE_CHARS = 500
MOST_UNSUBSCRIBE_CHARS = 800
_MAILBOX = re.compile(r'"?(?P<name>[^"<>]*)"?\s*<(?P<address>[^<>]+)>')
_NO_LINE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Sender:
    """What the settings put onto every mail."""

    name: str
    address: str
    reply_to: str
    unsubscribe: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def sender(settings: Settings) -> Sender:
    """The sender of this deployment. Raises ConfigurationError, naming the setting that cannot be used."""
    name, address = _mailbox(settings.smtp_from, "CONSOLE_SMTP_FROM")
    reply_to = ""
    if settings.smtp_reply_to:
        reply_to = _formatted(*_mailbox(settings.smtp_reply_to, "CONSOLE_SMTP_REPLY_TO"), "Reply-To")
    unsubscribe = settings.smtp_unsubscribe
    usable = unsubscribe.isascii() and unsubscribe.isprintable() and not set("<> ") & set(unsubscribe)
    if unsubscribe and not (
        usable
        and unsubscribe.startswith(("https://", "mailto:"))
        and len(unsubscribe) <= MOST_UNSUBSCRIBE_CHARS
    ):
        raise ConfigurationError(
            "CONSOLE_SMTP_UNSUBSCRIBE: must be one https:// or mailto: address, without spaces and brackets."
        )
    return Sender(name, address, reply_to, unsubscribe)


def unreachable(address: str) -> str | None:
    """Why no mail can be sent to this address, as a sentence; None when it can."""
    if not address.strip():
        return "The customer has no email address."
    try:
        found = _validated(address)
    except EmailNotValidError:
        return "The customer's email address is not one that mail can be sent to."
    if found.ascii_email is None:
        return "The customer's email address has letters before the @ that most mail servers do not take."
    return None


def ascii_address(address: str) -> str:
    """An address that `unreachable` has nothing against, as it stands on the wire: foreign letters as xn--."""
    return str(_validated(address).ascii_email)


def compose(outgoing: Outgoing, sent_by: Sender) -> bytes:
    """The mail as it goes to the server. Its Message-ID is the same for every attempt."""
    text = MIMEText(re.sub(r"\r\n?", "\n", outgoing.body), "plain", TEXT, policy=WIRE)  # type: ignore[arg-type]
    text["From"] = _formatted(sent_by.name, sent_by.address, "From")
    text["To"] = _formatted(outgoing.to_name, ascii_address(outgoing.to_address), "To")
    if sent_by.reply_to:
        text["Reply-To"] = sent_by.reply_to
    text["Subject"] = _encoded(one_line(outgoing.subject), "Subject")
    text["Date"] = formatdate()
    text["Message-ID"] = f"<{outgoing.key}@{sent_by.domain}>"
    text["Auto-Submitted"] = "auto-generated"
    if sent_by.unsubscribe:
        text["List-Unsubscribe"] = f"<{sent_by.unsubscribe.replace('{key}', outgoing.key)}>"
    if sent_by.unsubscribe.startswith("https://"):
        text["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return text.as_bytes()


def one_line(text: str) -> str:
    """Text on one line and without control characters: a header ends at a line break, and another one begins."""
    return _NO_LINE.sub(" ", text).strip()


def _mailbox(value: str, setting: str) -> tuple[str, str]:
    """A name, or none, and an address: `Kitchen and Home <care@example.com>`."""
    parts = _MAILBOX.fullmatch(value.strip())
    name, address = (parts["name"].strip(), parts["address"]) if parts else ("", value.strip())
    if unreachable(address) is not None:
        raise ConfigurationError(
            f"{setting}: must be an address, such as Kitchen and Home <care@example.com>."
        )
    return name, ascii_address(address)


def _validated(address: str) -> ValidatedEmail:
    return validate_email(
        address,
        allow_quoted_local=True,
        check_deliverability=False,
        # Names of an own network and .test may be reachable here; whether they are, the mail server knows.
        globally_deliverable=False,
        test_environment=True,
    )


def _encoded(line: str, header: str) -> str:
    """A line as a header may hold it. What would be read as encoded, or could not be folded, is encoded."""
    plain = line.isascii() and "=?" not in line and len(line) <= MOST_LINE_CHARS
    if plain and all(len(word) <= MOST_WORD_CHARS for word in line.split()):
        return line
    return Header(line, "utf-8", header_name=header).encode()


def _formatted(name: str, address: str, header: str) -> str:
    """A name and an address as a header may hold them."""
    line = one_line(name)
    encoded = _encoded(line, header)
    if encoded == line:
        return formataddr((line, address))
    return f"{encoded} <{address}>"
