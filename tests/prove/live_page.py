"""One open page, as the browser keeps it: what static/js/stream.js, hx-sse and htmx do, without a browser.

What the page fetches, for which topics and how often at most stands in the page that the console sent.
"""

from __future__ import annotations

import asyncio
import html
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.prove.live_http import Address, Unreachable, get, stream

JITTER, JITTERED_EVERY = 0.06, 0.25
RETRY, LONGEST_RETRY, RETRY_JITTER = 0.5, 0.7, 0.3
RETRY_FETCH = 2.0
LAST_CHUNK = b"0\r\n"
QUIET = frozenset({"open", "heartbeat"})

_LIVE = re.compile(r'hx-sse:connect="([^"]+)"')
_REGION = re.compile(
    r'<\w+ [^>]*?id="([\w-]+)"[^>]*?hx-get="([^"]+)"[^>]*?hx-trigger="([^"]+)"[^>]*?data-live'
)
_TRIGGER = re.compile(r"([\w-]+) from:body throttle:(\d+)(ms|s)")
_CHANGES_BY_ITSELF = re.compile(rb"<time\b.*?</time>|<svg\b.*?</svg>", re.S)
_TAGS = re.compile(rb"<[^>]*>")


def words(body: bytes) -> bytes:
    """What a reader sees of a part of a page, but for the ages that the browser keeps ticking itself."""
    return b" ".join(_TAGS.sub(b" ", _CHANGES_BY_ITSELF.sub(b"", body)).split())


@dataclass
class Region:
    """A part of the page that keeps itself fresh."""

    name: str
    url: str
    throttles: dict[str, float]
    """Seconds, by the event that refreshes it."""
    tag: str = ""
    shown: int = 0
    """What it shows, as a hash."""
    since: float = 0.0
    """When it came to show that."""
    asked: float = 0.0
    """When the page wanted what was then answered with that."""
    wanted: float = 0.0
    wanted_again: float = 0.0
    fetches: int = 0
    busy: bool = False
    again: bool = False
    waiting: set[str] = field(default_factory=set)
    """Events whose window of peace is not over."""
    remembered: set[str] = field(default_factory=set)


class Page:
    """An open page of one signed-in browser."""

    def __init__(self, address: Address, cookie: str, path: str, *, slow: bool = False) -> None:
        self.address, self.cookie, self.path, self.slow = address, cookie, path, slow
        self.regions: list[Region] = []
        self.live = ""
        self.connected = 0.0
        """When its stream was last opened; 0 while it has none."""
        self.disconnected = 0.0
        self.connections = 0
        self.ended = 0.0
        """When the console refused it another stream."""
        self.heard: dict[str, float] = {}
        self.awake = asyncio.Event()
        self.writer: asyncio.StreamWriter | None = None
        self._jittered = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        if not slow:
            self.awake.set()

    async def open(self) -> None:
        """Fetch the page and begin to live. Raises Unreachable, and ValueError for a page that is not live."""
        answer = await get(self.address, self.path, self.cookie)
        text = answer.body.decode()
        found = _LIVE.search(text)
        if found is None:
            raise ValueError(f"{self.path} answered {answer.status} and is not live.")
        self.regions = list(_regions(text))
        self.listen(html.unescape(found[1]))

    def listen(self, live: str) -> None:
        """Open the stream at this address, and again whenever it ends."""
        self.live = live
        self._spawn(self._live())

    def close(self) -> None:
        """Close the tab."""
        for task in self._tasks:
            task.cancel()
        self.cut()

    def cut(self) -> None:
        """Lose the connection of the stream, as a network does."""
        if self.writer is not None:
            self.writer.transport.abort()

    def wake(self) -> None:
        """Read again, after however long."""
        self.awake.set()

    def look(self) -> None:
        """Fetch every region."""
        for region in self.regions:
            self._fetch(region)

    async def _live(self) -> None:
        attempt = 0
        while True:
            try:
                reader, self.writer, status = await stream(
                    self.address, self.live, self.cookie, narrow=self.slow
                )
                if status == 401:
                    self.ended = time.monotonic()
                    return
                attempt, self.connected = 0, time.monotonic()
                self.connections += 1
                self.look()
                await self._read(reader)
            except (OSError, Unreachable, asyncio.IncompleteReadError):
                pass
            finally:
                if self.connected:
                    self.connected, self.disconnected = 0.0, time.monotonic()
                self.cut()
            attempt += 1
            pause = min(RETRY * 2 ** (attempt - 1), LONGEST_RETRY)
            await asyncio.sleep(pause * random.uniform(1 - RETRY_JITTER, 1 + RETRY_JITTER))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        name = b""
        while True:
            await self.awake.wait()
            line = await reader.readline()
            if not line or line == LAST_CHUNK:
                return
            if line.startswith(b"event: "):
                name = line[7:].strip()
            elif name and not line.strip():
                await self._hear(name.decode())
                name = b""

    async def _hear(self, event: str) -> None:
        now = time.monotonic()
        self.heard[event] = now
        if event in QUIET or not self.regions:
            return
        if now - self._jittered >= JITTERED_EVERY:
            self._jittered = now
            await asyncio.sleep(random.random() * JITTER)
        for region in self.regions:
            if event == "resync":
                self._fetch(region)
            elif event in region.throttles:
                self._throttled(region, event)

    def _throttled(self, region: Region, event: str) -> None:
        """At once, and then at most once a window: what comes in between is remembered for its end."""
        if event in region.waiting:
            region.remembered.add(event)
            return
        if region.throttles[event]:
            region.waiting.add(event)
            asyncio.get_running_loop().call_later(region.throttles[event], self._window_over, region, event)
        self._fetch(region)

    def _window_over(self, region: Region, event: str) -> None:
        region.waiting.discard(event)
        if event in region.remembered:
            region.remembered.discard(event)
            self._throttled(region, event)

    def _fetch(self, region: Region) -> None:
        """One request at a time, and one that waits for its end: htmx's own order."""
        if region.busy:
            region.wanted_again = region.wanted_again if region.again else time.monotonic()
            region.again = True
            return
        region.busy, region.wanted = True, time.monotonic()
        self._spawn(self._refresh(region))

    async def _refresh(self, region: Region) -> None:
        try:
            while True:
                region.again = False
                region.fetches += 1
                answer = await get(self.address, region.url, self.cookie, tag=region.tag, htmx=True)
                if answer.status >= 500:
                    raise Unreachable(region.url)
                if answer.status == 200:
                    region.tag = answer.tag
                    shown = hash(words(answer.body))
                    if shown != region.shown:
                        region.shown, region.since, region.asked = shown, time.monotonic(), region.wanted
                if not region.again:
                    return
                region.wanted = region.wanted_again
        except (OSError, Unreachable):
            # The page tries again (static/js/region.js).
            pause = RETRY_FETCH * random.uniform(0.75, 1.25)
            asyncio.get_running_loop().call_later(pause, self._fetch, region)
        finally:
            region.busy = False

    def _spawn(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _regions(text: str) -> Iterator[Region]:
    for name, url, triggers in _REGION.findall(text):
        throttles = dict.fromkeys(re.findall(r"([\w-]+) from:body", triggers), 0.0)
        for event, number, unit in _TRIGGER.findall(triggers):
            throttles[event] = int(number) / (1000 if unit == "ms" else 1)
        throttles.pop("resync", None)
        yield Region(name, html.unescape(url), throttles)
