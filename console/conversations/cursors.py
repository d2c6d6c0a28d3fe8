"""Where a page of a list ended: a moment and an id, as an opaque word in a URL."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from console.errors import BadRequest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORD = re.compile(r"([0-9a-z]{1,12})-([0-9a-z]{1,12})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_BIGGEST = 2**63 - 1


class Cursor(NamedTuple):
    """The last row of a page."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{_base36((self.at - _EPOCH) // timedelta(microseconds=1))}-{_base36(self.id)}"

    @classmethod
    def parse(cls, word: str) -> Cursor:
        """Read a cursor back. Raises BadRequest."""
        found = _WORD.fullmatch(word)
        with suppress(OverflowError, ValueError):
            if found and int(found[2], 36) <= _BIGGEST:
                return cls(_EPOCH + timedelta(microseconds=int(found[1], 36)), int(found[2], 36))
        raise BadRequest(
            "This link to older entries is damaged. Go back to the start of the list and try again."
        )


def _base36(number: int) -> str:
    digits = ""
    number = max(0, number)
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits
