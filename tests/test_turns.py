"""Who waits when many read at once, and who never does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from console import turns
from console.turns import Turns, arrived

PATIENCE = 5


class Busy:
    """An application that answers when it is let."""

    def __init__(self) -> None:
        self.at_work: list[str] = []
        self.came = threading.Condition()
        self.ends = threading.Semaphore(0)

    def __call__(self, environ: dict[str, Any], start_response: object) -> Iterable[bytes]:
        with self.came:
            self.at_work.append(environ["PATH_INFO"])
            self.came.notify_all()
        assert self.ends.acquire(timeout=PATIENCE)
        return [b"done"]

    def has(self, *paths: str) -> bool:
        """Whether exactly these have come to work, in time."""
        with self.came:
            return self.came.wait_for(lambda: self.at_work == list(paths), PATIENCE)


@pytest.fixture
def busy() -> Iterator[tuple[Busy, Callable[..., None]]]:
    app = Busy()
    gate, threads = Turns(app, at_once=2), list[threading.Thread]()

    def ask(path: str, method: str = "GET") -> None:
        environ = EnvironBuilder(path=path, method=method).get_environ()
        threads.append(threading.Thread(target=lambda: gate(environ, lambda *_: lambda _: None)))
        threads[-1].start()

    yield app, ask
    app.ends.release(len(threads))
    for thread in threads:
        thread.join(PATIENCE)


def test_so_many_read_at_once_and_the_others_follow_as_they_came(
    busy: tuple[Busy, Callable[..., None]],
) -> None:
    app, ask = busy
    for number, path in enumerate(("/inbox", "/approvals"), 1):
        ask(path)
        assert app.has(*("/inbox", "/approvals")[:number])
    ask("/audit")
    threading.Event().wait(0.05)
    ask("/bulk")
    threading.Event().wait(0.05)
    assert app.has("/inbox", "/approvals")
    app.ends.release()
    assert app.has("/inbox", "/approvals", "/audit")
    app.ends.release()
    assert app.has("/inbox", "/approvals", "/audit", "/bulk")


def test_what_writes_streams_or_tells_of_health_does_not_wait(busy: tuple[Busy, Callable[..., None]]) -> None:
    app, ask = busy
    asked = [
        ("/inbox", "GET"), ("/inbox", "HEAD"), ("/login", "POST"), ("/live", "GET"), ("/healthz", "GET"),
        ("/login/oidc/back", "GET"),
    ]  # fmt: skip
    for number, (path, method) in enumerate(asked, 1):
        ask(path, method)
        assert app.has(*[path for path, _ in asked[:number]])


def test_who_waited_for_too_long_goes_in(
    busy: tuple[Busy, Callable[..., None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, ask = busy
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.05)
    for number in range(1, 4):
        ask("/inbox")
        assert app.has(*["/inbox"] * number)


def test_the_time_in_line_counts() -> None:
    before = perf_counter()
    seen: list[float] = []
    gate = Turns(lambda environ, _: [seen.append(arrived(environ)) or b""], at_once=1)
    gate(EnvironBuilder(path="/inbox").get_environ(), lambda *_: lambda _: None)
    assert before <= seen[0] <= perf_counter()
