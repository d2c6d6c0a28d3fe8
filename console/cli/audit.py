"""`console audit`: questions to the trail that are too big for a page."""

from __future__ import annotations

import sys

import click

from console.cli.database import opened
from console.trail import Seen, findings


@click.group()
def audit() -> None:
    """Questions to the trail that are too big for a page."""


@audit.command()
def verify() -> None:
    """Look whether any event was changed, moved, taken out or put in since it was written.

    Each finding is a line; the exit code is 1 when there is one.
    """
    seen, count = Seen(), 0
    with opened():
        for finding in findings(seen):
            click.echo(str(finding))
            count += 1
    looked = f"Looked at {seen.events:,} events of {seen.proposals:,} proposals and {seen.lines:,} lines of the log"
    if count:
        things = "1 thing is" if count == 1 else f"{count:,} things are"
        click.echo(f"{looked}: {things} not as written.", err=True)
        sys.exit(1)
    click.echo(f"{looked}: everything is as it was written.")
