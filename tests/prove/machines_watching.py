"""Open pages beside operators at work: an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

from tests.prove.live_page import Page
from tests.prove.machines_people import Browser
from tests.prove.machines_site import Site

BACK_SECONDS = 10.0
HEAR_SECONDS = 2.0


class Watching:
    """Pages that stay open through the balancer, some of them on each machine."""

    def __init__(self, port: int, browser: Browser, path: str, number: int) -> None:
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        self.pages = [Page(("127.0.0.1", port), cookie, path) for _ in range(number)]
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        for page in self.pages:
            self._run(page.open())

    def connected(self, seconds: float) -> float:
        """Seconds until every page has its stream; infinite when one has none in time."""
        return until(lambda: all(page.connected for page in self.pages), seconds)

    def hear(self, event: str, since: float, seconds: float) -> float:
        """Seconds until every page has heard of a change that came after `since`."""
        return until(lambda: all(page.heard.get(event, 0) > since for page in self.pages), seconds)

    def heard_last(self, site: Site) -> list[str]:
        """What stands against each page being connected and hearing of a change that comes now."""
        if self.connected(BACK_SECONDS) > BACK_SECONDS:
            return ["a page has no stream at the end"]
        time.sleep(1)
        started = time.monotonic()
        site.desk.write(site.desk.conversations[0])
        heard = self.hear("inbox", started, HEAR_SECONDS)
        return [] if heard <= HEAR_SECONDS else ["a page did not hear of the last change"]

    def close(self) -> None:
        """Close them all."""

        async def closed() -> None:
            for page in self.pages:
                page.close()

        self._run(closed())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


def until(holds: Callable[[], bool], seconds: float) -> float:
    """Seconds until something is true; infinite when it is not in time."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if holds():
            return time.monotonic() - started
        time.sleep(0.02)
    return float("inf")
