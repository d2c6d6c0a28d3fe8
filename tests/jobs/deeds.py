"""Jobs that behave badly, for the worker's tests."""

from __future__ import annotations

import ctypes
import os
import signal
import time

from flask import current_app

from console.db import db


def pid() -> int:
    """The horse that ran this, which needs an application context and a database to be of any use."""
    assert current_app.name == "console"
    assert db.session.execute(db.text("SELECT 1")).scalar() == 1
    return os.getpid()


def moment() -> float:
    return time.time()


def wait(seconds: float) -> None:
    time.sleep(seconds)


def fail() -> None:
    raise ValueError("as asked")


def crash() -> None:
    ctypes.string_at(0)


def hang(seconds: float = 60) -> None:
    """Hang as a C library does: deaf to the alarm that would end it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    time.sleep(seconds)
