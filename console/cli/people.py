"""`console create-operator`, `create-agent` and the like: who may work here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from console import create_app, embedded, people
from console.config import Settings
from console.errors import NotFound
from console.models import ApiToken, Operator, Role

scopes_option = click.option(
    "--scope", "scopes", multiple=True, help="A permission; may be given several times."
)
stdin_option = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@contextmanager
def _desk() -> Iterator[None]:
    """The application, with its database."""
    with embedded.served(Settings.from_env()) as settings, create_app(settings).app_context():
        yield


@click.command("create-operator")
@click.argument("email")
@click.option("--name", required=True, help="As colleagues read it.")
@click.option(
    "--role", type=click.Choice([str(role) for role in Role]), default=str(Role.OPERATOR), show_default=True
)
@scopes_option
@stdin_option
def create_operator(email: str, name: str, role: str, scopes: tuple[str, ...], password_stdin: bool) -> None:
    """Make an account for a person. Asks for the password."""
    password = _password(password_stdin)
    with _desk():
        found = people.create_operator(
            email, name, password, actor_id=people.SYSTEM, role=Role(role), scopes=scopes
        )
        click.echo(f"{found.name} can sign in as {found.email} ({_words(found)}).")


@click.command("create-agent")
@click.argument("name")
@scopes_option
def create_agent(name: str, scopes: tuple[str, ...]) -> None:
    """Make a token for software that proposes. The token is shown once."""
    with _desk():
        found, token = people.create_agent(name, actor_id=people.SYSTEM, scopes=scopes)
        click.echo(
            f"The agent {found.name} may propose ({_words(found)}). Its token, shown only now:", err=True
        )
        click.echo(token)


@click.command()
@click.argument("who")
def deactivate(who: str) -> None:
    """End an account (by email) or an agent (by name)."""
    with _desk():
        found = people.deactivate(_actor(who), people.SYSTEM)
        click.echo(f"{found.name} is deactivated. What they asked for and has not run yet will not run.")


@click.command()
@click.argument("who")
def activate(who: str) -> None:
    """Let a deactivated account or agent work again."""
    with _desk():
        found = people.activate(_actor(who), people.SYSTEM)
        click.echo(f"{found.name} is active again ({_words(found)}).")


@click.command()
@click.argument("who")
@click.argument("scopes", nargs=-1, required=True)
def grant(who: str, scopes: tuple[str, ...]) -> None:
    """Grant scopes to an account or an agent."""
    with _desk():
        found = people.grant(_actor(who), people.SYSTEM, scopes)
        click.echo(f"{found.name} now holds: {_words(found)}.")


@click.command()
@click.argument("who")
@click.argument("scopes", nargs=-1, required=True)
def revoke(who: str, scopes: tuple[str, ...]) -> None:
    """Take scopes away from an account or an agent."""
    with _desk():
        found = people.revoke(_actor(who), people.SYSTEM, scopes)
        click.echo(f"{found.name} now holds: {_words(found)}.")


@click.command("set-password")
@click.argument("email")
@stdin_option
def set_password(email: str, password_stdin: bool) -> None:
    """Give a person another password. Their open pages end."""
    password = _password(password_stdin)
    with _desk():
        found = people.find_operator(email)
        if found is None:
            raise NotFound(f"There is no account for {email}.")
        people.set_password(found.id, people.SYSTEM, password)
        click.echo(f"{found.name} signs in with the new password from now on.")


def _actor(who: str) -> str:
    return people.find(who).actor_id


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    return asked


def _words(found: Operator | ApiToken) -> str:
    """Role and scopes, for a sentence."""
    held = ", ".join(found.scopes) or "no scopes"
    return f"{found.role}, {held}" if isinstance(found, Operator) else held
