"""Two machines and a third for the data, made of network namespaces on this one, and the balancer in front of them.

Needs root and haproxy. Whatever happens, the namespaces, their links and every process in them are gone at the end.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from console.embedded import Servers
from console.processes import Process, answers, stop_all
from tests.bench.stack import free_port

PORT = 8000
NODES = ("a", "b")
BALANCER = """\
global
    maxconn 4000
defaults
    mode http
    balance roundrobin
    timeout connect 500ms
    timeout client 1h
    timeout server 1h
    timeout check 1s
    retries 3
    retry-on conn-failure
    option redispatch 1
    option forwardfor
    option httpclose
listen console
    bind 127.0.0.1:{port}
    option httpchk GET /readyz
    http-response set-header X-Node %s
    default-server check inter 300ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""


def missing() -> str:
    """What stands in the way here, as a sentence; empty when nothing does."""
    if os.geteuid() != 0:
        return "Not tried: network namespaces need root. Run it as root."
    if shutil.which("ip") is None:
        return "Not tried: the command “ip” is missing (Debian and Ubuntu: apt install iproute2)."
    if shutil.which("haproxy") is None:
        return "Not tried: haproxy is missing. “make balancer” installs it."
    return ""


class Network:
    """A bridge in the root namespace, where the data is, and a namespace with one link for each machine."""

    def __init__(self, run: int) -> None:
        """`run`: the number of the process that makes it."""
        self.tag = f"cl{run}"
        # 198.18.0.0/15 is set aside for tests: nothing out there has such an address.
        self.subnet = f"198.18.{run % 250 + 1}"
        self.gateway = f"{self.subnet}.1"

    def address(self, name: str) -> str:
        return f"{self.subnet}.{11 + NODES.index(name)}"

    def namespace(self, name: str) -> str:
        return f"{self.tag}-{name}"

    def make(self) -> None:
        """Make the bridge; what a killed run left behind is removed first."""
        for left in re.findall(r"^cl(\d+)-a", _ip("netns", "list"), re.M):
            if not Path(f"/proc/{left}").exists():
                Network(int(left)).remove()
        _ip("link", "add", self.tag, "type", "bridge")
        _ip("addr", "add", f"{self.gateway}/24", "dev", self.tag)
        _ip("link", "set", self.tag, "up")

    def plug(self, name: str) -> None:
        """Make a machine and plug it in."""
        space, outer = self.namespace(name), f"{self.tag}{name}"
        _ip("netns", "add", space)
        _ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", outer, "master", self.tag, "up")
        _ip("-n", space, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
        _ip("-n", space, "link", "set", "eth0", "up")
        _ip("-n", space, "link", "set", "lo", "up")

    def lose(self, name: str) -> None:
        """Pull the plug: the link is down, and everything that ran there is gone."""
        with suppress(subprocess.CalledProcessError):
            _ip("link", "set", f"{self.tag}{name}", "down")
        self._kill_all(name)
        with suppress(subprocess.CalledProcessError):
            _ip("netns", "delete", self.namespace(name))
        with suppress(subprocess.CalledProcessError):
            _ip("link", "delete", f"{self.tag}{name}")

    def remove(self) -> None:
        """Leave nothing behind."""
        for name in NODES:
            self.lose(name)
        with suppress(subprocess.CalledProcessError):
            _ip("link", "delete", self.tag)

    def _kill_all(self, name: str) -> None:
        with suppress(subprocess.CalledProcessError):
            for pid in _ip("netns", "pids", self.namespace(name)).split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)


class Node:
    """A console on one machine: web, workers and clock, from one tree of the source."""

    def __init__(self, network: Network, name: str, env: dict[str, str], var: Path) -> None:
        self.network, self.name, self.env, self.var = network, name, env, var
        self.processes: list[Process] = []

    def start(self, python: str, tree: Path) -> None:
        """Start all of it and wait until it is ready. Raises TimeoutError."""
        self.processes = [self.process(role, python, tree) for role in ("web", "worker", "clock")]
        for process in self.processes:
            process.start()
        deadline = time.monotonic() + 60
        while not answers(self.network.address(self.name), PORT, "/readyz", seconds=2):
            if time.monotonic() > deadline:
                raise TimeoutError(f"Machine {self.name} did not become ready: {self.last_words()}")
            time.sleep(0.1)

    def process(self, role: str, python: str, tree: Path) -> Process:
        """`console ROLE` on this machine."""
        inside = ["ip", "netns", "exec", self.network.namespace(self.name)]
        env = self.env | {"CONSOLE_VAR": str(self.var), "PYTHONPATH": str(tree)}
        return Process(
            f"{self.name} {role}",
            [*inside, python, "-m", "console", role],
            env,
            log_file=self.var / f"{role}.log",
            cwd=tree,
        )

    def stop(self) -> None:
        """Stop it as a service manager does."""
        stop_all(self.processes, seconds=10)

    def last_words(self) -> str:
        return " ".join(path.read_text()[-300:] for path in self.var.glob("*.log"))


@contextmanager
def balanced(network: Network, folder: Path) -> Iterator[int]:
    """A balancer without sticky sessions; yields its port on this machine."""
    port = free_port()
    servers = "\n".join(f"    server {name} {network.address(name)}:{PORT}" for name in NODES)
    settings = folder / "haproxy.cfg"
    settings.write_text(BALANCER.format(port=port, servers=servers))
    process = Process("haproxy", ["haproxy", "-db", "-f", str(settings)], log_file=folder / "haproxy.log")
    process.start()
    try:
        yield port
    finally:
        stop_all([process], seconds=1)


@contextmanager
def data(network: Network, folder: Path) -> Iterator[tuple[str, str]]:
    """PostgreSQL and Valkey that listen on the bridge; yields their URLs."""
    servers = Servers(folder)
    assert servers.postgres and servers.valkey
    rules = folder.with_name("pg_hba.conf")
    rules.write_text(f"local all all trust\nhost all all {network.subnet}.0/24 trust\n")
    rules.chmod(0o644)
    for name, value in (("listen_addresses", network.gateway), ("port", "5432"), ("hba_file", str(rules))):
        servers.postgres.process.command = [*servers.postgres.process.command, "-c", f"{name}={value}"]
    servers.valkey.process.command = [
        *servers.valkey.process.command,
        *("--bind", network.gateway, "--port", "6379", "--protected-mode", "no"),
    ]
    servers.start()
    try:
        yield (
            f"postgresql+psycopg://postgres@{network.gateway}:5432/console",
            f"redis://{network.gateway}:6379/0",
        )
    finally:
        servers.stop()


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout
