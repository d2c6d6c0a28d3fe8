"""Just enough HTTP for a thousand pages in one process: a request a connection, and streams that stay open."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

Address = tuple[str, int]
PATIENCE_SECONDS = 60.0
NARROW_BYTES = 2048
"""A slow reader's receive buffer."""


class Unreachable(Exception):
    """No whole answer came."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    tag: str
    body: bytes


async def get(address: Address, path: str, cookie: str, *, tag: str = "", htmx: bool = False) -> Answer:
    """Ask once. Raises Unreachable, OSError."""
    more = "HX-Request: true\r\n" if htmx else ""
    more += f"If-None-Match: {tag}\r\n" if tag else ""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection(*address)
            try:
                writer.write(_request(path, cookie, more + "Connection: close\r\n"))
                raw = await reader.read(-1)
            finally:
                writer.transport.abort()
    except TimeoutError:
        raise Unreachable(path) from None
    head, found, body = raw.partition(b"\r\n\r\n")
    if not found:
        raise Unreachable(path)
    fields = _fields(head)
    if int(fields.get("content-length", len(body))) != len(body):
        raise Unreachable(path)
    return Answer(_status(head), fields.get("etag", ""), body)


async def stream(
    address: Address, path: str, cookie: str, *, narrow: bool = False
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    """Open a stream and read the head of its answer; the status is the last. Raises OSError, IncompleteReadError."""
    connection = socket.socket()
    connection.setblocking(False)
    if narrow:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BYTES)
    try:
        await asyncio.get_running_loop().sock_connect(connection, address)
    except BaseException:
        connection.close()
        raise
    reader, writer = await asyncio.open_connection(sock=connection, limit=4096)
    writer.write(_request(path, cookie, "Accept: text/event-stream\r\n"))
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer, _status(head)


def _request(path: str, cookie: str, more: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: prove\r\nCookie: {cookie}\r\n{more}\r\n".encode()


def _status(head: bytes) -> int:
    return int(head.split(b" ", 2)[1])


def _fields(head: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in lines}
