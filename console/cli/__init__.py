"""The command line: one table of commands, each loaded when it is used, each error said in one sentence."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from console.errors import ConsoleError

COMMANDS = {
    "up": "console.cli.up:up",
    "migrate": "console.cli.database:migrate",
    "doctor": "console.cli.doctor:doctor",
    "demo": "console.cli.demo:demo",
    "import": "console.cli.imports:import_conversations",
    "shop": "console.cli.shop:shop",
    "expire": "console.cli.stale:expire",
    "create-operator": "console.cli.people:create_operator",
    "create-agent": "console.cli.people:create_agent",
    "deactivate": "console.cli.people:deactivate",
    "activate": "console.cli.people:activate",
    "grant": "console.cli.people:grant",
    "revoke": "console.cli.people:revoke",
    "set-password": "console.cli.people:set_password",
    "audit": "console.cli.audit:audit",
    "web": "console.cli.roles:web",
    "worker": "console.cli.roles:worker",
    "clock": "console.cli.roles:clock",
}
"""Name to command, in the order of `console --help`. A new command is a module here and a line in this table."""


class Commands(click.Group):
    """The table as a click group."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            sentence = _sentence(error)
            if sentence is None:
                raise
            click.echo(sentence, err=True)
            sys.exit(1)


def _sentence(error: Exception) -> str | None:
    """What to tell a person; None for an error that nobody foresaw."""
    import psycopg
    import redis
    import sqlalchemy.exc

    if isinstance(error, ConsoleError):
        return error.sentence
    if isinstance(error, sqlalchemy.exc.OperationalError) and isinstance(error.orig, Exception):
        error = error.orig
    if isinstance(error, psycopg.OperationalError):
        reason = str(error).strip().splitlines()[0]
        return f"The database did not answer ({reason}). Check that it runs and that CONSOLE_DATABASE_URL is right."
    if isinstance(error, redis.RedisError):
        return f"The queue did not answer ({error}). Check that it runs and that CONSOLE_REDIS_URL is right."
    return None


@click.group(cls=Commands)
@click.version_option(package_name="cairnloop-console", prog_name="console")
def main() -> None:
    """Cairnloop Console: people decide here what software and agents may do to customers.

    Without CONSOLE_DATABASE_URL and CONSOLE_REDIS_URL, the commands use a PostgreSQL and a Valkey of their own, with
    their data in CONSOLE_VAR (var/).
    """
