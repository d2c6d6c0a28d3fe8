"""One process of a deployment each: for `console up`, and alone on a machine of its own."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click
from flask import Flask

from console import embedded
from console.cli.database import refuse_unless_at_head
from console.config import Settings

ROOT = Path(__file__).parents[2]


def web_command(settings: Settings) -> list[str]:
    """The web server's command line."""
    address = f"{settings.bind}:{settings.port}"
    options = ["-c", str(ROOT / "console" / "gunicorn.py"), "--bind", address]
    return [
        sys.executable,
        "-m",
        "gunicorn",
        *options,
        "--workers",
        str(settings.web_processes),
        "console.wsgi:app",
    ]


def web_environment(settings: Settings) -> dict[str, str]:
    """Where several web processes add up their numbers, emptied of those of an earlier start."""
    if settings.web_processes == 1:
        return {}
    folder = settings.var.resolve() / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder)}


def worker_command(settings: Settings) -> list[str]:
    """The worker pool's command line."""
    options = ["--num-workers", str(settings.workers), "--worker-class", "jobs.worker.Worker", "--quiet"]
    return [sys.executable, "-m", "rq.cli", "worker-pool", *options, "actions", "deliveries", "maintenance"]


def clock_command() -> list[str]:
    """The clock's command line."""
    return [sys.executable, "-m", "console", "clock"]


def environment(settings: Settings) -> dict[str, str]:
    """What a process of ours must know; in the environment, since everyone can read a command line."""
    variables = {
        "CONSOLE_DATABASE_URL": settings.database_url,
        "CONSOLE_SESSION_DATABASE_URL": settings.session_database_url,
        "CONSOLE_REDIS_URL": settings.redis_url,
        "CONSOLE_SECRET_KEY": settings.secret_key,
        "CONSOLE_CHANNEL": settings.channel,
        "CONSOLE_PORT": str(settings.port),
        "CONSOLE_VAR": str(settings.var.resolve()),
        "CONSOLE_WORKERS": str(settings.workers),
        "RQ_REDIS_URL": settings.redis_url,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    return {name: value for name, value in variables.items() if value}


def _become(command: list[str], settings: Settings, **more: str) -> None:
    os.execvpe(command[0], command, {**os.environ, **environment(settings), **more})


def _settings() -> Settings:
    """The settings; what is not set is looked for in a console that runs here already."""
    settings = Settings.from_env()
    return embedded.servers_for(settings).addressed(settings)


@click.command()
def web() -> None:
    """Serve the pages (a part of `up`)."""
    settings = _settings()
    refuse_unless_at_head(settings)
    _become(web_command(settings), settings, **web_environment(settings))


@click.command()
def worker() -> None:
    """Run the jobs (a part of `up`)."""
    settings = _settings()
    refuse_unless_at_head(settings)
    _become(worker_command(settings), settings)


@click.command()
def clock() -> None:
    """Send what is due by the clock (a part of `up`)."""
    from console import logs, queue
    from jobs.clock import Clock

    settings = _settings()
    logs.configure(settings)
    # It sends jobs and does nothing else: the whole application would make it start a second later.
    app = Flask("clock")
    app.config["SETTINGS"] = settings
    queue.init_app(app, settings)
    Clock(app).start()
