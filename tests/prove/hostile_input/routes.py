"""Every address that the application has, and what each takes: learnt from its pages, and from what it asks for.

Nothing is listed by hand. A form tells its fields; a link tells what stands in an address; and a request that writes
down which names were looked up in it tells what a view would take that no page offers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import UUID

from flask import Flask, Request, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule, UUIDConverter

from tests.prove.hostile_input.pages import Field, Form, Page

LEARNT: defaultdict[str, set[str]] = defaultdict(set)
"""By endpoint: the names that it looked up in its query or its form."""
MOST_FORMS = 12
NEWEST = 3
"""Of what a form sends, so many are likely to be still as its page has them."""


class _Noting(ImmutableMultiDict[Any, Any]):
    """Fields that write down which of them was asked for."""

    def _note(self, name: Any) -> None:
        if request and request.endpoint and isinstance(name, str):
            LEARNT[request.endpoint].add(name)

    def __getitem__(self, key: Any) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: Any) -> bool:
        self._note(key)
        return super().__contains__(key)

    def getlist(self, key: Any, type: Any = None) -> list[Any]:
        self._note(key)
        return super().getlist(key, type) if type else super().getlist(key)


class Attentive(Request):
    """A request that writes down what a view asks of it."""

    parameter_storage_class = _Noting


class Routes:
    """The addresses, and what has been learnt of them."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.rules = sorted(app.url_map.iter_rules(), key=lambda rule: rule.endpoint)
        self.arguments: defaultdict[str, set[str]] = defaultdict(set)
        """What stood in an address, by the name of the part."""
        self.queries: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self.forms: defaultdict[str, dict[tuple[str, ...], list[Form]]] = defaultdict(dict)
        self._map = app.url_map.bind("desk.example")

    def endpoint(self, path: str, method: str = "GET") -> str:
        """What answers at a path; empty for what nothing answers."""
        try:
            found, _ = self._map.match(urlsplit(path).path, method=method)
        except HTTPException:
            return ""
        return str(found)

    def learn(self, path: str, html: str) -> Page:
        """Learn from a page what its links and its forms tell."""
        page = Page(html, path)
        for link in page.links:
            self._address(link, "GET")
        for form in page.forms:
            endpoint = self._address(form.action, "POST")
            known = self.forms[endpoint].setdefault(form.name, [])
            known.insert(0, form)
            del known[MOST_FORMS:]
        return page

    def _address(self, link: str, method: str) -> str:
        parts = urlsplit(link)
        try:
            endpoint, arguments = self._map.match(parts.path, method=method)
        except HTTPException:
            return ""
        for name, value in arguments.items():
            self.arguments[name].add(str(value))
        self.queries[endpoint] |= set(parse_qsl(parts.query))
        return str(endpoint)

    def posts(self) -> list[Rule]:
        return [rule for rule in self.rules if "POST" in (rule.methods or ())]

    def gets(self) -> list[Rule]:
        return [rule for rule in self.rules if "GET" in (rule.methods or ())]

    def names(self, endpoint: str) -> list[str]:
        """What may stand in its query or its form."""
        forms = (form for forms in self.forms[endpoint].values() for form in forms[:1])
        known = {name for name, _ in self.queries[endpoint]} | {
            name for form in forms for name in form.fields
        }
        return sorted((known | LEARNT[endpoint]) - {"csrf_token"})

    def path(self, rule: Rule, random: Random, *, odd: str | None = None) -> str:
        """An address of this rule with something behind it, as far as is known; `odd` stands in one of its parts."""
        strange = random.choice(sorted(rule.arguments)) if odd is not None and rule.arguments else None
        found = ""
        for dynamic, part in rule._trace:
            if not dynamic:
                found += part
            elif part == strange:
                found += str(odd)
            else:
                known = sorted(self.arguments[part], key=_newest)[:MOST_FORMS]
                found += quote(random.choice(known) if known else _any(rule, part))
        return found.removeprefix("|") or "/"

    def form(self, rule: Rule, random: Random) -> Form:
        """A form that a page has for this rule; where none has, one of the names that are known."""
        kinds = self.forms[rule.endpoint]
        if kinds:
            return random.choice(kinds[random.choice(sorted(kinds))][:NEWEST])
        fields = {name: Field("text") for name in self.names(rule.endpoint)}
        return Form("", self.path(rule, random), fields)

    def every(self, random: Random, each: int) -> Iterator[tuple[Rule, str]]:
        """Addresses of all rules that answer GET, up to `each` different ones a rule."""
        for rule in self.gets():
            seen = {self.path(rule, random) for _ in range(each if rule.arguments else 1)}
            for path in sorted(seen):
                yield rule, path


def _any(rule: Rule, part: str) -> str:
    """What could stand here although nothing is behind it."""
    return str(UUID(int=1)) if isinstance(rule._converters[part], UUIDConverter) else "1"


def _newest(value: str) -> tuple[int, str]:
    return (-int(value), "") if value.isdigit() and value.isascii() else (0, value)
