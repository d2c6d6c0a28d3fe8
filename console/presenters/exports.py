"""Events as files: CSV that no spreadsheet takes for a formula, and JSON Lines. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

from console.masking import masked
from console.presenters import events
from console.presenters.faces import Faces
from console.trail import Event

# What a spreadsheet takes for the beginning of a formula, at the beginning of a cell: also of one that begins behind a
# semicolon, a tab or a line end, where those separate and our quotes do not count.
# Where a quotation mark is not taken for the end of a quoted cell, a line break begins a row of its own.
_AFTER_BREAK = re.compile(r"""([\r\n]["'\s]*)(?=[=+@-])""")
_FORMULA = re.compile(r"(?:\A|(?<=[;\t\r\n]))(?=[=+\-@＝＋－＠])|\A(?=[\t\r\n])")
COLUMNS = (
    "id", "at", "event", "said", "actor", "actor_name", "tool", "action", "reason", "proposal_id", "lane_id",
    "from_status", "to_status", "conversation_id", "envelope_id", "delivery_id", "template_id", "template",
    "operator_id", "details", "sequence", "prev_hash", "hash",
)  # fmt: skip


def csv_bytes(batches: Iterable[Iterable[Event]], faces: Faces) -> Iterator[bytes]:
    """A header and a row an event, in UTF-8, a batch at a time."""
    yield _rows([COLUMNS])
    for batch in batches:
        facts = (record(event, faces) for event in batch)
        yield _rows([[safe(_cell(fact[column])) for column in COLUMNS] for fact in facts])


def jsonl_bytes(batches: Iterable[Iterable[Event]], faces: Faces) -> Iterator[bytes]:
    """An object an event, one a line, in UTF-8, a batch at a time."""
    for batch in batches:
        lines = (json.dumps(record(event, faces), ensure_ascii=False) for event in batch)
        yield "".join(f"{line}\n" for line in lines).encode()


def record(event: Event, faces: Faces) -> dict[str, Any]:
    """What is told of an event, by column: what the page shows too, secrets as dots."""
    return {
        "id": event.id,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "event": event.type,
        "said": events.sentence(event, faces),
        "actor": event.actor_id,
        "actor_name": faces(event.actor_id).name,
        "tool": event.tool,
        "action": event.title,
        "reason": event.reason,
        "proposal_id": event.proposal_id,
        "lane_id": event.lane_id,
        "from_status": event.from_status,
        "to_status": event.to_status,
        "conversation_id": event.conversation_id,
        "envelope_id": str(event.envelope_id) if event.envelope_id else None,
        "delivery_id": event.delivery_id,
        "template_id": event.template_id,
        "template": event.template,
        "operator_id": event.operator_id,
        "details": masked(event.details),
        "sequence": event.sequence,
        "prev_hash": event.prev_hash,
        "hash": event.hash,
    }


def safe(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula, so that it is shown instead."""
    return _AFTER_BREAK.sub(r"\1'", _FORMULA.sub("'", text))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)


def _rows(rows: Iterable[Iterable[str]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(rows)
    return written.getvalue().encode()
