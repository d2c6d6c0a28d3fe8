"""Telling the carrier: a real HTTP server on the other side, which answers as each test needs."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask

from console.shop import state
from console.shop.tools import notify_carrier
from console.tools import PermanentToolError, ToolError
from tests.shop.small import call


@dataclass
class Carrier:
    """What it was told, and what it answers."""

    url: str = ""
    answer: int = 202
    heard: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    found = Carrier()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.heard.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(found.answer)
            if 300 <= found.answer < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/notices"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def point_to(app: Flask, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    changed = app.extensions["settings"].model_copy(update={"carrier_url": url})
    monkeypatch.setitem(app.extensions, "settings", changed)


def tell(order_id: str = "#W2") -> dict[str, Any]:
    return call("notify_carrier", order_id=order_id, message="Ring twice.")


def test_the_carrier_hears_the_message_once_with_the_effect_key(
    app: Flask, shop: state.Tables, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(app, monkeypatch, carrier.url)
    assert tell()["summary"] == "The carrier was told about order #W2."
    [(path, headers, body)] = carrier.heard
    assert path == "/notices"
    assert headers["Idempotency-Key"] == "e" * 64
    assert headers["Content-Type"] == "application/json"
    assert body == {"order_id": "#W2", "message": "Ring twice.", "tracking_ids": ["T1"]}


@pytest.mark.parametrize(
    ("answer", "again"),
    [(500, True), (503, True), (429, True), (400, False), (404, False), (301, False), (307, False)],
)
def test_a_busy_carrier_is_asked_again_and_a_refusal_is_final(
    app: Flask,
    shop: state.Tables,
    carrier: Carrier,
    monkeypatch: pytest.MonkeyPatch,
    answer: int,
    again: bool,
) -> None:
    point_to(app, monkeypatch, carrier.url)
    carrier.answer = answer
    with pytest.raises(ToolError, match=f"answer {answer}") as failure:
        tell()
    assert isinstance(failure.value, PermanentToolError) is not again
    assert len(carrier.heard) == 1, "no redirect is followed"


def test_a_carrier_that_is_not_there_is_asked_again(
    app: Flask, shop: state.Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        point_to(app, monkeypatch, f"http://127.0.0.1:{taken.getsockname()[1]}/")
        with pytest.raises(ToolError, match="could not be reached") as failure:
            tell()
    assert not isinstance(failure.value, PermanentToolError)


def test_a_carrier_that_never_answers_is_not_waited_for(
    app: Flask, shop: state.Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify_carrier, "WAIT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_to(app, monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(ToolError, match="could not be reached"):
            tell()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/", "example.com"])
def test_only_a_web_address_is_written_to(
    app: Flask, shop: state.Tables, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    point_to(app, monkeypatch, url)
    with pytest.raises(PermanentToolError, match="not a web address"):
        tell()


def test_an_order_that_does_not_exist_is_not_told(
    app: Flask, shop: state.Tables, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(app, monkeypatch, carrier.url)
    with pytest.raises(PermanentToolError, match="Order not found"):
        tell("#W0")
    assert carrier.heard == []
