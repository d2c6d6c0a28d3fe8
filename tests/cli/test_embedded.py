"""The servers that come with the console: start, stop, find the data again, and start after every kind of death."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
import pytest
from redis import Redis

from console import embedded
from console.config import Settings
from console.embedded import InUse, Servers
from console.errors import ConsoleError


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place that PostgreSQL's own user may enter when root runs the tests."""
    with TemporaryDirectory(prefix="console-") as made:
        Path(made).chmod(0o755)
        yield Path(made) / "var"


def connect(servers: Servers) -> psycopg.Connection:
    return psycopg.connect(servers.database_url.replace("+psycopg", ""), autocommit=True)


def test_data_is_found_again_after_a_restart(folder: Path) -> None:
    with embedded.running(folder) as servers, connect(servers) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('here')")
    started = time.monotonic()
    with embedded.running(folder) as servers, connect(servers) as connection:
        assert time.monotonic() - started < 5
        assert connection.execute("SELECT word FROM kept").fetchall() == [("here",)]


def test_both_are_real_and_reachable_through_private_sockets_alone(folder: Path) -> None:
    with embedded.running(folder, durable=False) as servers:
        with connect(servers) as connection:
            version = connection.info.server_version
            assert version >= 180000
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        client = Redis.from_url(servers.redis_url)
        assert client.config_get("port") == {"port": "0"}
        assert (folder / "run" / "valkey").stat().st_mode & 0o077 == 0
        assert (folder / "run" / "postgres").stat().st_mode & 0o077 == 0
        assert (folder / "postgres").stat().st_mode & 0o077 == 0


def test_nothing_runs_after_the_end(folder: Path) -> None:
    with embedded.running(folder, durable=False) as servers:
        pids = [process.handle.pid for process in servers.processes if process.handle]
    assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_second_console_on_the_same_data_is_refused(folder: Path) -> None:
    with embedded.running(folder, durable=False), pytest.raises(InUse, match="Another console is running"):
        Servers(folder).start()


def test_a_command_uses_the_servers_of_a_console_that_runs_already(folder: Path) -> None:
    with (
        embedded.running(folder, durable=False) as servers,
        embedded.served(Settings(var=folder)) as settings,
    ):
        assert settings.database_url == servers.database_url
        assert settings.redis_url == servers.redis_url
        assert len(settings.secret_key) > 40


def test_a_command_leaves_the_users_own_servers_alone(folder: Path) -> None:
    own = Settings(var=folder, database_url="postgresql://db/own", redis_url="redis://queue")
    with embedded.served(own) as settings:
        assert settings.database_url == "postgresql+psycopg://db/own"
        assert not folder.exists()


@pytest.mark.parametrize("victim", ["the servers", "their backends' parent alone"])
def test_what_was_killed_starts_again_with_its_data(folder: Path, victim: str) -> None:
    servers = Servers(folder)
    servers.start()
    with connect(servers) as connection:
        connection.execute("CREATE TABLE kept ()")
    for process in servers.processes:
        assert process.handle is not None
        if victim == "the servers":
            os.killpg(process.handle.pid, signal.SIGKILL)
        else:
            os.kill(process.handle.pid, signal.SIGKILL)
        process.handle.wait()
    servers.stop()
    with embedded.running(folder) as again, connect(again) as connection:
        connection.execute("SELECT FROM kept")


def test_servers_that_outlived_their_console_are_ended(folder: Path) -> None:
    first = Servers(folder)
    first.start()
    assert first._lock is not None
    first._lock.close()
    pids = [process.handle.pid for process in first.processes if process.handle]
    with embedded.running(folder, durable=False) as servers:
        assert Redis.from_url(servers.redis_url).ping()
        for process in first.processes:
            assert process.exit_code is not None
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_number_left_in_a_file_does_not_stop_the_next_start(folder: Path) -> None:
    with embedded.running(folder, durable=False):
        lines = (folder / "postgres" / "postmaster.pid").read_text().splitlines()
    lines[0] = str(os.getpid())
    (folder / "postgres" / "postmaster.pid").write_text("\n".join(lines))
    with embedded.running(folder, durable=False) as servers, connect(servers) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_data_of_another_version_is_refused_in_one_sentence(folder: Path) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(ConsoleError, match=r"belongs to PostgreSQL 16; this console brings 18\. Move"):
        Servers(folder).start()


def test_a_folder_with_something_else_in_it_is_refused(folder: Path) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "diary.txt").write_text("mine")
    with pytest.raises(ConsoleError, match="not PostgreSQL's data"):
        Servers(folder).start()
    assert (folder / "postgres" / "diary.txt").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL has a user of its own only under root")
def test_a_private_folder_that_postgresqls_user_may_not_enter_is_named(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    with pytest.raises(ConsoleError, match=rf"may not enter {folder} but needs {folder}\. Move"):
        Servers(folder).start()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_path_too_long_for_a_socket_gets_a_short_one(folder: Path) -> None:
    deep = folder / ("long" * 20) / ("path" * 10)
    deep.parent.mkdir(parents=True)
    with embedded.running(deep, durable=False) as servers, connect(servers) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert str(folder) not in servers.redis_url


def test_the_secret_is_made_once_and_is_private(folder: Path) -> None:
    first = embedded.secret_key(folder)
    assert len(first) >= 32
    assert embedded.secret_key(folder) == first
    assert (folder / "secret_key").stat().st_mode & 0o077 == 0
