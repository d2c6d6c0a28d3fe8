"""Who is served next, when many ask at once.

After a lost connection a thousand pages fetch what they show in the same moment. Each of them would hold a request, a
session and half a page while it waits for a connection to the database; in line before all that, it holds its socket.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING

from flask import Flask

from console.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ARRIVED = "console.arrived"
AT_ONCE = re.compile(r"/(?:live|healthz|readyz|metrics|login.*)")
"""Streams, which stay; what says whether anyone is served at all; and what may wait for an identity provider."""
PATIENCE_SECONDS = 20.0
"""Who has waited for this long asks the database and hears what is wrong with it."""


class Turns:
    """A WSGI application in front of another, which lets so many read at once; the others follow as they came.

    What writes does not wait here: its body comes as slowly as its sender likes.
    """

    def __init__(self, app: WSGIApplication, at_once: int) -> None:
        self._app = app
        self._turns = threading.BoundedSemaphore(at_once)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, when it is this one's turn."""
        environ[ARRIVED] = perf_counter()
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or AT_ONCE.fullmatch(environ["PATH_INFO"]):
            return self._app(environ, start_response)
        mine = self._turns.acquire(timeout=PATIENCE_SECONDS)
        try:
            return self._app(environ, start_response)
        finally:
            if mine:
                self._turns.release()


def arrived(environ: WSGIEnvironment) -> float:
    """When this request came in, as of `perf_counter`: its time in line counts."""
    return float(environ.get(ARRIVED) or perf_counter())


def init_app(app: Flask) -> None:
    """As many at once as there are connections to the database: one more would wait for one of them."""
    settings: Settings = app.config["SETTINGS"]
    app.wsgi_app = Turns(app.wsgi_app, settings.database_pool)  # type: ignore[method-assign]
