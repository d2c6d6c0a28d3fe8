"""The servers that come with the console, so that a checkout needs none: a real PostgreSQL and a real Valkey.

with embedded.served(settings) as settings: ...     # a command: starts what is missing, stops it again
with embedded.running(folder, durable=False) as servers: servers.database_url, servers.redis_url    # tests
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from console.config import Settings
from console.embedded.postgres import Postgres
from console.embedded.valkey import Valkey
from console.errors import ConsoleError
from console.processes import Process, stop_all

__all__ = ["InUse", "Servers", "running", "secret_key", "served", "servers_for"]

MAX_SOCKET_PATH = 100
"""The system's limit for the path of a socket is 104 to 108 bytes."""
STOP_SECONDS = 1.0


class InUse(ConsoleError):
    """Another process of ours holds the folder."""

    code = "in_use"


class Servers:
    """The embedded servers of one folder; at most one process at a time runs them."""

    def __init__(
        self, folder: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True
    ) -> None:
        self.folder = folder.resolve()
        sockets = _socket_folder(self.folder)
        logs = self.folder / "log"
        self.postgres = (
            Postgres(self.folder / "postgres", sockets / "postgres", logs / "postgres.log", durable=durable)
            if postgres
            else None
        )
        self.valkey = (
            Valkey(self.folder / "valkey", sockets / "valkey", logs / "valkey.log") if valkey else None
        )
        self._lock: IO[str] | None = None

    @property
    def database_url(self) -> str:
        return self.postgres.url() if self.postgres else ""

    @property
    def redis_url(self) -> str:
        return self.valkey.url if self.valkey else ""

    @property
    def processes(self) -> list[Process]:
        return [server.process for server in (self.postgres, self.valkey) if server]

    def start(self) -> None:
        """Start both and return when both answer.

        Raises InUse when another process has the folder, ConsoleError when a server cannot start, saying why.
        """
        _make(self.folder)
        (self.folder / "log").mkdir(mode=0o700, exist_ok=True)
        self._lock = _locked(self.folder / "lock")
        try:
            for server in (self.postgres, self.valkey):
                if server:
                    server.prepare()
                    server.process.start()
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self) -> None:
        """Return when both answer, whoever started them. Raises ConsoleError when one does not."""
        for server in (self.valkey, self.postgres):
            if server:
                server.wait_until_ready()

    def stop(self) -> None:
        """Stop both; PostgreSQL's data is safe however this ends."""
        stop_all(self.processes, seconds=STOP_SECONDS)
        if self._lock:
            self._lock.close()
            self._lock = None

    def addressed(self, settings: Settings) -> Settings:
        """The settings with these servers' addresses where none were set."""
        return settings.model_copy(
            update={
                "database_url": settings.database_url or self.database_url,
                "redis_url": settings.redis_url or self.redis_url,
                "secret_key": settings.secret_key or secret_key(self.folder),
            }
        )


@contextmanager
def running(folder: Path, *, durable: bool = True) -> Iterator[Servers]:
    """Both servers, in `folder`, for the time of the block. Without `durable` a power cut may lose data."""
    servers = Servers(folder, durable=durable)
    servers.start()
    try:
        yield servers
    finally:
        servers.stop()


@contextmanager
def served(settings: Settings) -> Iterator[Settings]:
    """Settings whose URLs lead somewhere: the user's own servers, a running console's, or new ones."""
    if settings.database_url and settings.redis_url:
        yield settings
        return
    servers = servers_for(settings)
    try:
        servers.start()
    except InUse:
        servers.wait_until_ready()
        yield servers.addressed(settings)
        return
    try:
        yield servers.addressed(settings)
    finally:
        servers.stop()


def servers_for(settings: Settings) -> Servers:
    """The embedded servers that these settings ask for: those whose URL is not set."""
    return Servers(settings.var, postgres=not settings.database_url, valkey=not settings.redis_url)


def secret_key(folder: Path) -> str:
    """The secret of a development set-up, made once and kept in `folder`, readable by its owner alone."""
    _make(folder)
    path = folder / "secret_key"
    with (
        suppress(FileExistsError),
        open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file,
    ):
        file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _private() -> int:
    """The mode of a folder for ourselves; root's must let PostgreSQL's own user pass through."""
    return 0o711 if os.geteuid() == 0 else 0o700


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=_private(), parents=True, exist_ok=True)
    except OSError as error:
        raise ConsoleError(
            f"The folder {folder} cannot be made ({error.strerror}). Point CONSOLE_VAR at a folder that can."
        ) from None


def _locked(path: Path) -> IO[str]:
    """Hold the folder until the file is closed; the system lets go by itself when we are killed."""
    try:
        file = path.open("a")
    except OSError as error:
        raise ConsoleError(
            f"{path.parent} cannot be written to ({error.strerror}). Point CONSOLE_VAR at another folder."
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise InUse(
            f"Another console is running with the data in {path.parent}. "
            "Stop it first, or point CONSOLE_VAR (and CONSOLE_PORT) elsewhere."
        ) from None
    return file


def _socket_folder(folder: Path) -> Path:
    """`folder/run`, or, where that is too long a path for a socket, a private folder with a short name."""
    near = folder / "run"
    if len(os.fsencode(near / "postgres" / ".s.PGSQL.5432.lock")) <= MAX_SOCKET_PATH:
        return near
    name = f"console-{os.geteuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    short = Path(tempfile.gettempdir()) / name
    short.mkdir(mode=_private(), exist_ok=True)
    if short.is_symlink() or short.stat().st_uid != os.geteuid():
        raise ConsoleError(f"{short} belongs to someone else. Set CONSOLE_VAR to a shorter path.")
    return short
