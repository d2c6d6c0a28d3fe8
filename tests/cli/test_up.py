"""`console up` as a person meets it: it starts, says where, survives kills, and stops in time."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
import pytest

from console.cli.roles import ROOT
from console.embedded import Servers

STARTED_WITHIN = 60


@pytest.fixture
def place() -> Iterator[dict[str, str]]:
    """The environment of a console with nothing set but a folder and a free port."""
    with TemporaryDirectory(prefix="console-") as folder, socket.create_server(("127.0.0.1", 0)) as held:
        Path(folder).chmod(0o755)
        port = held.getsockname()[1]
        held.close()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONSOLE_")}
        yield {**kept, "CONSOLE_VAR": f"{folder}/var", "CONSOLE_PORT": str(port), "PYTHONUNBUFFERED": "1"}


class Up:
    """A running `console up`."""

    def __init__(self, env: dict[str, str], *options: str) -> None:
        self.env = env
        command = [sys.executable, "-m", "console", "up", *options]
        self.process = subprocess.Popen(
            command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def wait_until_ready(self) -> str:
        assert self.process.stdout is not None
        said = ""
        while "Ctrl-C stops everything" not in said:
            line = self.process.stdout.readline()
            assert line, f"it ended: {said}"
            said += line
        return said

    def get(self, path: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", int(self.env["CONSOLE_PORT"]), timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except (OSError, HTTPException):
            return False

    def find(self, words: str) -> psutil.Process:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next(child for child in children if words in " ".join(child.cmdline()))

    def runs_again(self, words: str, gone: psutil.Process) -> bool:
        """Whether another process stands in for one that was killed, and the console is ready."""
        try:
            return not gone.is_running() and self.find(words).pid != gone.pid and self.ready()
        except (StopIteration, psutil.NoSuchProcess):
            return False

    def stop(self, sign: int = signal.SIGINT) -> tuple[float, int]:
        """Seconds and exit code."""
        started = time.monotonic()
        self.process.send_signal(sign)
        self.process.communicate(timeout=20)
        return time.monotonic() - started, self.process.returncode


@pytest.fixture
def up(place: dict[str, str]) -> Iterator[Up]:
    running = Up(place)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop(signal.SIGTERM)


def eventually(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def refusal(env: dict[str, str], *command: str) -> str:
    """What a command says that ends with exit code 1: one sentence or two, never a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "console", *command],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1, said
    return said


def test_it_starts_from_nothing_shows_the_demo_stops_in_time_and_finds_all_again(
    place: dict[str, str],
) -> None:
    first = Up(place, "--demo")
    said = first.wait_until_ready()
    assert re.search(rf"ready: http://127\.0\.0\.1:{place['CONSOLE_PORT']}", said)
    assert "ada@example.com" in said and "console-demo" in said
    assert "Follow-ups go to the log" in said
    assert first.find("worker-pool").environ()["CONSOLE_CHANNEL"] == "log"
    assert first.get("/login")[0] == 200
    assert json.loads(first.get("/readyz")[1]) == {"ready": True, "missing": []}
    children = psutil.Process(first.process.pid).children(recursive=True)
    first_seconds, code = first.stop()
    assert code == 0
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    second = Up(place, "--demo")
    try:
        assert "ada@example.com" in second.wait_until_ready()
        assert second.find("postgres") and second.find("valkey-server")
    finally:
        second_seconds, code = second.stop(signal.SIGTERM)
    assert code == 0
    # Other tests run beside this one: a machine that is short of processors may take longer once, not twice.
    assert min(first_seconds, second_seconds) < 5 and max(first_seconds, second_seconds) < 10


def test_whatever_is_killed_comes_back(up: Up) -> None:
    up.wait_until_ready()
    for words in ("gunicorn", "worker-pool", "console clock", "valkey-server", "/postgres -D"):
        victim = up.find(words)
        victim.kill()
        eventually(lambda words=words, gone=victim: up.runs_again(words, gone))  # type: ignore[misc]


def test_a_killed_console_leaves_nothing_that_stops_the_next_start(place: dict[str, str]) -> None:
    killed = Up(place)
    killed.wait_until_ready()
    killed.process.kill()
    killed.process.communicate()
    again = Up(place)
    try:
        again.wait_until_ready()
    finally:
        again.stop()


def test_a_taken_port_is_said_in_one_sentence(place: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(place["CONSOLE_PORT"]))):
        said = refusal(place, "up")
    assert f"Port {place['CONSOLE_PORT']} is taken" in said and "CONSOLE_PORT=" in said


def test_an_unreachable_database_is_said_in_one_sentence(place: dict[str, str]) -> None:
    url = "postgresql://someone:hidden-word@127.0.0.1:1/console"
    said = refusal({**place, "CONSOLE_DATABASE_URL": url}, "up")
    assert "The database did not answer" in said and "CONSOLE_DATABASE_URL" in said
    assert "hidden-word" not in said


def test_an_unreachable_queue_is_said_in_one_sentence(place: dict[str, str]) -> None:
    said = refusal({**place, "CONSOLE_REDIS_URL": "redis://127.0.0.1:1/0"}, "up")
    assert "The queue did not answer" in said and "CONSOLE_REDIS_URL" in said


def test_somebodys_database_that_is_not_at_head_is_refused_and_then_migrated_on_request(
    place: dict[str, str], servers: Servers
) -> None:
    assert servers.postgres is not None
    name = f"elsewhere_{os.getpid()}"
    with psycopg.connect(servers.database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    env = {
        **place,
        "CONSOLE_DATABASE_URL": servers.postgres.url(name),
        "CONSOLE_REDIS_URL": servers.redis_url,
    }
    try:
        for part in ("up", "web", "worker"):
            assert "console migrate" in refusal(env, part)
        command = [sys.executable, "-m", "console", "migrate"]
        subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True, timeout=60)
        running = Up(env)
        running.wait_until_ready()
        running.stop()
    finally:
        with psycopg.connect(servers.database_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_production_asks_for_a_secret(place: dict[str, str]) -> None:
    assert "CONSOLE_SECRET_KEY" in refusal({**place, "CONSOLE_ENVIRONMENT": "production"}, "up")


def test_a_setting_that_cannot_be_used_is_named(place: dict[str, str]) -> None:
    assert "CONSOLE_PORT" in refusal({**place, "CONSOLE_PORT": "eighty"}, "up")
    assert "CONSOLE_CHANNEL" in refusal({**place, "CONSOLE_CHANNEL": "pigeon"}, "up")
