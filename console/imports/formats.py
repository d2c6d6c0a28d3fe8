"""Which of the formats a line is in, and what it says. docs/import.md describes them for people."""

from __future__ import annotations

import json
from typing import Any

from console.imports import abcd, own, star
from console.imports.files import MAX_LINE_BYTES
from console.imports.records import BadLine, Incoming


def understand(content: bytes | None, max_message_chars: int) -> Incoming:
    """The conversation of one line. Raises BadLine with the reason."""
    if content is None:
        raise BadLine(f"it is longer than {MAX_LINE_BYTES // 1024 // 1024} MB")
    record = _record(content)
    if "turns" not in record:
        found = own.read(record)
    elif _has_times(record["turns"]):
        found = star.read(record)
    else:
        found = abcd.read(record)
    found.check(max_message_chars)
    return found


def _record(content: bytes) -> dict[str, Any]:
    try:
        record = json.loads(content.decode())
    except UnicodeDecodeError:
        raise BadLine("it is not UTF-8") from None
    except RecursionError:
        raise BadLine("it is nested too deeply") from None
    except ValueError as error:
        where = f" (at character {error.colno:,})" if isinstance(error, json.JSONDecodeError) else ""
        raise BadLine(f"it is not JSON{where}") from None
    if not isinstance(record, dict):
        raise BadLine("it is not a JSON object")
    return record


def _has_times(turns: object) -> bool:
    return isinstance(turns, list) and any(isinstance(turn, dict) and "ts" in turn for turn in turns)
