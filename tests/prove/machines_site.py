"""The whole site of a run: data, two machines, a balancer, people, and a next version of the program to upgrade to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from flask import Flask

from console import conversations, create_app, queue
from console.cli import roles
from console.cli.database import upgrade
from console.config import BUILT_IN_TOOLS, Settings
from console.db import db, transaction
from console.models import Customer
from tests.prove.live_desk import Desk, furnished
from tests.prove.machines_net import NODES, Network, Node, balanced, data
from tests.prove.parts import ROOT
from tests.prove.unprotected import COPIED

PEOPLE = 5
TALKS = 40
MARK = '<meta name="console-version" content="next">'
NEXT = "prove_next"
MIGRATION = '''"""Add a note to customers, as a next version would: nothing that the one before needs is taken away."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A pause, so that two that migrate at once do meet.
    op.execute("SELECT pg_sleep(1)")
    op.add_column("customers", sa.Column("{revision}", sa.Text(), nullable=False, server_default=""))
'''


@dataclass
class Site:
    """What a trial is done with."""

    network: Network
    nodes: dict[str, Node]
    port: int
    app: Flask
    desk: Desk
    settings: Settings
    folder: Path
    tree: Path = ROOT
    """The source that machines are started from now."""
    notes: list[str] = field(default_factory=list)

    def start(self, name: str) -> None:
        self.nodes[name].start(sys.executable, self.tree)

    def lose(self, name: str) -> None:
        """A machine is gone at once, with everything on it."""
        self.network.lose(name)
        for process in self.nodes[name].processes:
            process.kill()

    def replace(self, name: str) -> None:
        """A new machine in the place of a lost one."""
        self.network.plug(name)
        self.start(name)

    def sweep(self) -> None:
        """What the clock does every fifteen seconds."""
        with self.app.app_context():
            queue.push("jobs.sweep.sweep", job_id="clock-sweep", queue=queue.MAINTENANCE)

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """What the database holds."""
        url = self.settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(url) as connection:
            return connection.execute(query, values or None).fetchall()

    def command(self, name: str, *words: str) -> subprocess.Popen[str]:
        """`console …` of the current tree on a machine."""
        inside = ["ip", "netns", "exec", self.network.namespace(name)]
        env = os.environ | self.nodes[name].env
        return subprocess.Popen(
            [*inside, sys.executable, "-m", "console", *words],
            env=env | {"CONSOLE_VAR": str(self.folder / "other"), "PYTHONPATH": str(self.tree)},
            cwd=self.tree,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def next_version(self) -> Path:
        """A copy of the source with one more migration, that marks its pages."""
        tree = self.folder / "next"
        tree.mkdir()
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, tree / name)
        head = sorted((ROOT / "migrations" / "versions").glob("[0-9]*.py"))[-1].name[:4]
        script = tree / "migrations" / "versions" / f"{NEXT}.py"
        script.write_text(MIGRATION.format(revision=NEXT, head=head))
        base = tree / "templates" / "shell" / "base.html"
        base.write_text(base.read_text().replace("<title>", f"{MARK}\n<title>", 1))
        return tree


@contextmanager
def site() -> Iterator[Site]:
    """Build it, and leave nothing behind."""
    network = Network(os.getpid())
    with TemporaryDirectory(prefix="console-machines-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        try:
            network.make()
            for name in NODES:
                network.plug(name)
            with data(network, folder / "data") as (database, redis), balanced(network, folder) as port:
                built = _built(network, folder, database, redis, port)
                try:
                    for name in NODES:
                        built.start(name)
                    time.sleep(0.5)
                    yield built
                finally:
                    for name in NODES:
                        built.lose(name)
        finally:
            network.remove()


def _built(network: Network, folder: Path, database: str, redis: str, port: int) -> Site:
    settings = Settings.from_env(
        database_url=database,
        redis_url=redis,
        secret_key="only for a proof, and the same on both machines",
        port=8000,
        web_processes=1,
        workers=2,
        channel="log",
        tools=(*BUILT_IN_TOOLS, "tests.tools"),
        var=folder / "var",
    )
    app = create_app(settings)
    upgrade(app)
    desk = furnished(app, people=PEOPLE, talks=TALKS)
    _resolve(desk, desk.conversations[-2:])
    nodes = {}
    for name in NODES:
        var = folder / name
        var.mkdir()
        nodes[name] = Node(network, name, _environment(settings), var)
    return Site(network, nodes, port, app, desk, settings, folder)


def _environment(settings: Settings) -> dict[str, str]:
    return roles.environment(settings) | {
        "CONSOLE_BIND": "0.0.0.0",
        "CONSOLE_TRUSTED_PROXIES": "1",
        "CONSOLE_WEB_PROCESSES": "1",
        "CONSOLE_TOOLS": ",".join(settings.tools),
        "CONSOLE_UNDO_SECONDS": "0",
        "CONSOLE_SWEEP_GRACE_SECONDS": "1",
        "CONSOLE_LOGIN_LIMIT": "1000 per minute",
    }


def _resolve(desk: Desk, ids: list[int]) -> None:
    """Conversations that a bulk send may go to."""
    with desk.app.app_context(), transaction():
        for one in ids:
            found = conversations.resolve(one, f"operator:{desk.operators[0]}")
            customer = db.session.get(Customer, found.customer_id)
            assert customer is not None
            customer.email = f"customer{one}@example.com"
