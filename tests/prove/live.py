"""A thousand open pages on two web processes, some of which read slowly, while what they show changes, connections
break, and what serves them is killed: every page ends current, in even memory, without a stampede.

    python -m tests.prove.parts live [--short]

Each page lives as one in a browser does (live_page.py). A round is one kind of trouble and some changes in it; then
each page that shows one of them is compared with what the console answers when it is asked afresh.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import dataclass
from unittest.mock import patch

from console.config import BUILT_IN_TOOLS
from tests.bench.stack import Stack, stack
from tests.prove.claims import Claim, Protection
from tests.prove.live_crowd import Crowd
from tests.prove.live_desk import furnished, sign_in
from tests.prove.live_judging import claims
from tests.prove.live_machine import Machine
from tests.prove.live_rounds import Rounds

PROTECTIONS = (
    Protection(
        "live_pages_end_current", "console/live.py", "            self.resync()\n", "            pass\n"
    ),
    Protection(
        "live_memory_is_flat",
        "console/streams.py",
        "self._pending[topic] = event",
        "self._pending[f'{topic} {len(self._pending)}'] = event",
    ),
    Protection(
        "live_no_stampede",
        "templates/shell/_macros.html",
        'live(url, topics, pace="throttle:250ms")',
        'live(url, topics, pace="")',
    ),
    Protection(
        "live_slow_readers_slow_nobody",
        "console/live.py",
        "readers = list(self._by_topic.get(topic, ()))",
        "readers = list(self._streams)",
    ),
    Protection(
        "live_deactivated_streams_end",
        "console/live.py",
        "if current.get(stream.sign_in_id) != stream.grants:",
        "if current.get(stream.sign_in_id) == '':",
    ),
)


@dataclass(frozen=True)
class Scale:
    """How much of everything."""

    pages: int
    slow: int
    talks: int
    seconds: float
    """How long memory is watched."""
    pause: float
    """Between two rounds."""
    flood: int
    """Announcements to slow readers in a flood."""


SHORT = Scale(pages=100, slow=6, talks=30, seconds=10, pause=0.1, flood=2_000)
LONG = Scale(pages=980, slow=20, talks=300, seconds=600, pause=6, flood=1_000)
PEOPLE = 4


def prove(short: bool) -> list[Claim]:
    """Run it, and say what came of each promise."""
    scale = SHORT if short else LONG
    tools = (*BUILT_IN_TOOLS, "tests.tools")
    with (
        patch.dict(os.environ, {"CONSOLE_WEB_PROCESSES": "2"}),
        stack(workers=False, tools=tools) as running,
    ):
        return asyncio.run(_proved(running, scale))


async def _proved(running: Stack, scale: Scale) -> list[Claim]:
    desk = furnished(running.app, people=PEOPLE + 1, talks=scale.talks)
    address = ("127.0.0.1", running.settings.port)
    cookies = [sign_in(*address, number) for number in range(PEOPLE + 1)]
    crowd = Crowd(address, desk, cookies[:PEOPLE], scale.pages, scale.slow)
    machine = Machine(running)
    rounds = Rounds(crowd, desk, machine, cookies[PEOPLE], scale.flood)
    floor = await rounds.latencies()
    await crowd.open()
    await crowd.price()
    await rounds.beside_slow_readers()
    threading.Thread(target=machine.sample, args=(scale.seconds / 150 + 0.2,), daemon=True).start()
    try:
        await rounds.killed()
        began = time.monotonic()
        turn, kinds = 0, (rounds.deafened, rounds.burst, rounds.flood, rounds.dropped, rounds.calm)
        while turn < len(kinds) or time.monotonic() - began < scale.seconds:
            await kinds[turn % len(kinds)]()
            turn += 1
            await asyncio.sleep(scale.pause)
        watched = machine.thirds(began, time.monotonic())
        ended = await rounds.deactivated(desk.operators[PEOPLE])
        await rounds.killed()
        await rounds.deafened()
        await rounds.at_the_end()
    finally:
        machine.stop()
        for page in (*crowd.pages, *crowd.slow):
            page.close()
    return claims(rounds, floor, watched, ended, scale.seconds)
