"""Faces for names: initials and one of six tints, always the same for the same name."""

from __future__ import annotations

import zlib

TINTS = 6


def initials(name: str) -> str:
    """Up to two capitals: `Mira Halloran` is `MH`, `Ada` is `AD`."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]).upper()


def tint(name: str) -> int:
    """A number from 1 to 6."""
    return zlib.crc32(name.encode()) % TINTS + 1
