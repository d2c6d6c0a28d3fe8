"""A whole console for a measurement: embedded servers in a folder of its own, and the processes as `up` starts them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from flask import Flask

from console import create_app
from console.cli import roles
from console.cli.database import upgrade
from console.config import Settings
from console.embedded import Servers, running
from console.processes import Process, answers, stop_all

ROOT = Path(__file__).parents[2]


@dataclass
class Stack:
    """What a measurement drives."""

    app: Flask
    settings: Settings
    address: str
    servers: Servers
    processes: list[Process]


@contextmanager
def stack(*, web: bool = True, workers: bool = True, **overrides: object) -> Iterator[Stack]:
    """Start the processes, wait until they answer, stop them all."""
    with TemporaryDirectory(prefix="console-bench-") as folder:
        Path(folder).chmod(0o755)
        with running(Path(folder), durable=True) as servers:
            settings = Settings.from_env(
                database_url=servers.database_url,
                redis_url=servers.redis_url,
                secret_key="only for a measurement, and long enough for it",
                port=free_port(),
                var=Path(folder),
                login_limit="1000 per minute",
                **overrides,
            )
            app = create_app(settings)
            upgrade(app)
            yield from _processes(app, settings, servers, web, workers)


def _processes(app: Flask, settings: Settings, servers: Servers, web: bool, workers: bool) -> Iterator[Stack]:
    env = roles.environment(settings) | {
        "CONSOLE_LOGIN_LIMIT": settings.login_limit,
        "CONSOLE_TOOLS": ",".join(settings.tools),
    }
    log = settings.var / "processes.log"
    processes = []
    if web:
        processes.append(Process("web", roles.web_command(settings), env, log_file=log))
    if workers:
        processes.append(Process("worker", roles.worker_command(settings), env, log_file=log))
        processes.append(Process("clock", roles.clock_command(), env, log_file=log))
    for process in processes:
        process.start()
    try:
        if web:
            wait_until(settings.port, "/readyz" if workers else "/healthz")
        yield Stack(app, settings, f"http://127.0.0.1:{settings.port}", servers, processes)
    finally:
        stop_all(processes, seconds=5)


def wait_until(port: int, path: str) -> None:
    """Return once `path` answers 200."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if answers("127.0.0.1", port, path):
            return
        time.sleep(0.1)
    raise SystemExit("The console did not become ready within a minute.")


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """Median, 10th to 90th and 99th percentile of a measurement, as one line."""
    cuts = quantiles(values, n=100, method="inclusive")
    return (
        f"median {median(values):.1f} {unit} (10th {cuts[9]:.1f}, 90th {cuts[89]:.1f}, 99th {cuts[98]:.1f})"
    )
