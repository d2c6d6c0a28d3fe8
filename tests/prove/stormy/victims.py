"""The processes of a running `console up`, found from outside, as somebody with `ps` would find them."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

import psutil

Found = list[psutil.Process]

PARTS: dict[str, Callable[[psutil.Process], bool]] = {
    "web": lambda one: "gunicorn" in _words(one),
    "worker pool": lambda one: "worker-pool" in _words(one),
    "clock": lambda one: _words(one).endswith(" clock"),
    "PostgreSQL": lambda one: one.name() == "postgres",
    "Valkey": lambda one: one.name() == "valkey-server",
}
"""What `up` itself has started."""


def part(up: int, name: str) -> Found:
    """The one process that leads a part, if it is there."""
    found = []
    for one in children(up):
        with suppress(psutil.Error):
            if PARTS[name](one):
                found.append(one)
    return found


def beneath(up: int, name: str) -> Found:
    """What a part's leading process has started: web workers, workers, backends."""
    return [child for leader in part(up, name) for child in children(leader.pid)]


def horses(up: int) -> Found:
    """The work-horses: each leads a group of its own."""
    found = []
    for worker in beneath(up, "worker pool"):
        for child in children(worker.pid):
            with suppress(psutil.Error, ProcessLookupError):
                if os.getpgid(child.pid) == child.pid:
                    found.append(child)
    return found


def children(pid: int) -> Found:
    """The living children of a process, which may be gone itself."""
    found = []
    with suppress(psutil.Error):
        for one in psutil.Process(pid).children():
            with suppress(psutil.Error):
                if one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
    return found


def _words(process: psutil.Process) -> str:
    return " ".join(process.cmdline())
