"""Logs through structlog: JSON lines in production, readable ones in development, a request's id from edge to job.

Names and numbers go in; never what a customer or an operator wrote, never a secret, never a token.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict, Processor

from console.config import Settings
from console.turns import arrived

HIDDEN = re.compile(r"password|token|secret|credential|authorization|cookie|body|(?:^|_)key$", re.IGNORECASE)
DOTS = "•••"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUOTED_DATA = re.compile(r"^(?:DETAIL|CONTEXT): .*$|\[parameters: .*$", re.MULTILINE)
QUIET = {"/healthz", "/readyz", "/metrics"}
"""Asked every few seconds by machines; only their failures are worth a line."""

log = structlog.get_logger("console.request")


def configure(settings: Settings) -> None:
    """Send every log of this process, the libraries' included, through one set of processors."""
    clock = "iso" if settings.production else "%H:%M:%S"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt=clock, utc=settings.production),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.production
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name, level in {
        "rq": logging.WARNING,
        "alembic": logging.WARNING,
        "gunicorn.error": logging.INFO,
    }.items():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(level)


def hide_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Put dots where a value is nobody's business, and cut the data that databases quote in their errors."""
    for name in event:
        if HIDDEN.search(name):
            event[name] = DOTS
    for name in ("event", "exception"):
        if isinstance(event.get(name), str):
            event[name] = _QUOTED_DATA.sub(DOTS, event[name])
    return event


def init_app(app: Flask) -> None:
    """Give each request an id and, at its end, a line."""
    settings: Settings = app.extensions["settings"]

    def begin() -> None:
        given = request.headers.get("X-Request-ID", "") if settings.trusted_proxies else ""
        g.request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        if request.path not in QUIET and request.endpoint != "static":
            milliseconds = round((time.perf_counter() - arrived(request.environ)) * 1000, 1)
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=milliseconds,
            )
        return response

    app.before_request(begin)
    app.after_request(end)


def request_id() -> str | None:
    """The id of the request that is being answered, or of the one that sent the job that is running."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return str(found) if found else None
