"""A person's browser: keeps its connection and its cookies, and presses again when there was no answer."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode

from tests.prove.stormy.journal import Journal

PATIENCE_SECONDS = 8.0
PAUSE_SECONDS = 0.3
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
STALE = "older than your sign-in"

Form = Mapping[str, object]


class GaveUp(Exception):
    """No answer until the end."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    location: str
    body: str

    @property
    def done(self) -> bool:
        return self.status in (200, 303)

    @property
    def signed_out(self) -> bool:
        stale = self.status == 400 and STALE in self.body
        return self.status == 401 or stale or self.location.startswith("/login")


@dataclass
class SignIn:
    """What the windows of one person share: their cookies, and the token of their forms."""

    email: str
    password: str
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Browser:
    """One window. Used by one thread at a time."""

    def __init__(self, port: int, person: SignIn, journal: Journal) -> None:
        self.port, self.person, self.journal = port, person, journal
        self.end = float("inf")
        """When nobody presses again."""
        self.connection: HTTPConnection | None = None

    def get(self, path: str, *, htmx: bool = False) -> Answer:
        """Read a page, as often as it takes. Raises GaveUp."""
        return self._insist("GET", path, None, htmx)

    def post(self, path: str, form: Form) -> Answer:
        """Send a form, the very same one again for as long as there is no answer. Raises GaveUp."""
        return self._insist("POST", path, form, False)

    def _insist(self, method: str, path: str, form: Form | None, htmx: bool) -> Answer:
        stale = ""
        while time.monotonic() < self.end:
            with suppress(OSError, HTTPException):
                token = self._token(stale)
                if token:
                    sent = None if form is None else {**form, "csrf_token": token}
                    found = self._ask(method, path, sent, htmx)
                    if found.status < 500 and not found.signed_out:
                        return found
                    stale = token if found.signed_out else ""
            time.sleep(PAUSE_SECONDS)
        raise GaveUp

    def _token(self, stale: str) -> str:
        """The token of this person's forms, signed in anew when it is the stale one; none when that fails."""
        person = self.person
        with person.lock:
            if person.csrf and person.csrf != stale:
                return person.csrf
            person.cookies, person.csrf = {}, ""
            page = CSRF.search(self._ask("GET", "/login", None, False).body)
            form = {"email": person.email, "password": person.password, "csrf_token": page[1] if page else ""}
            if page and self._ask("POST", "/login", form, False).status == 303:
                found = CSRF.search(self._ask("GET", "/account", None, False).body)
                person.csrf = found[1] if found else ""
            return person.csrf

    def _ask(self, method: str, path: str, form: Form | None, htmx: bool) -> Answer:
        """Once. Raises OSError or HTTPException when there is no answer, and counts what came of it."""
        if self.connection is None:
            self.connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.person.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if htmx:
            headers["HX-Request"] = "true"
        try:
            self.connection.request(method, path, urlencode(form) if form is not None else None, headers)
            response = self.connection.getresponse()
            body = response.read().decode()
        except (OSError, HTTPException):
            self.journal.answers["none"] += 1
            self.connection.close()
            self.connection = None
            raise
        self._note(response.status, method, path)
        for line in response.headers.get_all("Set-Cookie", []):
            self.person.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return Answer(response.status, response.headers.get("Location", ""), body)

    def _note(self, status: int, method: str, path: str) -> None:
        self.journal.answers[str(status)] += 1
        if status == 500:
            self.journal.errors.append(f"{method} {path}: 500")
