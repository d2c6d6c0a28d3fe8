"""Over a socket to the real web server, what no client library would send: lies, large bodies, slowness."""

from __future__ import annotations

import re
import socket
import time
from contextlib import ExitStack, closing, suppress
from email import message_from_bytes
from email.message import Message
from http.client import HTTPConnection

from tests.prove.hostile_input.lies import Lie, lies, noise
from tests.prove.hostile_input.place import Place
from tests.prove.hostile_input.watch import INSIDE

CLAIM = "the_wire_is_read_strictly"
STATUS = re.compile(rb"(?m)^HTTP/1\.[01] ([2-5]\d\d)")
QUIET_SECONDS = 0.4
MOST_SECONDS = 5.0


def told(port: int, sent: bytes, quiet: float = QUIET_SECONDS) -> bytes:
    """What the web server says to these bytes, until it closes or falls silent."""
    heard = b""
    deadline = time.monotonic() + MOST_SECONDS
    with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as wire, suppress(OSError):
        with suppress(OSError):
            wire.sendall(sent)
        wire.settimeout(quiet)
        while time.monotonic() < deadline and (part := wire.recv(65536)):
            heard += part
    return heard


def attack(place: Place, cookie: str, rounds: int) -> None:
    """Every lie, and noise; each gets one calm answer at most, and the server serves the next one as ever."""
    port = place.stack.settings.port
    before = place.rows(but_refusals=True)
    for lie in [*lies(cookie), *noise(place.random, rounds)]:
        _judged(place, lie, told(port, lie.sent))
        place.watch.tried[CLAIM]["connections"] += 1
    after = place.rows(but_refusals=True)
    for table in before:
        if before[table] != after[table]:
            place.watch.wrong(CLAIM, f"the lies changed {table}")


def _judged(place: Place, lie: Lie, heard: bytes) -> None:
    watch, about = place.watch, f"{lie.said} over the wire"
    statuses = [int(status) for status in STATUS.findall(heard)]
    head, _, body = heard.partition(b"\r\n\r\n")
    if len(statuses) > lie.answers:
        watch.wrong(CLAIM, f"{about} is taken for {len(statuses)} requests")
    if any(status >= 500 and status not in (501, 505) for status in statuses):
        watch.wrong(CLAIM, f"{about}: {statuses}")
    if (
        found := INSIDE.search(body.replace(b"Server: gunicorn", b"").decode("latin-1"))
    ) or b"<zq-mark" in body.lower():
        watch.wrong(CLAIM, f"{about} shows {found[0] if found else 'what was typed as markup'}")
    headers: Message[str, str] = message_from_bytes(head.partition(b"\r\n")[2])
    if "Strict-Transport-Security" in headers:
        watch.wrong(CLAIM, f"{about}: whoever says that TLS was there is believed")
    if "zq=1" in str(headers.get_all("Set-Cookie")):
        watch.wrong(CLAIM, f"{about} sets a cookie")
    # Where the bytes are no request, the web server answers before the application.
    if statuses and "X-Request-ID" in headers:
        watch.headers(statuses[0], headers, about, fixed=b"/static/" in lie.sent)  # type: ignore[arg-type]


def slow(place: Place, count: int) -> None:
    """Many who never come to the end of their request: everyone else is served as ever."""
    port = place.stack.settings.port
    with ExitStack() as open_wires:
        wires = []
        for number in range(count):
            wire = open_wires.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=5)))
            half = (
                b"GET /login HTTP/1.1\r\nHost: x\r\nX: "
                if number % 2
                else b"POST /login HTTP/1.1\r\nContent-Length: 9000\r\n\r\na"
            )
            wire.sendall(half)
            wires.append(wire)
        worst = 0.0
        for _ in range(10):
            for wire in wires:
                with suppress(OSError):
                    wire.sendall(b"a")
            started = time.monotonic()
            if _asked(port, "/login") != 200:
                place.watch.wrong(CLAIM, "the sign-in page does not answer beside slow requests")
            worst = max(worst, time.monotonic() - started)
    if worst > 2:
        place.watch.wrong(CLAIM, f"beside {count} slow requests the sign-in page takes {worst:.1f} s")
    place.watch.tried[CLAIM]["slow connections at once"] += count


def bodies(place: Place, cookie: str, token: str) -> None:
    """Bodies that are too large, announced or not, to every address that takes one."""
    port, claim = place.stack.settings.port, "large_bodies_are_refused"
    limit = place.stack.settings.max_body_bytes
    before = place.rows()
    large = b"csrf_token=" + token.encode() + b"&key=conversation:1:reply&body=" + b"x" * limit
    parts = b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token.encode() + b"\r\n" + (
        b'--b\r\nContent-Disposition: form-data; name="body"\r\n\r\n' + b"x" * limit + b"\r\n--b--\r\n"
    )  # fmt: skip
    forms = {
        "application/x-www-form-urlencoded": large,
        "multipart/form-data; boundary=b": parts,
        "text/plain": large,
    }
    for rule in place.routes.posts():
        path = place.routes.form(rule, place.random).action
        for kind, body in forms.items():
            if kind == "text/plain" and rule.endpoint != "drafts.keep":
                continue
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: console={cookie}\r\n"
            head += f"X-CSRFToken: {token}\r\nContent-Type: {kind}\r\n"
            lengths = {
                "announced": f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body,
                "in chunks": f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()
                + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
                "only announced": f"{head}Content-Length: {10**13}\r\n\r\n".encode(),
            }
            for said, sent in lengths.items():
                statuses = STATUS.findall(told(port, sent, MOST_SECONDS))
                place.watch.tried[claim]["bodies"] += 1
                place.watch.tried[claim]["answered 413"] += statuses == [b"413"]
                # Who is still sending when the server hangs up may lose its answer on the way.
                if statuses not in ([b"413"], []):
                    place.watch.wrong(claim, f"{path}, {kind}, {said}: {statuses}")
    after = place.rows()
    for table in before:
        if before[table] != after[table]:
            place.watch.wrong(claim, f"large bodies changed {table}")
    if place.watch.tried[claim]["answered 413"] < 0.9 * place.watch.tried[claim]["bodies"]:
        place.watch.wrong(claim, f"{place.watch.tried[claim]['answered 413']} of them were answered 413")


def _asked(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
