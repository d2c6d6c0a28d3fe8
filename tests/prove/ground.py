"""A database of its own for each process that drives the verbs themselves; nothing written there has to last."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import psutil
from flask import Flask

from console import create_app
from console.cli.database import upgrade
from console.config import BUILT_IN_TOOLS, Settings
from console.db import db
from console.embedded import running

Found = TypeVar("Found")


def shared_out(work: Callable[..., Found], shares: Sequence[tuple[Any, ...]]) -> list[Found]:
    """Do each share of the work in a process of its own; none of them outlives this one's wish to end."""
    end_in_order()
    with ProcessPoolExecutor(len(shares), mp_context=get_context("spawn"), initializer=end_in_order) as pool:
        try:
            return [one.result() for one in [pool.submit(work, *share) for share in shares]]
        except BaseException:
            for child in psutil.Process().children():
                child.terminate()
            raise


def end_in_order() -> None:
    """Take being terminated for an exception, so that servers are stopped and folders go."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@contextmanager
def ground() -> Iterator[Flask]:
    """The application with the tests' tools on an empty database, inside its context."""
    with TemporaryDirectory(prefix="console-prove-") as folder:
        Path(folder).chmod(0o755)
        with running(Path(folder), durable=False) as servers:
            settings = Settings(
                database_url=servers.database_url,
                redis_url=servers.redis_url,
                secret_key="only for a proof, and long enough for all of it",
                tools=(*BUILT_IN_TOOLS, "tests.tools"),
                retry_backoff_seconds=(2, 10),
            )
            app = create_app(settings)
            upgrade(app)
            with app.app_context():
                try:
                    yield app
                finally:
                    db.session.remove()
                    db.engine.dispose()
