"""What a killed console left running. Called under the folder's lock, so nobody living owns what is found."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import psutil

WAIT_SECONDS = 5.0


def end_leftovers(program: str, folder: Path, *, polite: int = signal.SIGTERM) -> None:
    """End every process called `program` that works in `folder`: politely, then for good."""
    found = [process for process in psutil.process_iter(["name"]) if _works_in(process, program, folder)]
    leaders = [process for process in found if _leads(process, program)]
    for process in leaders:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(polite)
    _gone, alive = psutil.wait_procs(found, timeout=WAIT_SECONDS if leaders else 0)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=WAIT_SECONDS)


def _works_in(process: psutil.Process, program: str, folder: Path) -> bool:
    try:
        return process.info["name"] == program and Path(process.cwd()) == folder
    except psutil.Error:
        return False


def _leads(process: psutil.Process, program: str) -> bool:
    """Whether it ends its helpers itself. A helper (`postgres: checkpointer`) without its leader hears no request."""
    try:
        return not process.cmdline()[0].startswith(f"{program}:")
    except (psutil.Error, IndexError):
        return False
