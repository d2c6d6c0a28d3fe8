"""What every answer must satisfy, whatever was asked: each is looked at once, and what is wrong is kept by claim."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from tests.prove.hostile_input.pages import Page

INSIDE = re.compile(
    r"Traceback|File \"|site-packages|sqlalchemy|psycopg|werkzeug|jinja2|pydantic|gunicorn|<class '"
    r"|\b[A-Z][a-z]\w*(?:Error|Exception)\b|\bat 0x[0-9a-f]{6}"
)
CARRIED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DIRECTIVES = {
    "default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'",
    "form-action 'self'", "frame-ancestors 'none'",
}  # fmt: skip
LOOSE = re.compile(r"unsafe-|\*|data:|https?:")
SLOWEST = 10


class Watch:
    """Keeps what was wrong under the name of the claim that it breaks, and counts what was tried."""

    def __init__(self) -> None:
        self.broken: defaultdict[str, list[str]] = defaultdict(list)
        self.tried: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.answers: Counter[int] = Counter()

    def wrong(self, claim: str, words: str) -> None:
        """Keep what broke a claim; of the same words one line."""
        if words not in self.broken[claim]:
            self.broken[claim].append(words)

    def look(self, answer: Any, about: str, endpoint: str = "") -> str:
        """Examine an answer of the application; its text, empty for a stream."""
        self.answers[answer.status_code] += 1
        self.headers(answer.status_code, answer.headers, about, fixed=endpoint in ("static", "assets.css"))
        kind = answer.headers.get("Content-Type", "")
        if kind.startswith("text/event-stream"):
            answer.close()
            return ""
        text = str(answer.get_data(as_text=True))
        if answer.status_code >= 500 and endpoint != "health.ready":
            self.wrong("no_request_fails", f"{about}: {answer.status_code}")
        if endpoint != "static" and (found := INSIDE.search(text)):
            self.wrong("no_request_fails", f"{about} shows {found[0]}")
        if kind.startswith("text/html") and text:
            for foreign in Page(text).foreign:
                self.wrong("typed_text_stays_text", f"{about}: {foreign}")
        return text

    def headers(self, status: int, headers: Mapping[str, str], about: str, *, fixed: bool = False) -> None:
        """What is asked of the headers of every answer, of a failure too."""
        claim = "every_answer_is_hardened"
        for name, value in CARRIED.items():
            if headers.get(name) != value:
                self.wrong(claim, f"{about}: {status} with {name} {headers.get(name)}")
        policy = headers.get("Content-Security-Policy", "")
        if DIRECTIVES - {part.strip() for part in policy.split(";")} or LOOSE.search(policy):
            self.wrong(claim, f"{about}: {status} with the policy {policy!r}")
        if not fixed and headers.get("Cache-Control") != "no-store":
            self.wrong(claim, f"{about}: {status} may be kept: {headers.get('Cache-Control')}")
        given = getattr(headers, "getlist", lambda name: headers.get_all(name) or [])("Set-Cookie")  # type: ignore[attr-defined]
        for cookie in given:
            if not all(f"; {flag}" in cookie for flag in ("HttpOnly", "Secure", "Path=/", "SameSite=Lax")):
                self.wrong(claim, f"{about}: a cookie with {cookie.partition(';')[2]}")
            if not cookie.startswith("console="):
                self.wrong("no_request_fails", f"{about} set a cookie of theirs: {cookie[:40]}")
        self.place(headers.get("Location"), about)

    def place(self, location: str | None, about: str) -> None:
        """Nobody is led anywhere but to a path of this console."""
        if location is None:
            return
        plain = location.startswith("/") and location[1:2] not in ("/", "\\") and location.isprintable()
        if not plain or "\\" in location.partition("?")[0]:
            self.wrong("nobody_is_led_elsewhere", f"{about} leads to {location[:80]!r}")
