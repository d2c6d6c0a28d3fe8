"""Real workers, as a deployment starts them, and a way to lose them without a word."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress

from console.cli.roles import ROOT, environment, worker_command
from console.config import Settings


class Workers:
    """A pool of real workers with their horses."""

    def __init__(self, settings: Settings, count: int, variables: Mapping[str, str] | None = None) -> None:
        self.settings = settings.model_copy(update={"workers": count})
        self.variables = dict(variables or {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        variables = environment(self.settings) | {
            "CONSOLE_TOOLS": ",".join(self.settings.tools),
            "CONSOLE_RETRY_BACKOFF_SECONDS": "1,1",
        }
        variables |= self.variables
        self.process = subprocess.Popen(
            worker_command(self.settings), cwd=ROOT, env=os.environ | variables, stderr=subprocess.DEVNULL
        )

    def family(self) -> list[int]:
        """The pool's process, its workers, their horses and schedulers."""
        if self.process is None:
            return []
        listed = subprocess.run(
            ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout
        parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listed.splitlines())}
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def kill(self) -> None:
        """kill -9 for all of them at once; nobody gets to say goodbye."""
        members = self.family()
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(10)
            self.process = None
