"""Our own format: one conversation a line, with its customer and its messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from console.imports.records import BadLine, Incoming, IncomingMessage
from console.models import ConversationStatus, MessageRole

ROLES = {
    "customer": MessageRole.CUSTOMER,
    "operator": MessageRole.OPERATOR,
    "agent": MessageRole.OPERATOR,
    "internal_note": MessageRole.INTERNAL_NOTE,
    "note": MessageRole.INTERNAL_NOTE,
    "system_outbound": MessageRole.SYSTEM_OUTBOUND,
    "action": MessageRole.ACTION,
}
SENTENCES = {
    "missing": "is missing",
    "string_type": "must be text",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be a list",
    "datetime_parsing": "is not a time such as 2026-05-01T09:30:00Z",
    "datetime_from_date_parsing": "is not a time such as 2026-05-01T09:30:00Z",
    "datetime_type": "is not a time such as 2026-05-01T09:30:00Z",
}


def _aware(moment: datetime) -> datetime:
    """A time without a zone is UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Customer(BaseModel):
    model_config = ConfigDict(strict=True)

    name: str
    email: str | None = None
    id: str | int | None = None


class _Message(BaseModel):
    model_config = ConfigDict(strict=True)

    role: Literal["customer", "operator", "agent", "internal_note", "note", "system_outbound", "action"]
    text: str
    time: Annotated[datetime, Field(strict=False), AfterValidator(_aware)]
    author: str = ""


class _Conversation(BaseModel):
    model_config = ConfigDict(strict=True)

    external_id: str | int
    subject: str
    status: Literal["open", "resolved"]
    channel: str = "email"
    customer: _Customer
    messages: list[_Message]


def read(record: dict[str, Any]) -> Incoming:
    """Raises BadLine with the first thing that is missing or of another type."""
    try:
        found = _Conversation.model_validate(record)
    except ValidationError as error:
        raise BadLine(_reason(error)) from None
    except OverflowError:
        raise BadLine("a time in it is beyond every calendar") from None
    customer = found.customer
    return Incoming(
        external_id=str(found.external_id),
        subject=found.subject,
        status=ConversationStatus(found.status),
        channel=found.channel,
        customer_name=customer.name,
        customer_email=customer.email or None,
        customer_ref=None if customer.id is None else str(customer.id),
        messages=[
            IncomingMessage(
                ROLES[message.role],
                message.text,
                message.time,
                message.author or (customer.name if message.role == "customer" else ""),
            )
            for message in found.messages
        ],
    )


def _reason(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=True)[0]
    place = ""
    for part in first["loc"]:
        if isinstance(part, int):
            place += f" {part + 1}"
        elif part not in {"str", "int"}:
            place += f".{part}" if place else part
    if first["type"] == "literal_error":
        return (
            f"{place} must be {first['ctx']['expected'].replace(chr(39), '“', 1).replace(chr(39), '”', 1)}"[
                :200
            ]
        )
    return f"{place} {SENTENCES.get(first['type'], 'cannot be used as it is')}"
