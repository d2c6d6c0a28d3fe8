"""`console shop`: fill, empty and compare the shop that the tools act on."""

from __future__ import annotations

from pathlib import Path

import click

from console.cli.database import opened
from console.db import db, transaction
from console.shop import loader, state


@click.group()
def shop() -> None:
    """Fill, empty and compare the shop that the tools act on."""


@shop.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def load(folder: Path) -> None:
    """Replace the whole shop by the users.json, orders.json and products.json of FOLDER.

    All or nothing: a record that cannot be used is named, and the shop stays as it was.
    """
    tables = loader.read_folder(folder)
    with opened(), transaction(), click.progressbar(length=1, label="Loading the shop") as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        counts = loader.replace(db.session(), tables, show)
    click.echo(", ".join(f"{count:,} {name}" for name, count in counts.items()) + " loaded.")


@shop.command(name="hash")
def print_hash() -> None:
    """Print one hash of everything in the shop: equal shops have equal hashes."""
    with opened():
        click.echo(state.state_hash(state.export(db.session())))


@shop.command()
@click.confirmation_option(prompt="This deletes every customer, order and product of the shop. Go on?")
def clear() -> None:
    """Delete everything in the shop. Conversations and the trail stay."""
    with opened(), transaction():
        loader.clear(db.session())
    click.echo("The shop is empty.")
