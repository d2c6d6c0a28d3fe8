"""Marked texts in every field that there is, sent as a person would: read the page, fill its form, press the button."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

from sqlalchemy import text

from console.cli import roles
from console.db import db, now
from console.processes import Process, stop_all
from tests.conftest import PASSWORD
from tests.prove.hostile_input.pages import Form, Page
from tests.prove.hostile_input.place import Place, Visitor
from tests.prove.hostile_input.walking import same_place

TYPED = ("text", "textarea", "search")
SECRETS = {"username", "email"}
Filling = tuple[Form, str, str]
"""A form, the kind of text, and the one field that takes it; empty for all of them."""
_plain = count(1)


def plant(place: Place, visitor: Visitor, kinds: list[str]) -> None:
    """Every form of every page, once a kind of text, with that text in every field that takes any."""
    tried = place.watch.tried["typed_text_stays_text"]
    for kind in kinds:
        for rule in place.routes.posts():
            for name in sorted(place.routes.forms[rule.endpoint]):
                known = place.routes.forms[rule.endpoint][name][0]
                tried["forms filled"] += 1
                if any(_sent(place, visitor, rule.endpoint, filled) for filled in _fillings(known, kind)):
                    tried["of them taken"] += 1


def _fillings(form: Form, kind: str) -> Iterator[Filling]:
    """All fields marked; when that is refused, one after the other."""
    yield form, kind, ""
    typed = [name for name, one in form.fields.items() if one.kind in TYPED]
    yield from ((form, kind, name) for name in typed if len(typed) > 1)


def _sent(place: Place, visitor: Visitor, endpoint: str, filling: Filling) -> bool:
    """Whether a form, read anew and filled so, was taken."""
    known, kind, only = filling
    form = fresh(place, visitor, known)
    data = {name: value(place, endpoint, form, name, kind, only) for name in form.fields}
    answer, html = visitor.open(form.action, endpoint, "POST", data=data | {"csrf_token": visitor.token})
    if answer.status_code == 401:
        visitor.sign_in()
        return False
    if answer.mimetype == "text/html":
        place.routes.learn(form.action, html)
    if answer.status_code in (302, 303):
        path = same_place(answer.headers["Location"])
        shown, html = visitor.open(path, place.routes.endpoint(path))
        if shown.mimetype == "text/html":
            place.routes.learn(path, html)
        if not visitor.signed_in:
            visitor.sign_in()
    place.seen |= place.marks.found(html)
    return answer.status_code < 400


def fresh(place: Place, visitor: Visitor, known: Form) -> Form:
    """The form as its page has it now: with the tokens and versions of today."""
    endpoint = place.routes.endpoint(known.page)
    if not endpoint:
        return known
    answer, html = visitor.open(known.page, endpoint)
    if answer.mimetype != "text/html":
        return known
    return next((form for form in Page(html, known.page).forms if form.name == known.name), known)


def value(place: Place, endpoint: str, form: Form, name: str, kind: str, only: str) -> str:
    """What a person would type here; a marked text in the field `only`, in each that takes one when that is empty."""
    one = form.fields[name]
    if one.kind == "password":
        return PASSWORD
    if one.kind == "email" or name in SECRETS:
        return f"zed{next(_plain)}@example.com"
    if one.kind in TYPED and only in ("", name):
        return place.marks.next(f"{name} of {endpoint}", kind, one.longest)
    if one.kind in TYPED:
        return one.value or f"zed{next(_plain)}"
    if one.kind == "select":
        return one.value or next((value for value in reversed(one.options) if value), "")
    if one.kind in ("date", "datetime-local"):
        return f"{now() + timedelta(days=2):%Y-%m-%d}" + ("T10:00" if one.kind != "date" else "")
    return one.value or ("1" if one.kind == "number" else "")


def worked_off(place: Place, seconds: float) -> None:
    """Let a real worker do what was approved and send what was confirmed; then it runs no more."""
    settings = place.stack.settings
    env = roles.environment(settings)
    log = settings.var / "processes.log"
    worker = Process("worker", roles.worker_command(settings), env, log_file=log)
    worker.start()
    left = """
        SELECT (SELECT count(*) FROM tool_approvals WHERE status IN ('approved', 'execution_pending'))
             + (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending')
                   AND send_after <= now() + interval '1 minute')
    """
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and _number(place, left):
            time.sleep(0.2)
    finally:
        stop_all([worker], seconds=10)


def _number(place: Place, statement: str) -> int:
    with place.app.app_context(), db.engine.connect() as connection:
        return int(connection.scalar(text(statement)) or 0)
