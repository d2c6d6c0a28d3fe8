"""`console import`: conversations from files, once each."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click
from flask import current_app

from console.cli.database import opened
from console.conversations import fold_tallies
from console.db import pinned_connection
from console.imports import BadLine, Damaged, Loader, Problem, Totals, lines, understand

BAD_LINES = 1
UNREADABLE = 2


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
def import_conversations(files: tuple[Path, ...]) -> None:
    """Load conversations from each FILE (JSON Lines, plain or gzip; see docs/import.md).

    Each conversation is loaded once, by its external id: running this again changes nothing. A line that cannot be
    loaded is named with its reason, and the rest is loaded; the exit code is then 1. It is 2 when a file cannot be
    read to its end.
    """
    totals, damaged = Totals(), False
    with opened(), pinned_connection():
        for path in files:
            try:
                load_file(path, totals)
            except Damaged as error:
                damaged = True
                click.echo(str(error), err=True)
        fold_tallies()
    click.echo(
        f"{totals.new:,} new ({totals.messages:,} messages), {totals.unchanged:,} unchanged, {totals.bad:,} bad."
    )
    if damaged or totals.bad:
        raise SystemExit(UNREADABLE if damaged else BAD_LINES)


def load_file(path: Path, totals: Totals) -> None:
    """Load one file into the database of the running application. Raises Damaged when it cannot be read to its end."""
    loader = Loader(totals)
    limit = current_app.config["SETTINGS"].max_message_chars
    length = path.stat().st_size if path.is_file() else 0
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=length, label=path.name, file=sys.stderr, hidden=hidden) as bar:
        try:
            for line in lines(path):
                try:
                    problems = loader.add(line.number, understand(line.content, limit))
                except BadLine as error:
                    problems = [Problem(line.number, str(error))]
                _say(path, problems, totals)
                bar.update(line.position - bar.pos)
        finally:
            _say(path, loader.flush(), totals)
        bar.update(length - bar.pos)


def _say(path: Path, problems: Iterable[Problem], totals: Totals) -> None:
    for problem in problems:
        totals.bad += 1
        click.echo(f"{path}, line {problem.number:,}: {problem.reason}.", err=True)
