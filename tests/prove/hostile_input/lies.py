"""Requests that say one thing to one reader and another thing to the next, as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

SECOND = b"GET /healthz?zq=second HTTP/1.1\r\nHost: x\r\n\r\n"
"""What would be answered by whoever takes the end of a body for a request."""
CODINGS = (
    b"chunked", b" chunked", b"chunked, chunked", b"xchunked", b"\tchunked", b"chunked, identity", b"identity",
    b"CHUNKED\x0b", b"gzip, chunked", b"chunked;q=1", b"\"chunked\"", b"",
)  # fmt: skip
HIDDEN = (b"Transfer-Encoding :", b"Transfer_Encoding:", b" Transfer-Encoding:", b"X: y\rTransfer-Encoding:")
LENGTHS = (
    b"+5", b"-1", b"0x5", b"5, 6", b"5 5", b"", b"9" * 400, b"5;", b"\xd9\xa5", b"1e1", b"5_0", b"5\x00",
)  # fmt: skip
CHUNKS = (
    b"zz\r\n", b"-1\r\n", b"0x5\r\nzq=12\r\n0\r\n\r\n", b"5;" + b"e" * 100_000, b"f" * 40 + b"\r\n",
    b"5\nzq=12\n0\n\n",
)  # fmt: skip
LINES = (
    b"GET /login HTTP/9.9", b"GET /login HTTP/1.1 HTTP/1.1", b"GET /login", b"GET  /login HTTP/1.1",
    b"get /login HTTP/1.1", b"GET\t/login HTTP/1.1", b"GET /log\x00in HTTP/1.1", b"GET /\xff\xfe HTTP/1.1",
    b"GET login HTTP/1.1", b"GET * HTTP/1.1", b"GET //evil.example/login HTTP/1.1",
    b"GET http://evil.example/login HTTP/1.1", b"CONNECT evil.example:80 HTTP/1.1", b"TRACE /login HTTP/1.1",
    b"OPTIONS * HTTP/1.1", b"GET /" + b"a" * 9000 + b" HTTP/1.1", b"ZQ\x1b[2J /login HTTP/1.1",
    b"GET /login?%0d%0aSet-Cookie:%20zq=1 HTTP/1.1", b"PRI * HTTP/2.0", b"GET /..%2f..%2fetc/passwd HTTP/1.1",
    b"GET /static/../console/config.py HTTP/1.1", b"GET /static/%2e%2e/console/config.py HTTP/1.1",
    b"<zq-mark> / HTTP/1.1", b"GET /static//etc/passwd HTTP/1.1", b"GET /static/..%5c..%5cpasswd HTTP/1.1",
    b"HEAD /login HTTP/1.0", b"GET /login#//x HTTP/1.1",
)  # fmt: skip
HEADERS = (
    b"Host: y", b"\x00: x", b"X: a\x00b", b"X: a\rSet-Cookie: zq=1", b"X\x7f: 1", b": 1", b"X", b"X: 1\r\n folded",
    b"<zq-mark>: 1", b"SCRIPT_NAME: //evil.example", b"SCRIPT-NAME: /x", b"X-Forwarded-Proto: https",
    b"X-Forwarded-Protocol: ssl", b"X-Forwarded-Ssl: on", b"X_FORWARDED_FOR: 1.2.3.4", b"Remote-User: ada",
    b"REMOTE_ADDR: 1.1.1.1", b"Content-Length: 7\r\nExpect: 100-continue", b"X: " + b"a" * 9000,
    b"\r\n".join(b"X%d: 1" % number for number in range(300)), b"Connection: close, Host", b"X: \xff\xfe\x80",
    b"Range: bytes=0-18446744073709551615", b"Cookie: " + b"console=x; " * 400,
    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
)  # fmt: skip
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
CLOSE = b"Connection: close\r\n"
HONEST = b"POST /login HTTP/1.1\r\nHost: x\r\n" + FORM + b"Content-Length: 5\r\n" + CLOSE + b"\r\nzq=12"


class Lie(NamedTuple):
    """Bytes, and how many answers they may get."""

    said: str
    sent: bytes
    answers: int = 1


def lies(cookie: str) -> Iterator[Lie]:
    """All of them, as somebody with this cookie would send them."""
    post = f"POST /login HTTP/1.1\r\nHost: x\r\nCookie: console={cookie}\r\n".encode() + FORM
    end = b"0\r\n\r\n" + SECOND
    length = b"Content-Length: %d\r\n" % len(end)
    for coding in CODINGS:
        both = post + length + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + end
        yield Lie(f"a length and the coding {coding!r}", both)
    for name in HIDDEN:
        yield Lie(f"the name {name!r}", post + length + name + b" chunked\r\n\r\n" + end)
    for number in LENGTHS:
        yield Lie(f"the length {number!r}", post + b"Content-Length: " + number + b"\r\n\r\nzq=12" + SECOND)
    chunked = post + b"Transfer-Encoding: chunked\r\n"
    for chunk in CHUNKS:
        yield Lie(f"the chunk {chunk[:8]!r}", chunked + b"\r\n" + chunk + SECOND)
    trailer = b"Trailer: Host\r\n\r\n0\r\nHost: evil.example\r\nContent-Length: 50\r\n\r\n"
    yield Lie("a trailer", chunked + trailer)
    for line in LINES:
        yield Lie(f"the line {line[:50]!r}", line + b"\r\nHost: x\r\n" + CLOSE + b"\r\n")
    for header in HEADERS:
        get = b"GET /login HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n"
        yield Lie(f"the header {header[:40]!r}", get + CLOSE + b"\r\n")
    yield Lie("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200)
    yield Lie("nothing", b"\r\n\r\n")
    yield Lie("two honest requests", SECOND + SECOND.replace(b"\r\n\r\n", b"\r\n" + CLOSE + b"\r\n"), 2)


def noise(random: Random, count: int) -> Iterator[Lie]:
    """Honest requests with some bytes changed."""
    for _ in range(count):
        changed = bytearray(HONEST)
        for _ in range(random.choice((1, 1, 2, 5))):
            changed[random.randrange(len(changed))] = random.randrange(256)
        yield Lie(f"noise {bytes(changed)!r}", bytes(changed))
