"""An operator with a browser that keeps its cookies, in front of a balancer: each request may meet another machine."""

from __future__ import annotations

import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie

from tests.conftest import PASSWORD
from tests.views.forms import Form
from tests.views.forms import Page as Read

PATIENCE_SECONDS = 60.0
FROM_THE_BALANCER = frozenset({502, 503, 504})
"""Said by the balancer when a machine was lost in the middle of a request, and by nothing of ours to an operator."""


@dataclass(frozen=True)
class Answer:
    """What came back, and from which machine."""

    status: int
    node: str
    location: str
    text: str


class Failed(Exception):
    """The console answered with something else than what an operator should meet."""


@dataclass
class Browser:
    """One operator's."""

    port: int
    number: int
    cookies: dict[str, str] = field(default_factory=dict)
    nodes: list[str] = field(default_factory=list)
    """The machines that answered, in order."""
    counts: Counter[str] = field(default_factory=Counter)

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> Answer:
        """Ask, and again where a connection broke, as someone does who presses once more. Raises Failed."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self._once(method, path, form)
                self.counts[f"after {answer.status}"] += answer.status in FROM_THE_BALANCER
            except (OSError, HTTPException) as error:
                answer = None
                self.counts[f"after {type(error).__name__}"] += 1
            if answer is not None and answer.status not in FROM_THE_BALANCER:
                self.counts["requests"] += 1
                self.nodes.append(answer.node)
                if answer.status >= 400:
                    raise Failed(f"{method} {path}: {answer.status} from machine {answer.node}")
                return answer
            self.counts["retried"] += 1
            if time.monotonic() > deadline:
                raise Failed(f"{method} {path}: no answer for a minute")
            time.sleep(0.1)

    def read(self, path: str) -> Read:
        """A page, read as a browser without JavaScript does."""
        return Read(self.ask("GET", path).text)

    def send(self, form: Form, **typed: str) -> Answer:
        """Send a form with what was typed into it."""
        return self.ask("POST", form.action, form.values | typed)

    def meets(self, node: str) -> bool:
        """Whether the next request is answered by this machine."""
        try:
            return self.ask("GET", "/healthz").node == node
        except Failed:
            return False

    def sign_in(self) -> None:
        form = self.read("/login").form("/login")
        self.send(form, email=f"operator{self.number}@example.com", password=PASSWORD)

    def reply(self, conversation_id: int, body: str) -> None:
        """Read the conversation and answer."""
        form = self.read(f"/conversations/{conversation_id}").form("/messages")
        self.send(form, body=body, kind="reply")

    def approve(self, lane_id: int) -> None:
        """Read the card and approve it."""
        form = self.read(f"/lanes/{lane_id}").form("/approval")
        try:
            self.send(form)
        except Failed:
            # Pressed again after a broken connection: the first press may have counted.
            if not self.counts["retried"]:
                raise
            if "/approval" in str(self.read(f"/lanes/{lane_id}").forms):
                raise

    def _once(self, method: str, path: str, form: dict[str, str] | None) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, urllib.parse.urlencode(form or {}), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            for line in answer.headers.get_all("Set-Cookie") or ():
                self.cookies |= {name: one.value for name, one in SimpleCookie(line).items()}
            return Answer(
                answer.status, answer.headers.get("X-Node", ""), answer.headers.get("Location", ""), text
            )
        finally:
            connection.close()
