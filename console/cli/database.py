"""`console migrate`, and whether a database is where this program expects it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg

from console import embedded
from console.config import Settings
from console.errors import ConsoleError

if TYPE_CHECKING:
    from alembic.config import Config
    from flask import Flask

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@click.command()
@click.option(
    "--draft", metavar="SENTENCE", help="For developers: write the migration that the models ask for."
)
def migrate(draft: str | None) -> None:
    """Bring the database to the version this program expects."""
    with embedded.served(Settings.from_env()) as settings:
        from console import create_app

        if not is_at_head(settings):
            upgrade(create_app(settings))
        click.echo("The database is up to date.")
        if draft:
            _write(create_app(settings), draft)


@contextmanager
def opened() -> Iterator[Flask]:
    """For a command: the application, in its context, on a database at head (our own is brought there)."""
    from console import create_app

    wanted = Settings.from_env()
    with embedded.served(wanted) as settings:
        app = create_app(settings)
        if not wanted.database_url and not is_at_head(settings):
            upgrade(app)
        refuse_unless_at_head(settings)
        with app.app_context():
            yield app


def is_at_head(settings: Settings) -> bool:
    """Whether every migration has run.

    Raises ConsoleError when the database knows migrations that this program does not, psycopg.OperationalError when
    it cannot be reached.
    """
    known, heads = _revisions()
    found = _versions(settings)
    if found - known:
        raise ConsoleError(
            f"The database was migrated by another version of the console ({', '.join(sorted(found - known))}). "
            "Run that version, or restore a backup from before it."
        )
    return found == heads


def refuse_unless_at_head(settings: Settings) -> None:
    """Raises ConsoleError when the database still waits for a migration."""
    if not is_at_head(settings):
        raise ConsoleError(
            "The database is not at the version this program expects. "
            "Back it up, run “console migrate”, then start again."
        )


def upgrade(app: Flask) -> None:
    """Run the migrations that are missing in the application's database."""
    from alembic import command

    with app.app_context():
        command.upgrade(_alembic(), "head")


def _write(app: Flask, sentence: str) -> None:
    from alembic import command

    with app.app_context():
        number = f"{len(_revisions()[0]) + 1:04}"
        command.revision(_alembic(), sentence, autogenerate=True, rev_id=number)


def _alembic() -> Config:
    from alembic.config import Config

    config = Config(MIGRATIONS / "alembic.ini")
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _revisions() -> tuple[set[str], set[str]]:
    """All revisions and the newest ones, read from the files: Alembic itself takes a second to import."""
    known: set[str] = set()
    parents: set[str] = set()
    for path in (MIGRATIONS / "versions").glob("*.py"):
        names = _constants(path)
        known.add(str(names["revision"]))
        if names["down_revision"]:
            parents.add(str(names["down_revision"]))
    return known, known - parents


def _constants(path: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for statement in ast.parse(path.read_text()).body:
        target = (
            statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        )
        value = getattr(statement, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
            found[target.id] = value.value
    return found


def has_account(settings: Settings, email: str) -> bool | None:
    """Whether this person can sign in; None when nobody can."""
    with _connect(settings) as connection:
        found = connection.execute("SELECT bool_or(lower(email) = %s) FROM operators", (email,)).fetchone()
        return found[0] if found else None


def _connect(settings: Settings) -> psycopg.Connection:
    url = settings.lock_database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    return psycopg.connect(url, connect_timeout=5, application_name="console migrations")


def _versions(settings: Settings) -> set[str]:
    with _connect(settings) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return set()
        return {version for (version,) in connection.execute("SELECT version_num FROM alembic_version")}
