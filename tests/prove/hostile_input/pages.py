"""Reading a page as a browser does: its links, its forms, and everything in it that nobody of ours wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "data", "xlink:href"}
LOCAL = re.compile(r"(?:/(?![/\\])|#|\?|$)")
WORKED_OUT = "50337"
"""What 7191*7 is: whoever reads it has worked out what was only to be shown."""


@dataclass(frozen=True)
class Field:
    """One field of a form as the page has it."""

    kind: str
    value: str = ""
    options: tuple[str, ...] = ()
    longest: int | None = None


@dataclass(frozen=True)
class Form:
    """A form that posts, with what it would send untouched."""

    page: str
    action: str
    fields: dict[str, Field]

    @property
    def name(self) -> tuple[str, ...]:
        """The same for each form of this kind, whatever row it belongs to."""
        tool = self.fields.get("tool_ref", Field("hidden")).value
        return (re.sub(r"\d+|[0-9a-f-]{36}", "#", self.action), tool, *sorted(self.fields))


@dataclass
class _Open:
    action: str
    posts: bool
    fields: dict[str, Field] = field(default_factory=dict)
    others: list[tuple[str, str, str]] = field(default_factory=list)
    """Buttons that send it elsewhere: address, their own name and value."""


class Page(HTMLParser):
    """`links`, `forms`, and in `foreign` what is in the page as markup although it was typed by somebody."""

    def __init__(self, html: str, path: str = "") -> None:
        super().__init__()
        self.path, self.links, self.foreign = path, set[str](), list[str]()
        self._open: dict[str, _Open] = {}
        self._form = self._area = self._select = ""
        self._loose: list[tuple[str, str, Field]] = []
        self._buttons: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        if WORKED_OUT in html:
            self.foreign.append("an expression that was typed was worked out")
        for form, name, one in self._loose:
            if form in self._open:
                self._open[form].fields.setdefault(name, one)

    @property
    def forms(self) -> list[Form]:
        """Each form that posts, once more for each button that sends it elsewhere."""
        found = [Form(self.path, one.action, dict(one.fields)) for one in self._open.values() if one.posts]
        for id, at in self._buttons:
            one = self._open.get(id.removeprefix("#"))
            if one is None:
                continue
            fields = dict(one.fields)
            if at.get("name"):
                fields[at["name"]] = Field("hidden", at.get("value", ""))
            action = at.get("formaction") or at.get("hx-post") or one.action
            found.append(Form(self.path, action, fields))
        return [replace(form, action=form.action or self.path) for form in found]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        self._examine(tag, at)
        if tag == "a" or "hx-get" in at:
            self.links |= {link for link in (at.get("href"), at.get("hx-get")) if link and link[0] == "/"}
        if tag == "form":
            self._form = at.get("id") or f"form {len(self._open)}"
            self._open[self._form] = _Open(at.get("action", ""), at.get("method", "").lower() == "post")
        form = at.get("form", self._form)
        if tag == "button" and "disabled" not in at and (at.get("formaction") or at.get("name")):
            self._buttons.append((form, at))
        if tag != "form" and "hx-post" in at and "hx-include" in at:
            self._buttons.append((at["hx-include"], at))
        if tag in ("input", "textarea", "select") and at.get("name"):
            self._field(tag, at, form)
        if tag == "option" and self._select:
            self._option(at)

    def _field(self, tag: str, at: dict[str, str], form: str) -> None:
        kind = at.get("type", "text") if tag == "input" else tag
        if kind == "radio" and "checked" not in at:
            return
        longest = int(at["maxlength"]) if at.get("maxlength", "").isdigit() else None
        self._loose.append((form, at["name"], Field(kind, at.get("value", ""), (), longest)))
        self._area = at["name"] if tag == "textarea" else self._area
        self._select = at["name"] if tag == "select" else self._select

    def _option(self, at: dict[str, str]) -> None:
        form, name, one = self._loose[-1]
        value = at.get("value", "") if "selected" in at or not one.value else one.value
        self._loose[-1] = (form, name, replace(one, value=value, options=(*one.options, at.get("value", ""))))

    def handle_endtag(self, tag: str) -> None:
        self._form = "" if tag == "form" else self._form
        self._area = "" if tag == "textarea" else self._area
        self._select = "" if tag == "select" else self._select

    def handle_data(self, data: str) -> None:
        if self._area:
            form, name, one = self._loose[-1]
            self._loose[-1] = (form, name, replace(one, value=one.value + data))

    def _examine(self, tag: str, at: dict[str, str]) -> None:
        if tag.startswith("zq") or tag in ("iframe", "object", "embed", "base", "style"):
            self.foreign.append(f"<{tag}>")
        if tag == "script" and not at.get("src", "").startswith("/static/"):
            self.foreign.append("a script that is none of ours")
        for name, value in at.items():
            if name.startswith(("on", "zq")) or name == "style":
                self.foreign.append(f"the attribute {name} of <{tag}>")
            if name in ADDRESSES and not LOCAL.match(value):
                self.foreign.append(f"{name}={value[:60]!r} of <{tag}>")
