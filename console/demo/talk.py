"""What was said, written in bulk as an import writes it: weeks of talk in three statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from console.conversations.texts import preview
from console.db import db
from console.demo.script import Thread
from console.live import announce
from console.models import Conversation, Customer, Message, MessageRole, Operator
from console.shop.models import ShopCustomer


def write(threads: Iterable[Thread], operators: Mapping[str, Operator], end: datetime) -> dict[str, int]:
    """Write every conversation with its messages, counted back from `end`; returns their ids by the thread's."""
    in_order = sorted(threads, key=lambda thread: thread.said[0][0], reverse=True)
    customers = _customers(in_order, end)
    spoken = {
        thread.id: list(_messages(thread, operators, customers[thread.customer], end)) for thread in in_order
    }
    rows = [_conversation(thread, customers[thread.customer], spoken[thread.id]) for thread in in_order]
    made = db.session.execute(insert(Conversation).returning(Conversation.external_id, Conversation.id), rows)
    known = {row.external_id: row.id for row in made}
    ids = {thread.id: known[thread.external_id] for thread in in_order}
    lines = [{**line, "conversation_id": ids[key]} for key, said in spoken.items() for line in said]
    db.session.execute(insert(Message), sorted(lines, key=lambda line: line["created_at"]))
    announce("inbox")
    return ids


def _customers(threads: Iterable[Thread], end: datetime) -> dict[str, Customer]:
    """Whoever writes to the desk, as the shop knows them; some for weeks, some for years."""
    first = (
        {thread.customer: end - thread.said[0][0] for thread in reversed(list(threads))} if threads else {}
    )
    found = db.session.scalars(select(ShopCustomer).where(ShopCustomer.id.in_(first)))
    rows = [
        {
            "ref": shopper.id,
            "name": f"{shopper.first_name} {shopper.last_name}",
            "email": shopper.email,
            "created_at": first[shopper.id] - timedelta(days=shopper.position * 37 % 900),
        }
        for shopper in found
    ]
    made = db.session.scalars(insert(Customer).returning(Customer), rows)
    return {str(customer.ref): customer for customer in made}


def _messages(
    thread: Thread, operators: Mapping[str, Operator], customer: Customer, end: datetime
) -> Iterable[dict[str, Any]]:
    for ago, who, *words in thread.said:
        if not words:
            continue
        role, _, nick = who.rpartition(" ")
        author = operators.get(nick)
        said_by = (
            {"author_id": author.actor_id, "author_name": author.name} if author else {"author_id": None}
        )
        yield {
            "role": _role(role, nick),
            "body": words[0].strip(),
            "created_at": end - ago,
            "author_name": customer.name,
            **said_by,
        }


def _role(role: str, nick: str) -> MessageRole:
    if nick == "customer":
        return MessageRole.CUSTOMER
    return MessageRole.INTERNAL_NOTE if role == "note" else MessageRole.OPERATOR


def _conversation(thread: Thread, customer: Customer, said: list[dict[str, Any]]) -> dict[str, Any]:
    last = max(
        (line for line in said if line["role"] != MessageRole.INTERNAL_NOTE),
        key=lambda line: line["created_at"],
    )
    return {
        "external_id": thread.external_id,
        "customer_id": customer.id,
        "subject": thread.subject,
        "channel": thread.channel,
        "created_at": said[0]["created_at"],
        "last_message_at": last["created_at"],
        "last_message_preview": preview(last["body"]),
        "last_message_role": last["role"],
    }
