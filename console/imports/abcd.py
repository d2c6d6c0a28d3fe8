"""ABCD: a clothing shop's chats. They carry no times, so believable ones are made, the same at every import."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from console.imports.records import Incoming, IncomingMessage
from console.imports.turns import AGENT, UNKNOWN_CUSTOMER, capital, humanised, text_of, turns
from console.models import ConversationStatus, MessageRole

FIRST_DAY = datetime(2021, 1, 4, 9, tzinfo=UTC)
SENTENCES = {
    "pull-up-account": ("Looked up the account of {}.", "Looked up the account."),
    "verify-identity": ("Checked the customer’s identity: {}.", "Checked the customer’s identity."),
    "validate-purchase": ("Checked the purchase: {}.", "Checked the purchase."),
    "search-faq": ("Searched the help pages: {}.", "Searched the help pages."),
    "select-faq": ("Chose the help page “{}”.", "Chose a help page."),
    "enter-details": ("Entered the details: {}.", "Entered the details."),
    "ask-the-oracle": ("Asked the system: {}.", "Asked the system for an answer."),
    "record-reason": ("Noted the reason: {}.", "Noted the reason."),
    "update-order": ("Updated the order: {}.", "Updated the order."),
    "membership": ("Noted the membership level: {}.", "Looked up the membership."),
    "shipping-status": ("Noted the shipping status: {}.", "Looked up the shipping status."),
    "update-account": ("Updated the account: {}.", "Updated the account."),
    "offer-refund": ("Offered a refund of {}.", "Offered a refund."),
    "send-link": ("Sent a link: {}.", "Sent a link."),
    "notify-team": ("Told the {}.", "Told the team."),
    "subscription-status": ("Looked up the subscription: {}.", "Looked up the subscription."),
    "make-purchase": ("Placed an order: {}.", "Placed an order."),
    "promo-code": ("Made a promo code: {}.", "Made a promo code."),
    "make-password": ("Made a new password.", "Made a new password."),
}
_PERSON = re.compile(r"[^\W\d_]+(?:[ '.-]+[^\W\d_]+){1,3}")


def read(record: dict[str, Any]) -> Incoming:
    """Raises BadLine."""
    external_id = text_of(record, "id")
    found = list(turns(record))
    customer = _customer([turn.action for turn in found if turn.action])
    messages, at = [], _start(external_id)
    for turn in found:
        at += timedelta(seconds=4 + min(90, len(turn.text) // 4))
        details = dict(turn.action) | {"said": turn.text} if turn.action else {}
        messages.append(
            IncomingMessage(
                turn.role,
                _sentence(turn.action) if turn.role == MessageRole.ACTION else turn.text.strip(),
                at,
                {MessageRole.CUSTOMER: customer, MessageRole.OPERATOR: AGENT}.get(turn.role, ""),
                details | {"time": "estimated"},
            )
        )
    return Incoming(
        external_id=external_id,
        subject=_subject(record),
        status=ConversationStatus.RESOLVED,
        channel=text_of(record, "channel", "chat"),
        customer_name=customer,
        messages=messages,
    )


def _start(external_id: str) -> datetime:
    """A working hour of 2021, by the id alone, so that a second import finds the same."""
    number = zlib.crc32(external_id.encode(errors="replace"))
    return FIRST_DAY + timedelta(days=number % 350, seconds=number // 350 % (8 * 3600))


def _subject(record: dict[str, Any]) -> str:
    topic = record.get("topic")
    words = [topic.get(name) for name in ("flow", "subflow")] if isinstance(topic, dict) else []
    said = [humanised(word) for word in words if isinstance(word, str) and word.strip()]
    return capital(": ".join(said))[:300] or capital(text_of(record, "domain", "conversation"))[:300]


def _customer(actions: list[dict[str, Any]]) -> str:
    for action in actions:
        if action.get("name") == "pull-up-account":
            for value in _values(action):
                if _PERSON.fullmatch(value):
                    return value.title() if value.islower() else value
    return UNKNOWN_CUSTOMER


def _values(action: dict[str, Any]) -> list[str]:
    values = action.get("values")
    return [" ".join(str(value).split()) for value in values] if isinstance(values, list) else []


def _sentence(action: dict[str, Any]) -> str:
    name = action.get("name")
    values = ", ".join(value for value in _values(action) if value)
    if not isinstance(name, str):
        options = action.get("one_of")
        tried = ", ".join(humanised(str(option)) for option in options) if isinstance(options, list) else ""
        return f"Tried one of these: {tried}." if tried else "Looked for a solution."
    if name in SENTENCES:
        with_values, without = SENTENCES[name]
        shown = humanised(values) if name == "select-faq" else values
        return with_values.replace("{}", shown) if shown else without
    if name.startswith("search-"):
        return f"Searched the help pages about {humanised(name.removeprefix('search-'))}."
    return f"{capital(humanised(name))}: {values}." if values else f"{capital(humanised(name))}."
