"""A follow-up as a mail says what was written, to whom it was written, and holds no header that a customer made."""

from __future__ import annotations

import email
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.channels import mail
from console.channels.mail import Sender
from console.config import Settings
from console.errors import ConfigurationError
from tests.channels.conftest import outgoing

CARE = Sender("Kitchen & Home", "care@example.com", "", "")
HEADERS = {
    "content-type",
    "mime-version",
    "content-transfer-encoding",
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
}
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=300)


def composed(sent_by: Sender = CARE, **changes: Any) -> EmailMessage:
    raw = mail.compose(outgoing(**changes), sent_by)
    assert raw.isascii() and b"\r" not in raw.replace(b"\r\n", b"") and b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return email.message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]


def body_of(sent: EmailMessage) -> str:
    payload = sent.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def test_a_mail_carries_what_was_written() -> None:
    sent = composed()
    assert sent["From"] == '"Kitchen & Home" <care@example.com>' or sent["From"] == (
        "Kitchen & Home <care@example.com>"
    )
    assert sent["To"] == "Riya Chen <riya.chen@example.com>"
    assert sent["Subject"] == "Your kettle"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent.get_content_type() == "text/plain" and sent.get_content_charset() == "utf-8"
    assert body_of(sent) == "Hello Riya,\n\nit is on its way.\n"
    assert {name.lower() for name in sent.keys()} == HEADERS  # noqa: SIM118


def test_the_message_id_is_the_deliverys_and_the_same_for_every_attempt() -> None:
    first, again, other = composed(), composed(body="Another text"), composed(number=8)
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert first["Message-ID"].startswith("<delivery-7-") and first["Message-ID"].endswith("@example.com>")


@settings(deadline=None)
@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
@example(
    "Hello\r\nBcc: everyone@example.com", "Riya\nBcc: everyone@example.com", "\r\n.\r\nMAIL FROM:<x>\r\n"
)
@example("Hello\x0b\x0c\x1c\x85\u2028Bcc: x@example.com", '"<x@example.com>, ', "From here\r.\r..\n")
@example("=?utf-8?q?Bcc?= " * 9, "=?utf-8?q?Riya?=", "=\t \n")
@example("x" * 300, "y" * 300, "z" * 3000)
def test_no_text_becomes_a_header_and_every_text_arrives(subject: str, name: str, body: str) -> None:
    sent = composed(subject=subject, to_name=name, body=body)
    assert {header.lower() for header in sent.keys()} == HEADERS  # noqa: SIM118
    assert len(sent["To"].addresses) == 1 and sent["To"].addresses[0].addr_spec == "riya.chen@example.com"
    raw = email.message_from_bytes(mail.compose(outgoing(subject=subject), CARE))["Subject"]
    assert str(make_header(decode_header(raw))).split() == mail.one_line(subject).split()
    assert body_of(sent).rstrip("\n") == body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def test_what_the_settings_say_is_on_every_mail() -> None:
    sent = composed(
        mail.sender(
            Settings(
                smtp_from="Kitchen and Home <care@küche.example>",
                smtp_reply_to="Antworten äöü <answers@example.com>",
                smtp_unsubscribe="https://shop.example/stop?delivery={key}&why=" + "x" * 100,
            )
        )
    )
    assert sent["From"].addresses[0].addr_spec == "care@xn--kche-0ra.example"
    assert sent["Reply-To"].addresses[0].addr_spec == "answers@example.com"
    assert sent["Reply-To"].addresses[0].display_name == "Antworten äöü"
    key = outgoing().key
    assert sent["List-Unsubscribe"] == f"<https://shop.example/stop?delivery={key}&why={'x' * 100}>"
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_one_click_is_not_promised_where_it_needs_a_mail() -> None:
    sent = composed(
        mail.sender(Settings(smtp_from="care@example.com", smtp_unsubscribe="mailto:no@example.com"))
    )
    assert sent["List-Unsubscribe"] == "<mailto:no@example.com>"
    assert sent["List-Unsubscribe-Post"] is None and sent["Reply-To"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smtp_from", "a-secret"),
        ("smtp_from", "a-secret@example.com, b@example.com"),
        ("smtp_from", "jörg-a-secret@example.com"),
        ("smtp_reply_to", "a-secret\r\nBcc: x@example.com"),
        ("smtp_unsubscribe", "http://example.com/a-secret"),
        ("smtp_unsubscribe", "https://example.com/a-secret>\r\nBcc: x@example.com"),
        ("smtp_unsubscribe", "https://example.com/a-secret" + "x" * 900),
    ],
)
def test_a_sender_that_cannot_be_used_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        mail.sender(Settings(**{"smtp_from": "care@example.com", name: value}))  # type: ignore[arg-type]
    assert refused.value.sentence.startswith(f"CONSOLE_{name.upper()}: ")
    assert "a-secret" not in refused.value.sentence


@pytest.mark.parametrize(
    "address",
    ["riya@example.com", "riya@localmail", "riya@shop.test", '"odd name"@example.com', "r@küche.de"],
)
def test_addresses_that_a_mail_server_may_know_are_taken(address: str) -> None:
    assert mail.unreachable(address) is None
    assert mail.ascii_address(address).isascii()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "no email address"),
        (" ", "no email address"),
        ("riya", "not one that mail"),
        ("riya@example.com\r\nRCPT TO:<x@example.com>", "not one that mail"),
        ("riya@example.com, ben@example.com", "not one that mail"),
        ("Riya <riya@example.com>", "not one that mail"),
        ("jörg@example.com", "letters before the @"),
    ],
)
def test_addresses_that_no_mail_can_reach_are_refused_with_a_sentence(address: str, why: str) -> None:
    assert why in str(mail.unreachable(address))
