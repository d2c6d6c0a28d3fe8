"""Agents: a process of the host application that asks through the facade, since there is no page for them.

python -m tests.prove.stormy.agents SEED FOLDER PLAIN MOST CONVERSATION …
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from console import create_app, governance, queue
from console.config import Settings
from console.db import db
from console.governance import ToolContext

NAME = "iris"
ACTOR = f"agent:{NAME}"
LOOK_AFTER = 25
"""Requests after which an agent looks at the queue."""
KINDS = {
    "tell_carrier": 7, "ring_bell": 5, "write_down": 4, "call_carrier": 2, "press_button": 2, "fleeting": 4,
}  # fmt: skip
"""What they ask for beside plain look-ups, and how often."""

Got = TypeVar("Got")


def work(random: Random, folder: Path, plain: int, most: int, conversations: list[int]) -> None:
    """Ask until the file `stop` appears; each answer is a line: the mark, its lane, and its state.

    Of a hundred requests `plain` are look-ups. With more than `most` jobs in the queue they wait until it is empty.
    """
    number = 0
    with (folder / "agents.txt").open("a", buffering=1) as told:
        while not (folder / "stop").exists():
            number += 1
            if number % LOOK_AFTER == 0 and _queued() > most:
                # Whoever keeps the workers busy without a pause keeps deliveries and the sweep from them.
                while _queued():
                    time.sleep(0.05)
            tool = "look_up"
            if random.randrange(100) >= plain:
                tool = random.choices(list(KINDS), list(KINDS.values()))[0]
            mark = f"{tool}-{ACTOR}-{os.getpid()}-{number}"
            context = ToolContext(
                tool_params={"mark": mark},
                conversation_id=random.choice(conversations),
                idempotency_token=mark,
            )
            told.write(f"{mark} {insist(partial(_ask, tool, context))}\n")


def _ask(tool: str, context: ToolContext) -> str:
    """The lane that came of it, and its state."""
    lane = governance.submit(tool, ACTOR, context).lane
    return f"{lane.id} {lane.status}" if lane else "0 none"


def _queued() -> int:
    """How many actions wait for a worker, as far as anybody knows."""
    with suppress(RedisError):
        return int(queue.redis().llen(f"rq:queue:{queue.ACTIONS}"))
    return 0


def insist(ask: Callable[[], Got]) -> Got:
    """Ask until an answer comes."""
    while True:
        try:
            return ask()
        except DBAPIError:
            time.sleep(0.1)
        finally:
            with suppress(DBAPIError):
                db.session.rollback()


def main(seed: str, folder: str, plain: str, most: str, *conversations: str) -> None:
    """Work in the console of the environment."""
    with create_app(Settings.from_env()).app_context():
        work(
            Random(f"agents {seed}"), Path(folder), int(plain), int(most), [int(one) for one in conversations]
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
