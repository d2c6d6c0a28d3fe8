"""All the open pages of a run: how they are spread, and whether what they show is the truth."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tests.prove.live_desk import Desk
from tests.prove.live_http import Address, get
from tests.prove.live_page import Page, Region, words

NOT_STEADY = frozenset({"thread-head", "typing"})
"""Regions that say who else is here, which changes with every lost connection for seconds after it."""
CURRENT_SECONDS = 1.0
PATIENCE_SECONDS = 30.0
AT_ONCE = 24


@dataclass(frozen=True)
class Late:
    """How long after the last change, or after its page was back, a region asked for the truth and showed it."""

    page: str
    region: str
    seconds: float
    """Until it asked; infinite when it never came to show the truth."""
    shown: float
    back: bool
    """Whether its page was away in between."""
    allowed: float
    """A second, and the time that serving the fetches of this round takes by itself: an event waits its turn, too."""

    @property
    def too_late(self) -> bool:
        return self.seconds > self.allowed


class Crowd:
    """The pages."""

    def __init__(self, address: Address, desk: Desk, cookies: list[str], size: int, slow: int) -> None:
        self.address, self.desk = address, desk
        kinds = ["/inbox", "/approvals", *["conversation"] * 6]
        talks = desk.conversations[1:]
        self.pages: list[Page] = []
        self.cost = 0.0
        """Seconds of a processor that a fetch takes, by the measure of one that is alone."""
        for number in range(size):
            kind, cookie = kinds[number % len(kinds)], cookies[number // len(kinds) % len(cookies)]
            path = kind if kind != "conversation" else f"/conversations/{talks[number % len(talks)]}"
            self.pages.append(Page(address, cookie, path))
        self.slow = [Page(address, cookies[0], "", slow=True) for _ in range(slow)]

    async def open(self) -> None:
        """Open all of them, a few at a time, and wait until each has its stream."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(page: Page) -> None:
            async with gate:
                await page.open()

        await asyncio.gather(*(one(page) for page in self.pages))
        for page in self.slow:
            page.listen(f"/live?topics={','.join(self.desk.unread)}")
        await self.settled(120)

    async def settled(self, seconds: float) -> bool:
        """Whether every page has its stream and fetches nothing any more, in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pages = [*self.pages, *self.slow]
            if all(page.connected and not any(one.busy for one in page.regions) for page in pages):
                return True
            await asyncio.sleep(0.1)
        return False

    def showing(self, conversation_ids: Collection[int]) -> list[Page]:
        """The pages on which a change of these conversations is seen."""
        paths = {"/inbox", "/approvals", *(f"/conversations/{one}" for one in conversation_ids)}
        return [page for page in self.pages if page.path in paths]

    def fetches(self) -> int:
        return sum(region.fetches for page in self.pages for region in page.regions)

    async def price(self) -> None:
        """Learn what a fetch costs, of a mixture of all."""
        regions = [region for page in self.pages[:8] for region in page.regions]
        started = time.monotonic()
        for region in regions * 2:
            await get(self.address, region.url, self.pages[0].cookie, htmx=True)
        self.cost = (time.monotonic() - started) / (2 * len(regions))

    async def late(
        self, pages: Iterable[Page], changed: float, *, fetched: int, servers: int, steady: bool = True
    ) -> list[Late]:
        """For each region of these pages, how late it was; infinite when it never came to show the truth.

        `fetched`: fetches until the round began. `servers`: processes that served in it.
        """
        pages = list(pages)
        shown = [
            (page, region)
            for page in pages
            for region in page.regions
            if not (steady and region.name in NOT_STEADY)
        ]
        truth = await self._truth({(page.cookie, region.url) for page, region in shown})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if all(region.shown == truth[page.cookie, region.url] for page, region in shown):
                break
            await asyncio.sleep(0.1)
        work = (self.fetches() - fetched + len(truth)) * self.cost / servers
        allowed = CURRENT_SECONDS + work
        return [
            _late(page, region, truth[page.cookie, region.url], changed, allowed) for page, region in shown
        ]

    async def _truth(self, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
        gate = asyncio.Semaphore(4)

        async def one(cookie: str, url: str) -> int:
            async with gate:
                answer = await get(self.address, url, cookie, htmx=True)
                return hash(words(answer.body))

        asked = list(wanted)
        return dict(zip(asked, await asyncio.gather(*(one(*each) for each in asked)), strict=True))


def _late(page: Page, region: Region, truth: int, changed: float, allowed: float) -> Late:
    back = page.connected > changed
    if region.shown != truth:
        return Late(page.path, region.name, float("inf"), float("inf"), back, allowed)
    pause = 0.0 if back else max(region.throttles.values(), default=0.0)
    due = max(changed, page.connected) + pause
    return Late(page.path, region.name, region.asked - due, region.since - due, back, allowed)
