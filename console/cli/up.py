"""`console up`: everything in one terminal, from nothing to a page that answers, until Ctrl-C."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
import redis

from console import embedded, logs
from console.cli import database, roles
from console.config import BUILT_IN_TOOLS, Settings
from console.errors import ConsoleError
from console.processes import Process, answers, revive, stop_all

PORT_PATIENCE_SECONDS = 2.0
"""A console that was killed a moment ago lets go of its port in this time."""
READY_SECONDS = 60.0
STOP_SECONDS = 2.0
"""The servers come after, with 1 s: on a busy machine too, all is stopped within 5."""
DEMO_WORDS = """\
    ada@example.com    admin
    ben@example.com    operator who may refund
    cleo@example.com   operator without scopes
    password for each: console-demo
"""


@click.command()
@click.option("--demo", is_flag=True, help="Load the demo desk, unless people have accounts already.")
def up(demo: bool) -> None:
    """Start everything: web, workers, clock, and the servers that are not set."""
    settings = Settings.from_env()
    if demo and not settings.channel and not settings.production:
        settings = settings.model_copy(update={"channel": "log"})
    logs.configure(settings)
    _listen_for_the_end()
    processes: list[Process] = []
    servers = embedded.servers_for(settings)
    try:
        _refuse_taken_port(settings)
        _refuse_unusable_parts(settings)
        if servers.processes:
            servers.start()
        settings = servers.addressed(settings)
        _prepare(settings, own_database=servers.postgres is not None)
        processes = _processes(settings)
        for process in processes:
            process.start()
        kept = [*servers.processes, *processes]
        has_ada = database.has_account(settings, "ada@example.com") if demo else False
        if has_ada is None:
            processes.append(_load_demo(settings, wait=True))
        _wait_until_ready(kept, settings)
        click.echo(
            f"{_words(demo, has_ada)}{_channel_words(settings)}\n  Ctrl-C stops everything; the data stays.\n"
        )
        if has_ada:
            processes.append(_load_demo(settings, wait=False))
        while True:
            revive(kept, patient=True)
            time.sleep(0.1)
    except KeyboardInterrupt:
        click.echo("\nStopping…")
    finally:
        with _undisturbed():
            stop_all(processes, seconds=STOP_SECONDS)
            servers.stop()


def _listen_for_the_end() -> None:
    """Any signal to stop ends like Ctrl-C.

    A shell that starts it in the background has Ctrl-C ignored, and nohup the hang-up: only the latter is meant.
    """
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if name != signal.SIGHUP or signal.getsignal(name) != signal.SIG_IGN:
            signal.signal(name, signal.default_int_handler)


def _prepare(settings: Settings, *, own_database: bool) -> None:
    """Bring our own database to head, refuse somebody's that is not; the queue must answer."""
    if own_database and not database.is_at_head(settings):
        from console import create_app

        database.upgrade(create_app(settings))
    database.refuse_unless_at_head(settings)
    redis.Redis.from_url(settings.redis_url, socket_connect_timeout=5, retry=None).ping()


def _load_demo(settings: Settings, *, wait: bool) -> Process:
    """Load the demo in a process of its own; one that is loaded already is looked after while all else goes on.

    Raises ConsoleError, when told to wait, if it could not be loaded.
    """
    log_file = settings.var.resolve() / "log" / "demo.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "console", "demo"]
    loading = Process("demo", command, roles.environment(settings), log_file=log_file)
    loading.start()
    while wait and loading.running:
        time.sleep(0.05)
    if loading.exit_code:
        raise ConsoleError(f"The demo could not be loaded: {log_file.read_text().strip().splitlines()[-1]}")
    return loading


def _words(demo: bool, has_ada: bool | None) -> str:
    if not demo:
        return ""
    refused = "  People have accounts here already, so the demo was not loaded.\n"
    return refused if has_ada is False else DEMO_WORDS


def _channel_words(settings: Settings) -> str:
    return "  Follow-ups go to the log; nothing is sent.\n" if settings.channel == "log" else ""


def _processes(settings: Settings) -> list[Process]:
    env = roles.environment(settings)
    return [
        Process("web", roles.web_command(settings), {**env, **roles.web_environment(settings)}),
        Process("worker", roles.worker_command(settings), env),
        Process("clock", roles.clock_command(), env),
    ]


def _wait_until_ready(processes: Sequence[Process], settings: Settings) -> None:
    """Wait until pages can be served and jobs run, and say where. Raises ConsoleError when that does not come."""
    deadline = time.monotonic() + READY_SECONDS
    while not answers(_host(settings), settings.port, "/readyz"):
        revive(processes, patient=False)
        if time.monotonic() > deadline:
            raise ConsoleError(
                f"The console was not ready after {READY_SECONDS:.0f} s. The lines above may say why."
            )
        time.sleep(0.05)
    click.secho(f"\n  {settings.brand} is ready: http://{_host(settings)}:{settings.port}\n", bold=True)


def _host(settings: Settings) -> str:
    return "127.0.0.1" if settings.bind in {"", "0.0.0.0"} else settings.bind


def _refuse_taken_port(settings: Settings) -> None:
    deadline = time.monotonic() + PORT_PATIENCE_SECONDS
    while True:
        try:
            with socket.create_server((settings.bind, settings.port)):
                return
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise ConsoleError(_port_sentence(settings, error)) from None


def _refuse_unusable_parts(settings: Settings) -> None:
    """Said once here, not by each process again and again. The tools that come with the console are known to load.

    Raises ConfigurationError.
    """
    if settings.channel:
        from console.channels import load_channel

        load_channel(settings)
    if settings.policy is None and settings.tools == BUILT_IN_TOOLS:
        return
    from console.governance.policy_file import load_policy
    from console.tools import load_registry

    load_policy(settings.policy, list(load_registry(settings.tools)))


def _port_sentence(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {settings.port} is taken by another program, perhaps another console. "
            f"Stop it, or choose another port: CONSOLE_PORT={settings.port % 65535 + 1}"
        )
    return f"Port {settings.port} on {settings.bind} cannot be used ({error.strerror}). Choose another: CONSOLE_PORT."


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Stop in order however often Ctrl-C is pressed: it takes 5 s at most."""
    before = {
        name: signal.signal(name, signal.SIG_IGN) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
