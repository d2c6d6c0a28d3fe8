"""Reading pages as a browser without JavaScript does: forms with their fields, and cards."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

HTMX = {"HX-Request": "true"}
NUL, TEN_MEGABYTES = "a\x00b", "x" * 10_000_000


@dataclass
class Form:
    """A form's address and what it would send, untouched."""

    action: str
    values: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """The forms of a page, its cards by lane id, and its visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.cards: dict[str, str] = {}
        self.text = ""
        self._textarea = ""
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag == "article" and "data-lane-status" in at:
            self.cards[at.get("data-lane-id", at["id"])] = at["data-lane-status"]
        if tag == "form":
            self.forms.append(Form(at.get("action", "")))
        if not self.forms:
            return
        values = self.forms[-1].values
        if tag == "input" and at.get("type") in ("checkbox", "radio") and "checked" not in at:
            return
        if tag == "input" and "name" in at:
            values[at["name"]] = at.get("value", "")
        self._textarea = at.get("name", "") if tag == "textarea" else self._textarea
        self._select = at.get("name", "") if tag == "select" else self._select
        if tag == "textarea":
            values[self._textarea] = ""
        if tag == "option" and ("selected" in at or self._select not in values):
            values[self._select] = at.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._textarea:
            self.forms[-1].values[self._textarea] += data

    def form(self, ending: str, **wanted: str) -> Form:
        """The first form whose address ends so and which carries these values."""
        for found in self.forms:
            if found.action.endswith(ending) and wanted.items() <= found.values.items():
                return found
        raise AssertionError(f"no form to {ending} with {wanted}")


def read(client: FlaskClient, address: str, status: int = 200) -> Page:
    """The page at an address."""
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    return Page(answer.text)


def send(client: FlaskClient, form: Form, *, htmx: bool = False, **typed: Any) -> TestResponse:
    """Send a form with what was typed into it."""
    return client.post(form.action, data=form.values | typed, headers=HTMX if htmx else {})
