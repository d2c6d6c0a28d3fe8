"""A database of its own for a part that drives the verbs themselves; nothing that is written there has to last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from console import create_app
from console.cli.database import upgrade
from console.config import BUILT_IN_TOOLS, Settings
from console.db import db
from console.embedded import running


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
