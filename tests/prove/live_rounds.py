"""What happens to the open pages, a round at a time, and what is noted of each."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from random import Random

from tests.prove.live_crowd import Crowd, Late
from tests.prove.live_desk import Desk
from tests.prove.live_machine import Machine
from tests.prove.live_page import Page

DROPPED = 0.05
BURST, BURST_PAUSE = 40, 0.04
PROBES = 20
ROUNDS = 25
EDGES = 2
"""Fetches of a burst besides one a window: at its begin and at its end."""


@dataclass
class Rounds:
    """Trouble, changes, and what came of them."""

    crowd: Crowd
    desk: Desk
    machine: Machine
    leaver: str
    """The cookie of the operator who is deactivated."""
    announcements: int
    """To slow readers, in a flood."""
    lateness: dict[str, list[Late]] = field(default_factory=lambda: defaultdict(list))
    too_many: list[str] = field(default_factory=list)
    in_bursts: list[float] = field(default_factory=list)
    """Fetches of a region for a burst of so many changes."""
    counts: Counter[str] = field(default_factory=Counter)
    beside: list[float] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    """Bytes that the system keeps for each slow reader."""
    random: Random = field(default_factory=lambda: Random(7))

    async def calm(self) -> None:
        """Some conversations change, and an action is asked for and refused."""
        fetched = self.crowd.fetches()
        await self._judge("calm", await self._change(4), fetched)

    async def burst(self) -> None:
        """One conversation changes many times."""
        [talk] = self._some(1)
        regions = [
            (page, region, region.fetches)
            for page in self.crowd.showing([talk])
            for region in page.regions
            if region.throttles
        ]
        connections = {id(page): page.connections for page, _, _ in regions}
        began = time.monotonic()
        fetched = self.crowd.fetches()
        for _ in range(BURST):
            await asyncio.to_thread(self.desk.write, talk)
            await asyncio.sleep(BURST_PAUSE)
        ended = time.monotonic()
        await self._judge("burst", [talk], fetched, ended)
        for page, region, before in regions:
            fetched, pause = region.fetches - before, max(region.throttles.values())
            if page.connections != connections[id(page)]:
                continue
            self.in_bursts.append(fetched)
            most = ceil((ended - began) / pause) + EDGES if pause else EDGES
            if fetched > most:
                self.too_many.append(
                    f"{page.path}, {region.name}: {fetched} fetches in {ended - began:.1f} s, at most {most}"
                )

    async def dropped(self) -> None:
        """Some pages lose their connection, and changes come while they are away."""
        fetched = self.crowd.fetches()
        for page in self.random.sample(self.crowd.pages, ceil(len(self.crowd.pages) * DROPPED)):
            page.cut()
        await self._judge("connections dropped", await self._change(4), fetched)

    async def killed(self) -> None:
        """A web process is killed, and changes come while its pages are away."""
        fetched = self.crowd.fetches()
        await asyncio.to_thread(self.machine.kill_one)
        await self._judge("web process killed", await self._change(4), fetched, servers=1)

    async def deafened(self) -> None:
        """The web processes lose the connections on which they listen, and a change comes before they are back."""
        [talk], fetched = self._some(1), self.crowd.fetches()
        await asyncio.to_thread(self.machine.deafen)
        await asyncio.to_thread(self.desk.write, talk)
        await self._judge("LISTEN connection ended", [talk], fetched)

    async def flood(self) -> None:
        """What only slow readers show is announced thousands of times, while others change."""
        fetched, topics = self.crowd.fetches(), self.desk.unread
        flooding = asyncio.create_task(
            asyncio.to_thread(self.machine.notify, topics, times=self.announcements, each=0)
        )
        self.counts["announcements to slow readers"] += self.announcements * len(topics)
        changed = await self._change(2)
        last = time.monotonic()
        await flooding
        await self._judge("slow readers flooded", changed, fetched, last)

    async def latencies(self, during: Sequence[str] = ()) -> list[float]:
        """How long an announcement takes to reach each of some streams, in milliseconds."""
        talk = self.desk.conversations[-1] + 1_000_000
        topic, event = f"conversation:{talk}", f"conversation-{talk}"
        probes = [Page(self.crowd.address, self.leaver, "") for _ in range(PROBES)]
        for probe in probes:
            probe.listen(f"/live?topics={topic}")
        while not all(event in probe.heard for probe in probes):
            await asyncio.to_thread(self.machine.notify, [topic], times=1, each=0.2)
        stop = asyncio.Event()
        noise = asyncio.create_task(self._trickle(during, stop)) if during else None
        times = []
        for _ in range(ROUNDS):
            await asyncio.sleep(0.1 + self.random.random() * 0.1)
            started = time.monotonic()
            await asyncio.to_thread(self.machine.notify, [topic], times=1, each=0.1)
            for _ in range(100):
                if all(probe.heard[event] >= started for probe in probes):
                    break
                await asyncio.sleep(0.05)
            times += [1000 * (probe.heard[event] - started) for probe in probes]
        stop.set()
        if noise:
            await noise
        for probe in probes:
            probe.close()
        return [ms if ms >= 0 else float("inf") for ms in times]

    async def beside_slow_readers(self) -> None:
        """The same while slow readers, whose buffers are full, are told something all the time."""
        readers, port = len(self.crowd.slow), self.crowd.address[1]
        times = await asyncio.to_thread(self.machine.fill, self.desk.unread, port, readers)
        self.counts["announcements to slow readers"] += times * len(self.desk.unread)
        self.unread = self.machine.unread(port)
        self.beside += await self.latencies(during=self.desk.unread)

    async def deactivated(self, operator_id: int) -> list[float]:
        """Somebody's account is taken away while their pages are open: seconds until each of their streams ended."""
        pages = [Page(self.crowd.address, self.leaver, path) for path in ["/inbox", "/approvals"] * 5]
        for page in pages:
            await page.open()
        while not all(page.connected for page in pages):
            await asyncio.sleep(0.1)
        left = await asyncio.to_thread(self.desk.deactivate, operator_id)
        while time.monotonic() < left + 8 and not all(page.ended for page in pages):
            await asyncio.sleep(0.1)
        for page in pages:
            page.close()
        return [page.disconnected - left if page.ended else float("inf") for page in pages]

    async def at_the_end(self) -> None:
        """Slow readers read again; when all is quiet, every region of every page is compared."""
        for page in self.crowd.slow:
            page.wake()
        await asyncio.sleep(2)
        await self.crowd.settled(30)
        pages = [*self.crowd.pages, *self.crowd.slow]
        now, fetched = time.monotonic(), self.crowd.fetches()
        self.lateness["at the end"] += await self.crowd.late(pages, now, fetched=fetched, servers=2)

    async def _change(self, talks: int) -> list[int]:
        """Changes of so many conversations, and an action that is asked for in one and refused in another."""
        some = self._some(talks)
        for talk in some:
            await asyncio.to_thread(self.desk.write, talk)
        lane = await asyncio.to_thread(self.desk.ask, some[0])
        await asyncio.to_thread(self.desk.ask, some[-1])
        await asyncio.to_thread(self.desk.refuse, lane)
        return some

    def _some(self, number: int) -> list[int]:
        return self.random.sample(self.desk.conversations[1:], number)

    async def _judge(
        self, kind: str, talks: list[int], fetched: int, last: float | None = None, servers: int = 2
    ) -> None:
        changed = last or time.monotonic()
        self.counts[kind] += 1
        pages = self.crowd.showing(talks)
        while not all(page.connected for page in pages):
            await asyncio.sleep(0.05)
        self.lateness[kind] += await self.crowd.late(pages, changed, fetched=fetched, servers=servers)
        await self.crowd.settled(30)
        self.counts["fetches"] += self.crowd.fetches() - fetched

    async def _trickle(self, topics: Sequence[str], stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.to_thread(self.machine.notify, list(topics), times=100, each=0.005)
            self.counts["announcements to slow readers"] += 100 * len(topics)
