"""STAR: chats of a bank, a hotel, a doctor and others, with the calls to their back offices and when they were made."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from console.imports.records import BadLine, Incoming, IncomingMessage
from console.imports.turns import AGENT, UNKNOWN_CUSTOMER, Turn, capital, humanised, text_of, turns
from console.models import ConversationStatus, MessageRole

NOUNS = {
    "apartment_schedule": "apartment viewing",
    "apartment_search": "apartment search",
    "bank_balance": "bank balance",
    "bank_fraud_report": "fraud report",
    "doctor_followup": "doctor’s instructions",
    "doctor_schedule": "doctor’s appointment",
    "hotel_book": "hotel booking",
    "hotel_search": "hotel search",
    "hotel_service_request": "hotel service",
    "meeting_schedule": "meeting",
    "party_plan": "party venue",
    "party_rsvp": "party invitation",
    "plane_book": "flight booking",
    "plane_search": "flight search",
    "restaurant_book": "restaurant booking",
    "restaurant_search": "restaurant search",
    "ride_book": "ride booking",
    "ride_change": "change of ride",
    "ride_status": "ride status",
    "trip_directions": "directions",
    "weather": "weather forecast",
}
CUSTOMER_FIELDS = (
    "FullName",
    "CustomerName",
    "PatientName",
    "RenterName",
    "UserName",
    "GuestName",
    "HostName",
)
PRIVATE = re.compile(r"pin$|security|password|secret|token|credential|key$", re.IGNORECASE)
COMPARISONS = {
    "is_equal_to": "{}",
    "is_one_of": "{}",
    "is_not": "not {}",
    "is_not_equal_to": "not {}",
    "is_at_least": "at least {}",
    "is_at_most": "at most {}",
    "is_greater_than": "more than {}",
    "is_less_than": "less than {}",
    "contain_all_of": "all of {}",
    "contain_at_least_one_of": "one of {}",
    "is_none_of": "none of {}",
}
SPEAKING = {
    "Message",
    "Confirmation",
    "ReservationStatus",
    "RequestStatus",
    "ChangeStatus",
    "RideStatus",
    "Answer",
}
"""Fields whose value is a sentence already."""
MAX_SENTENCE_CHARS = 2_000
_CALL = re.compile(r"api\.(\w+)\((.*)\)", re.DOTALL)
_BRIEFED = re.compile(r"\bYou \(([^\W\d_]+(?: [^\W\d_]+)?)\)")
_JOINT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")


def read(record: dict[str, Any]) -> Incoming:
    """Raises BadLine."""
    found = list(turns(record))
    customer = _customer(record, found)
    messages: list[IncomingMessage] = []
    for turn in found:
        at = _moment(turn.ts, messages[-1].at if messages else None)
        action = turn.role == MessageRole.ACTION
        messages.append(
            IncomingMessage(
                turn.role,
                _sentence(turn.action) if action else turn.text.strip(),
                at,
                {MessageRole.CUSTOMER: customer, MessageRole.OPERATOR: AGENT}.get(turn.role, ""),
                dict(turn.action),
            )
        )
    return Incoming(
        external_id=text_of(record, "id"),
        subject=_subject(record),
        status=ConversationStatus.RESOLVED,
        channel=text_of(record, "channel", "chat"),
        customer_name=customer,
        messages=messages,
    )


def _moment(ts: float | None, before: datetime | None) -> datetime:
    """A time of a turn; never before the one that stands above it."""
    try:
        at = before if ts is None else datetime.fromtimestamp(ts, UTC)
    except (OverflowError, OSError, ValueError):
        raise BadLine("a turn’s time is beyond every calendar") from None
    if at is None:
        raise BadLine("its first turn has no time")
    return max(at, before) if before else at


def _subject(record: dict[str, Any]) -> str:
    topic = record.get("topic")
    tasks = topic.get("tasks") if isinstance(topic, dict) else None
    if isinstance(tasks, list) and tasks:
        return capital(", ".join(NOUNS.get(str(task), humanised(str(task))) for task in tasks))[:300]
    return capital(text_of(record, "domain", "conversation").replace("+", ", "))[:300]


def _customer(record: dict[str, Any], found: list[Turn]) -> str:
    """The name the customer was known by: what a call said, else the part they were asked to play."""
    given = [turn.action["values"] for turn in found if isinstance(turn.action.get("values"), dict)]
    for name in CUSTOMER_FIELDS:
        for values in given:
            value = said(values.get(name)) if name in values else ""
            if value and len(value) <= 80 and not any(letter.isdigit() for letter in value):
                return " ".join(capital(word) for word in value.split())
    brief = record.get("customer_brief")
    briefed = _BRIEFED.search(brief) if isinstance(brief, str) else None
    return briefed[1] if briefed else UNKNOWN_CUSTOMER


def _sentence(action: dict[str, Any]) -> str:
    """What was asked of the back office and what it answered, for a person."""
    name = str(action.get("name") or "back office")
    noun = NOUNS.get(name, humanised(name))
    asked = "Asked to check" if action.get("request_type") == "Check" else "Looked up"
    if action.get("kind") == "write":
        asked = "Asked for"
    if noun.endswith(" search"):
        asked, noun = "Searched for", noun.removesuffix(" search")
    words = f"{asked} a {noun}".replace(" a apart", " an apart")
    for uncountable in (
        "hotel service",
        "directions",
        "doctor’s instructions",
        "weather",
        "bank balance",
        "ride status",
    ):
        words = words.replace(f" a {uncountable}", f" the {uncountable}")
    given = _facts(action.get("values"))
    answer = action.get("result")
    outcome = f" Answer: {_facts(answer)}." if answer else " No answer was recorded."
    sentence = (f"{words}: {given}." if given else f"{words}.") + outcome
    return sentence if len(sentence) <= MAX_SENTENCE_CHARS else sentence[: MAX_SENTENCE_CHARS - 1] + "…"


def _facts(values: object) -> str:
    if not isinstance(values, dict):
        return said(values)
    parts = []
    for name, value in values.items():
        label, private = _label(str(name))
        shown = "•••" if private else said(value)
        if shown:
            parts.append(shown.rstrip(".") if name in SPEAKING else f"{label} {shown}".rstrip("."))
    return ", ".join(parts)


@lru_cache(maxsize=1024)
def _label(name: str) -> tuple[str, bool]:
    """A field's name in words, and whether its value is nobody's business."""
    return _JOINT.sub(" ", name).lower(), bool(PRIVATE.search(name.rstrip("0123456789")))


def said(value: object) -> str:
    """A value in words: conditions, lists and truth as people say them."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(said(part) for part in value)
    if isinstance(value, dict):
        return _facts(value)
    text = "" if value is None else " ".join(str(value).split())
    call = _CALL.fullmatch(text)
    if call is None:
        return text
    return COMPARISONS.get(call[1], humanised(call[1]) + " {}").replace("{}", _argument(call[2]))


def _argument(text: str) -> str:
    try:
        return said(json.loads(text))
    except (ValueError, RecursionError):
        return text.strip("\"'[] ")
