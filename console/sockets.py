"""What an idle socket tells without being asked."""

from __future__ import annotations

import select
import sys
from typing import Protocol


class HasFileno(Protocol):
    """A socket, or what holds one."""

    def fileno(self) -> int: ...


def has_something_to_say(connection: HasFileno) -> bool:
    """Whether there is something to read, the end included. One system call, however many files are open."""
    if connection.fileno() < 0:
        return True
    # gevent's own poll() lets others run and comes back without an answer when it may not wait.
    gevent = sys.modules.get("gevent.monkey")
    asked = gevent.get_original("select", "poll")() if gevent else select.poll()
    asked.register(connection.fileno(), select.POLLIN)
    return bool(asked.poll(0))
