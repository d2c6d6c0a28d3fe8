"""A small disk of its own for `var/`, which can be without room for a moment."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SIZE_MB = 3000
"""Room for the data of the longest storm; memory is taken only by what is written."""


@dataclass
class Disk:
    """A file system in memory."""

    folder: Path

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte more for the time of the block: it is no larger than what is on it."""
        used = shutil.disk_usage(self.folder).used
        self._resize(used // 1024 + 64)
        try:
            yield
        finally:
            self._resize(SIZE_MB * 1024)

    def _resize(self, kilobytes: int) -> None:
        options = f"remount,size={kilobytes}k"
        # Between the look and the change something may have been written already: then it is full a moment later.
        subprocess.run(["mount", "-o", options, str(self.folder)], capture_output=True)


@contextmanager
def small_disk() -> Iterator[tuple[Path, Disk | None]]:
    """A folder on a disk of its own, as far as this user may mount one; else an ordinary folder."""
    with TemporaryDirectory(prefix="console-storm-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=0755", "storm", name]
        mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
        try:
            yield folder, Disk(folder) if mounted else None
        finally:
            if mounted:
                subprocess.run(["umount", "--lazy", name], check=True)
