"""`console demo`: a support desk to try the console with."""

from __future__ import annotations

import click

from console.cli.database import opened
from console.demo import DECLINED, PASSWORD, Outcome, load

SENTENCES = {
    Outcome.LOADED: "The demo is loaded.",
    Outcome.THERE_ALREADY: "The demo was loaded before.",
}


@click.command()
@click.option("--beside", is_flag=True, help="Also where people have accounts already. Nothing is deleted.")
def demo(beside: bool) -> None:
    """Load the demo desk, once."""
    with opened():
        outcome = load(beside=beside)
    if outcome is Outcome.DECLINED:
        raise click.ClickException(DECLINED)
    click.echo(
        f"{SENTENCES[outcome]} Sign in as ada@, ben@ or cleo@example.com with the password {PASSWORD}."
    )
