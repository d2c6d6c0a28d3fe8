"""The report, as Markdown: a row a claim, what protects it, and what was broken, if anything was."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import datetime

from tests.prove.claims import Claim
from tests.prove.parts import Part

MOST_LINES = 50


def written(
    found: Sequence[tuple[Part, Sequence[Claim]]], began: datetime, seconds: float, *, short: bool
) -> str:
    """The whole report."""
    return "\n".join(_lines(found, began, seconds, short)) + "\n"


def _lines(
    found: Sequence[tuple[Part, Sequence[Claim]]], began: datetime, seconds: float, short: bool
) -> Iterator[str]:
    claims = [claim for _, its in found for claim in its]
    broken = [claim for claim in claims if not claim.held]
    yield "# What was proved"
    yield ""
    yield (
        f"{began:%Y-%m-%d %H:%M} UTC, {seconds / 60:.0f} minutes{', the short form' if short else ''}, "
        f"{os.cpu_count()} processors, Python {platform.python_version()}: "
        f"{len(claims) - len(broken)} of {len(claims)} claims held."
    )
    for part, its in found:
        protections = {one.claim: one for one in part.protections}
        yield from ("", f"## {part.about}", "", "| claim | what was done | figures | held | protected by |")
        yield "| --- | --- | --- | --- | --- |"
        for claim in its:
            protection = protections.get(claim.name)
            line = f"`{cell(protection.line)}` in `{protection.path}`" if protection else ""
            held = "yes" if claim.held else f"**no**: {len(claim.broken)}"
            yield f"| {cell(claim.promise)} | {cell(claim.done)} | {cell(claim.figures)} | {held} | {line} |"
    for claim in broken:
        yield from ("", f"## Broken: {claim.name}", "")
        yield from (f"- {cell(line)}" for line in claim.broken[:MOST_LINES])
    yield from (
        "",
        "`python -m tests.prove.unprotected` takes each of these lines out, in a copy, and writes to "
        "`var/unprotected.md` how its claim fails.",
    )


def cell(text: str) -> str:
    """The text as it can stand in a table."""
    return " ".join(text.replace("|", "\\|").split())
