"""The lines of a file, plain or gzip, one at a time, whatever its size."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

MAX_LINE_BYTES = 16 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"


class Damaged(Exception):
    """The file cannot be read, or not to its end; its text is a sentence."""


class Line(NamedTuple):
    """A line without its end; `content` is None when it is longer than MAX_LINE_BYTES. `position` is how many bytes
    of the file, as it lies on the disk, have been read."""

    number: int
    content: bytes | None
    position: int


def lines(path: Path) -> Iterator[Line]:
    """Every line that is not empty. Raises Damaged; what came before the damage has been given by then."""
    number = 0
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
            while True:
                content, whole = _next(stream)
                if not content:
                    return
                number += 1
                if number == 1:
                    content = content.removeprefix(b"\xef\xbb\xbf")
                content = content.strip()
                if content or not whole:
                    yield Line(number, content if whole else None, raw.tell())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Damaged(
            f"{path} is damaged: its compressed data ends or breaks after line {number:,}. What came before is loaded; "
            "get the file again and import it once more."
        ) from error
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise Damaged(f"{path} could not be read ({reason}). Check the name and who may read it.") from error


def _next(stream: BinaryIO) -> tuple[bytes, bool]:
    """The next line and whether it is whole; of one that is too long only its first part."""
    content = stream.readline(MAX_LINE_BYTES)
    if len(content) < MAX_LINE_BYTES or content.endswith(b"\n"):
        return content, True
    while True:
        rest = stream.readline(MAX_LINE_BYTES)
        if len(rest) < MAX_LINE_BYTES or rest.endswith(b"\n"):
            return content[:1], False
