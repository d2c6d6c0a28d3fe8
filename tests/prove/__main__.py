"""Everything that is promised, shown: one report with a row a claim.

python -m tests.prove [--short] [--only PART] [--report FILE]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from tests.prove.claims import Claim
from tests.prove.parts import Part, Run, turns
from tests.prove.report import written


@click.command()
@click.option("--short", is_flag=True, help="About three minutes, on a smaller scale.")
@click.option("--only", multiple=True, help="These parts alone.")
@click.option("--report", type=click.Path(path_type=Path), default=Path("var/prove.md"), show_default=True)
def main(short: bool, only: tuple[str, ...], report: Path) -> None:
    """Run the parts, write the report, and exit with 1 if a claim did not hold."""
    started, began = time.monotonic(), datetime.now(UTC)
    found: list[tuple[Part, Sequence[Claim]]] = []
    for turn in turns(short):
        runs = [Run(part, short=short) for part in turn if not only or part.name in only]
        for run in runs:
            claims = run.claims()
            found.append((run.part, claims))
            click.echo(f"{time.monotonic() - started:5.0f} s  {run.part.name}: {_summary(claims)}")
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(written(found, began, time.monotonic() - started, short=short))
    click.echo(f"The report is in {report}.")
    sys.exit(not all(claim.held for _, claims in found for claim in claims))


def _summary(claims: Sequence[Claim]) -> str:
    broken = [claim.name for claim in claims if not claim.held]
    return f"{len(claims)} claims held" if not broken else f"BROKEN: {', '.join(broken)}"


if __name__ == "__main__":
    main()
