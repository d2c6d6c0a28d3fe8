"""Child processes: each in a session of its own, ended with its parent, started again when it dies."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import structlog

from console.errors import ConsoleError

log = structlog.get_logger(__name__)

PR_SET_PDEATHSIG = 1
QUICK_DEATH_SECONDS = 3.0
MAX_QUICK_DEATHS = 5
LONGEST_PAUSE_SECONDS = 10.0


def end_with_parent(sign: int) -> Callable[[], None]:
    """A function for the child between fork and exec: the kernel sends it `sign` when its parent is gone.

    Linux only; elsewhere it does nothing, and what a killed parent leaves behind is ended by the next start.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, sign)


def answers(host: str, port: int, path: str, *, seconds: float = 5) -> bool:
    """Whether what serves there answers `path` with 200 just now, within so many seconds."""
    connection = HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@dataclass
class Process:
    """One program to keep running."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to our own environment."""
    user: str | None = None
    """Run as this user (needs root); None: as ourselves."""
    log_file: Path | None = None
    cwd: Path | None = None
    stop_signal: int = signal.SIGTERM
    handle: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    dead_since: float = 0.0
    quick_deaths: int = 0

    def start(self) -> None:
        """Start the program; its output goes to `log_file`, or where ours goes."""
        account = pwd.getpwnam(self.user) if self.user else None
        out = self.log_file.open("ab") if self.log_file else None
        try:
            self.handle = subprocess.Popen(
                list(self.command),
                env={**os.environ, **self.env},
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT if out else None,
                start_new_session=True,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=end_with_parent(self.stop_signal),
            )
        finally:
            if out:
                out.close()
        self.started_at, self.dead_since = time.monotonic(), 0.0

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or was never started."""
        return self.handle.poll() if self.handle else None

    @property
    def running(self) -> bool:
        return self.handle is not None and self.handle.poll() is None

    def ask_to_stop(self) -> None:
        """Send the polite signal to the program itself; it knows best how to end its own children."""
        if self.handle and self.running:
            self.handle.send_signal(self.stop_signal)

    def kill(self) -> None:
        """End the whole session at once, children of the program included."""
        if self.handle is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.handle.pid, signal.SIGKILL)
        self.handle.wait()


def stop_all(processes: Iterable[Process], *, seconds: float) -> None:
    """Ask all to stop, wait at most `seconds` for them together, then kill what is left."""
    stopping = [process for process in processes if process.handle]
    for process in stopping:
        process.ask_to_stop()
    deadline = time.monotonic() + seconds
    while any(process.running for process in stopping) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in stopping:
        process.kill()


def revive(processes: Iterable[Process], *, patient: bool) -> None:
    """Start again whatever has died, after a pause that grows while it keeps dying.

    Raises ConsoleError, unless `patient`, when one dies again and again as soon as it is started.
    """
    for process in processes:
        if process.running:
            continue
        if not process.dead_since:
            _note_death(process, patient)
        pause = min(0.25 * 2**process.quick_deaths, LONGEST_PAUSE_SECONDS) if process.quick_deaths else 0
        if time.monotonic() - process.dead_since >= pause:
            process.kill()
            process.start()


def _note_death(process: Process, patient: bool) -> None:
    process.dead_since = time.monotonic()
    lived = process.dead_since - process.started_at
    process.quick_deaths = process.quick_deaths + 1 if lived < QUICK_DEATH_SECONDS else 0
    if process.quick_deaths >= MAX_QUICK_DEATHS and not patient:
        raise ConsoleError(
            f"The {process.name} process stopped {MAX_QUICK_DEATHS} times in a row "
            f"(exit code {process.exit_code}). The lines above say why; everything is stopped now."
        )
    log.warning(
        "process_died", process_name=process.name, exit_code=process.exit_code, lived=f"{lived:.1f} s"
    )
