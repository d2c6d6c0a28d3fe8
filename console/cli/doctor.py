"""`console doctor`: is this deployment fit to serve? One line a question, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import click
import psycopg
from flask import Flask
from redis import Redis
from sqlalchemy.exc import DBAPIError

from console import create_app, embedded, queue, vitals
from console.channels import load_channel
from console.cli import database
from console.config import Settings
from console.errors import ConsoleError
from console.governance import understaffed
from console.governance.policy import policy
from console.presenters.labels import count
from console.tools.registry import registry

Check = tuple[str, Callable[[], str | None]]
"""What is asked, and a function that answers None when all is well, or what is wrong and what to do."""


@click.command()
def doctor() -> None:
    """Check this deployment: settings, database, queue, workers, clock, channel, tools, cookies."""
    findings = [(name, check()) for name, check in checks()]
    for name, wrong in findings:
        click.echo(f"  {click.style('✗', fg='red')} {name}: {wrong}" if wrong else f"  ✓ {name}")
    failed = sum(1 for _, wrong in findings if wrong)
    click.echo(f"{failed} of {len(findings)} checks failed." if failed else "All is well.")
    sys.exit(1 if failed else 0)


def checks() -> Iterator[Check]:
    """The questions, in the order in which one would repair what they find."""
    try:
        settings = Settings.from_env()
        settings = embedded.servers_for(settings).addressed(settings)
    except ConsoleError as error:
        sentence = error.sentence
        yield "settings", lambda: sentence
        return
    yield "settings", lambda: None
    yield "secret", lambda: _secret(settings)
    yield "database", lambda: _database(settings)
    yield "migrations", lambda: _migrations(settings)
    client = queue.connect(settings)
    yield (
        "queue",
        lambda: None if vitals.queue_answers(client) else "it does not answer. Check CONSOLE_REDIS_URL.",
    )
    yield "workers", lambda: _seen(client, "worker", "none seen in the last minute. Start one")
    yield "clock", lambda: _seen(client, "clock", "not seen in the last minute. Start it")
    yield _channel(settings)
    try:
        # The channel was judged above; what is wrong with it is no fault of the tools.
        app = create_app(settings.model_copy(update={"channel": ""}))
    except ConsoleError as error:
        refusal = error.sentence
        yield "tools and policy", lambda: refusal
        return
    yield "tools and policy", lambda: None
    yield "deciders", lambda: _deciders(app)
    yield "cookies", lambda: _cookies(app, settings)


def _seen(client: Redis, who: vitals.Who, words: str) -> str | None:
    return None if vitals.seen(client, who) else f"{words}: console {who}"


def _secret(settings: Settings) -> str | None:
    return (
        None if len(settings.secret_key) >= 32 else "it has fewer than 32 characters. Set CONSOLE_SECRET_KEY."
    )


def _database(settings: Settings) -> str | None:
    if vitals.database_answers(settings.database_url):
        return None
    return "it does not answer. Start the console, or check CONSOLE_DATABASE_URL."


def _migrations(settings: Settings) -> str | None:
    try:
        return None if database.is_at_head(settings) else "some are missing. Run: console migrate"
    except ConsoleError as error:
        return error.sentence
    except psycopg.OperationalError:
        return "they cannot be read while the database does not answer."


def _channel(settings: Settings) -> Check:
    """The channel connects, if there is one, and sends nothing; to have none is a choice."""
    if not settings.channel:
        return "channel (none: sending follow-ups is refused)", lambda: None
    try:
        chosen = load_channel(settings)
    except ConsoleError as error:
        sentence = error.sentence
        return "channel", lambda: sentence
    assert chosen is not None
    return f"channel {chosen.name}", chosen.problem


def _deciders(app: Flask) -> str | None:
    """Whether there are as many people as a policy file asks for."""
    try:
        with app.app_context():
            short = understaffed(policy(), registry())
    except DBAPIError:
        return "they cannot be counted while the database does not answer."
    if short is None:
        return None
    return (
        f"{short.tool.ref} takes {count(short.needed, 'approval')},"
        f" and {count(short.people, 'active account')} may give one."
        " Add people, give some the role, or ask for fewer."
    )


def _cookies(app: Flask, settings: Settings) -> str | None:
    if not app.config["SESSION_COOKIE_HTTPONLY"] or app.config["SESSION_COOKIE_SAMESITE"] not in {
        "Lax",
        "Strict",
    }:
        return "scripts or other sites could use the session cookie."
    local = settings.bind in {"127.0.0.1", "::1", "localhost"}
    if not app.config["SESSION_COOKIE_SECURE"] and not local:
        return "they travel unencrypted. Set CONSOLE_ENVIRONMENT=production and serve over HTTPS."
    return None
