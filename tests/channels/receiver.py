"""A real receiver of webhooks that takes each message once and writes it down, and misbehaves when it is told to."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_" + "Y29uc29sZS1jb25zb2xlLWNvbnNvbGUtY29uc29sZQ=="

Behaviour = Callable[["_Handler"], None]


def answers(status: int, **headers: str) -> Behaviour:
    """Answer with this status; `Retry_After="7"` becomes a header. A 2xx accepts the message."""

    def behave(handler: _Handler) -> None:
        if 200 <= status < 300:
            handler.accept()
        handler.answer(status, {name.replace("_", "-"): value for name, value in headers.items()})

    return behave


def drops(handler: _Handler) -> None:
    """Close the connection without an answer, and without having taken the message."""
    handler.cut()


def accepts_and_drops(handler: _Handler) -> None:
    """Take the message, and close the connection before saying so."""
    handler.accept()
    handler.cut()


def hangs(handler: _Handler) -> None:
    """Never answer."""
    handler.receiver.ended.wait(60)
    handler.cut()


def drips(handler: _Handler) -> None:
    """Answer a byte at a time, each well before a time-out for one read, and never come to an end."""
    handler.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000)


def drips_the_body(handler: _Handler) -> None:
    """Accept at once, and then never come to the end of what there is to say about it."""
    handler.accept()
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    handler.drip(b"x" * 10_000)


def babbles(handler: _Handler) -> None:
    """Accept, with an answer that has no end."""
    handler.accept()
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    with suppress(OSError):
        while not handler.receiver.ended.is_set():
            handler.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            handler.receiver.babbled += 0x10000
    handler.cut()


def speaks_no_http(handler: _Handler) -> None:
    """Answer with something else."""
    handler.wfile.write(b"220 mail.test ESMTP\r\n")
    handler.cut()


@dataclass(frozen=True)
class Posted:
    """One request as it came."""

    key: str
    path: str
    headers: dict[str, str]
    content: str
    connection: tuple[str, int]
    genuine: bool
    """The signature is that of the secret."""

    @property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.content)["data"])


@dataclass
class Receiver:
    """`with Receiver() as receiver:`; `receiver.next(answers(429, Retry_After="7"))` changes its next answer."""

    context: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    secret: str = SECRET
    posted: list[Posted] = field(default_factory=list)
    """Every request, repetitions included."""
    accepted: dict[str, Posted] = field(default_factory=dict)
    """By key: what was taken. A key that is known is answered well and not taken again."""
    times_accepted: Counter[str] = field(default_factory=Counter)
    """How often a key would have been taken by a receiver that does not look at it."""
    babbled: int = 0

    def __post_init__(self) -> None:
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self._next: deque[Behaviour] = deque()
        self._always: Behaviour = answers(202)
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        kind = type("_Server", (_Server,), {"address_family": family})
        self._server = kind((self.host, 0), _Handler)
        self._server.receiver = self
        if self.context is not None:
            self._server.socket = self.context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        scheme, host = ("https", "localhost") if self.context else ("http", self.host)
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/followups?shop=1"

    def next(self, *behaviours: Behaviour) -> None:
        """What to do with the next requests, one after the other; then all is well again."""
        self._next.extend(behaviours)

    def always(self, behaviour: Behaviour) -> None:
        """What to do from now on."""
        self._always = behaviour

    def behaviour(self) -> Behaviour:
        with self.lock:
            return self._next.popleft() if self._next else self._always


class _Server(ThreadingHTTPServer):
    receiver: Receiver
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    @property
    def receiver(self) -> Receiver:
        return self.server.receiver

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.posted = Posted(
            key=headers.get("webhook-id", ""),
            path=self.path,
            headers=headers,
            content=content,
            connection=self.client_address[:2],
            genuine=self._genuine(content, headers),
        )
        with self.receiver.lock:
            self.receiver.posted.append(self.posted)
        self.receiver.behaviour()(self)

    def accept(self) -> None:
        with self.receiver.lock:
            self.receiver.times_accepted[self.posted.key] += 1
            self.receiver.accepted.setdefault(self.posted.key, self.posted)

    def answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def drip(self, content: bytes) -> None:
        with suppress(OSError):
            for byte in content:
                self.wfile.write(bytes([byte]))
                if self.receiver.ended.is_set():
                    break
                time.sleep(0.05)
        self.cut()

    def cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _genuine(self, content: str, headers: dict[str, str]) -> bool:
        try:
            Webhook(self.receiver.secret).verify(content, headers)
        except WebhookVerificationError:
            return False
        return True
