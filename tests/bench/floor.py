"""The floor that pages are measured against: what this stack costs before there is any product.

A bare Flask application behind the same web server: an empty route, and one indexed query of 50 rows with one
compiled template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from statistics import median
from time import perf_counter

from flask import Flask, render_template
from jinja2 import DictLoader
from sqlalchemy import select

from console.cli import roles
from console.config import Settings
from console.db import db
from console.models import Conversation
from console.processes import Process, stop_all
from tests.bench.stack import free_port, wait_until

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head><body>
<h1>{{ title }}</h1><table>{% for row in rows %}<tr id="row-{{ row.id }}">
<td><a href="/conversations/{{ row.id }}">{{ row.subject }}</a></td><td>{{ row.last_message_preview }}</td>
<td class="{{ row.status }}">{{ row.status }}</td><td>{{ row.channel }}</td>
<td><time datetime="{{ row.last_message_at.isoformat() }}">{{ row.last_message_at.strftime("%H:%M") }}</time></td></tr>
{% endfor %}</table></body></html>"""

Ask = Callable[[], float]


def build() -> Flask:
    """The bare application, on the database that the environment names."""
    app = Flask("floor")
    app.config["SQLALCHEMY_DATABASE_URI"] = Settings.from_env().database_url
    db.init_app(app)
    app.jinja_loader = DictLoader({"floor.html": PAGE})
    newest = (
        select(Conversation).order_by(Conversation.last_message_at.desc(), Conversation.id.desc()).limit(50)
    )

    @app.get("/empty")
    def empty() -> str:
        return ""

    @app.get("/floor")
    def floor() -> str:
        return render_template("floor.html", title="Inbox", rows=db.session.scalars(newest).all())

    return app


@contextmanager
def served(settings: Settings) -> Iterator[int]:
    """Serve the floor as the console is served; yields its port."""
    port = free_port()
    command = [
        word.replace("console.wsgi:app", "tests.bench.floor:build()").replace(f":{settings.port}", f":{port}")
        for word in roles.web_command(settings)
    ]
    process = Process("floor", command, roles.environment(settings), log_file=settings.var / "floor.log")
    process.start()
    try:
        wait_until(port, "/empty")
        yield port
    finally:
        stop_all([process], seconds=5)


def caller(port: int, path: str, cookie: str = "") -> Ask:
    """A function that asks for `path` over one kept connection and returns the seconds until the last byte."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Cookie": cookie} if cookie else {}

    def ask() -> float:
        started = perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        seconds = perf_counter() - started
        assert answer.status == 200 and (body or path == "/empty"), answer.status
        return seconds

    return ask


def in_turn(rounds: int, asks: Sequence[Ask]) -> list[list[float]]:
    """Milliseconds of each, asked in turn, so that a busy machine slows all of them."""
    for ask in list(asks) * 8:
        ask()
    times = [[1000 * ask() for ask in asks] for _ in range(rounds)]
    return [list(one) for one in zip(*times, strict=True)]


def ratio(pages: Sequence[float], floors: Sequence[float]) -> str:
    """How many floor pages a page costs, as words."""
    pairs = median(page / floor for page, floor in zip(pages, floors, strict=True))
    return f"{median(pages) / median(floors):.2f} by medians, {pairs:.2f} pair by pair"
