"""What a page, a search and the sweep cost in a small crowd and in a large one, asked in turn with the floor page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import NamedTuple

from psutil import NoSuchProcess, Process

from console.governance.stale import MOST_COUNTED
from jobs.sweep import sweep
from tests.bench.floor import Ask, caller, in_turn
from tests.bench.stack import Stack, spread
from tests.prove.growth_plans import Asked, Explainer, Seen, asked, looked_at, touched
from tests.prove.growth_pour import Crowd

AGAIN = 3
"""How much longer a page is measured that seemed to cost more, before it counts."""
MORE_ROWS = 500
"""Rows beyond a fifth more that a page may look at."""
DEEPER, MORE_PAGES = 1.5, 500
"""Pages that it may touch, as a multiple and beyond it: each level of an index is one more for every row."""
COUNTED_ROWS = 2 * MOST_COUNTED
"""The same where lanes are counted, up to a limit: each as an entry of an index and as a row."""


@dataclass(frozen=True)
class Side:
    """A console with its crowd, and somebody signed in."""

    running: Stack
    crowd: Crowd
    cookie: str

    @property
    def port(self) -> int:
        return self.running.settings.port

    def ask(self, path: str) -> Callable[[], float]:
        return caller(self.port, path, self.cookie)


class Cost(NamedTuple):
    """Milliseconds of one page, side by side."""

    name: str
    small: list[float]
    large: list[float]
    floor: list[float]

    @property
    def growth(self) -> float:
        """How many times as much it costs in the large crowd: pair by pair, so that noise hits both."""
        return median(large / small for small, large in zip(self.small, self.large, strict=True))

    @property
    def to_floor(self) -> float:
        return median(large / floor for large, floor in zip(self.large, self.floor, strict=True))

    def __str__(self) -> str:
        return f"{self.name}: {spread(self.large)}; {self.growth:.2f} times the small one; {self.to_floor:.2f} floors"


class Read(NamedTuple):
    """What a page made the database do."""

    name: str
    small_rows: int
    small_pages: int
    statements: Sequence[Asked]
    seen: Sequence[Sequence[Seen]]

    def broken(self) -> list[str]:
        """What of it grows."""
        rows, most = looked_at(self.seen), 1.2 * self.small_rows + MORE_ROWS
        counts = self.name.startswith("/admin/lanes")
        most += COUNTED_ROWS if counts else 0
        pages, most_pages = touched(self.seen), DEEPER * self.small_pages + MORE_PAGES
        most_pages += COUNTED_ROWS if counts else 0
        through = sorted({table for plans in self.seen for one in plans for table in one.through})
        return [
            *([f"{self.name} reads {', '.join(through)} from end to end"] if through else []),
            *([f"{self.name} looks at {rows} rows, and at {self.small_rows} before"] if rows > most else []),
            *(
                [f"{self.name} touches {pages} pages, and {self.small_pages} before"]
                if pages > most_pages
                else []
            ),
        ]


def costs(
    small: Side, large: Side, floor: int, paths: Sequence[dict[str, str]], rounds: int, flat: float
) -> list[Cost]:
    """Each page of both crowds in turn."""
    return [
        _cost(
            name,
            (small.ask(paths[0][name]), large.ask(paths[1][name]), caller(floor, "/floor")),
            rounds,
            flat,
        )
        for name in paths[0]
    ]


def _cost(name: str, asks: Sequence[Ask], rounds: int, flat: float) -> Cost:
    """What seems to cost more is measured again, for longer."""
    cost = Cost(name, *in_turn(rounds, asks))
    return cost if cost.growth <= flat else Cost(name, *in_turn(AGAIN * rounds, asks))


def reads(small: Side, large: Side, paths: Sequence[dict[str, str]]) -> list[Read]:
    """The statements of each page in both crowds, with their plans."""
    found = []
    explainers = [Explainer(side.crowd.url) for side in (small, large)]
    for name in paths[0]:
        both = []
        for side, explainer, its in zip((small, large), explainers, paths, strict=True):
            statements = _statements(side, its[name])
            both.append((statements, [explainer(one) for one in statements]))
        found.append(_read(name, both))
    return found


def swept(small: Side, large: Side, floor: int, rounds: int, flat: float) -> tuple[Cost, Read]:
    """The sweep of both crowds in turn, and what it made the database do; the same lanes are stuck in both."""
    asks = _sweeper(small), _sweeper(large), caller(floor, "/floor")
    with _on_one_processor():
        cost = _cost("the sweep", asks, rounds, flat)
    both = []
    for side in (small, large):
        with asked(side.running.app) as statements:
            sweep()
        both.append((statements, [*map(Explainer(side.crowd.url), statements)]))
    return cost, _read("the sweep", both)


def searched(large: Side, paths: dict[str, str], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each search in the large crowd."""
    return {name: in_turn(rounds, (large.ask(path),))[0] for name, path in paths.items()}


def _read(name: str, both: Sequence[tuple[Sequence[Asked], Sequence[Sequence[Seen]]]]) -> Read:
    (_, before), (statements, seen) = both
    return Read(name, looked_at(before), touched(before), statements, seen)


def _statements(side: Side, path: str) -> list[Asked]:
    with asked(side.running.app) as statements:
        client = side.running.app.test_client(use_cookies=False)
        answer = client.get(path, headers={"Cookie": side.cookie})
    assert answer.status_code == 200, f"{path}: {answer.status}"
    return statements


@contextmanager
def _on_one_processor() -> Iterator[None]:
    """Bring us and all servers together: a sweep goes back and forth so often that it takes a fifth longer on the side
    whose server happens to be on another processor than the one who asks."""
    processors = Process().cpu_affinity()
    _move(processors[:1])
    try:
        yield
    finally:
        _move(processors)


def _move(processors: list[int]) -> None:
    for process in (Process(), *Process().children(recursive=True)):
        with suppress(NoSuchProcess):
            process.cpu_affinity(processors)


def _sweeper(side: Side) -> Callable[[], float]:
    def ask() -> float:
        with side.running.app.app_context():
            started = perf_counter()
            sweep()
            return perf_counter() - started

    return ask
