"""What people type, made fit to be stored: checked, never silently changed in meaning."""

from __future__ import annotations

import unicodedata

from flask import current_app

from console.config import Settings
from console.errors import Invalid
from console.models.conversations import PREVIEW_CHARS


def settings() -> Settings:
    """The settings of the running application."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def is_blank(text: str) -> bool:
    """Whether nothing of `text` can be seen: white space, control and zero-width characters only."""
    return not any(unicodedata.category(character)[0] not in "ZC" for character in text)


def unstorable(text: str) -> str | None:
    """Why PostgreSQL cannot hold `text`, as a sentence; None when it can."""
    if "\x00" in text:
        return "This contains a NUL character, which cannot be stored. Remove it and try again."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "This contains half a character, which cannot be stored. Remove it and try again."
    return None


def checked(text: str, *, field: str = "body", limit: int, empty: str) -> str:
    """`text` with line ends as `\\n` and no trailing white space. Raises Invalid with a sentence for `field`."""
    reason = unstorable(text)
    text = text.replace("\r\n", "\n").rstrip() if reason is None else ""
    if reason is None and is_blank(text):
        reason = empty
    if reason is None and len(text) > limit:
        reason = (
            f"This is {len(text):,} characters long; at most {limit:,} fit. Shorten it and send it again."
        )
    if reason is not None:
        raise Invalid(reason, fields={field: reason})
    return text


def checked_message(body: str, *, empty: str = "Write something first; an empty message is not sent.") -> str:
    """A message body within `max_message_chars`. Raises Invalid."""
    return checked(body, limit=settings().max_message_chars, empty=empty)


def preview(body: str) -> str:
    """The first words of a message, on one line."""
    return " ".join(body[: PREVIEW_CHARS * 4].split())[:PREVIEW_CHARS]
