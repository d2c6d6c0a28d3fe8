"""Parts of a page: whether one is asked for, and how it is answered cheaply when it has not changed."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from functools import cache

from flask import Response, current_app, request
from markupsafe import Markup, escape

# Stands for what differs from page to page in what is drawn once for many. No text that anyone typed can contain them.
CONVERSATION, CSRF, TOKEN = (f"{name}-{secrets.token_hex(16)}" for name in ("conversation", "csrf", "token"))
# One-time values differ in every rendering; a region that differs in nothing else has not changed.
_ONE_TIME = re.compile(r'name="(?:csrf_token|token|form_token)" value="[^"]*"')


def is_htmx() -> bool:
    """Whether the request wants a part of a page. Going back in history wants the whole."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def filled(drawn: Markup, values: Mapping[str, object]) -> Markup:
    """What was drawn once for many, with what differs in place of its marks."""
    for mark, value in values.items():
        drawn = drawn.replace(mark, escape(value))
    return drawn


@cache
def unchanging(template: str) -> Markup:
    """A part of every page that is the same for everyone: rendered once a process."""
    return Markup(current_app.jinja_env.get_template(template).render())


def fragment(html: str, status: int = 200) -> Response:
    """Answer with a part of a page: 304 when the page already shows exactly this."""
    response = Response(html, status=status, mimetype="text/html")
    if status == 200:
        response.set_etag(hashlib.sha256(_ONE_TIME.sub("", html).encode()).hexdigest()[:32], weak=True)
        response.make_conditional(request)
    return response


def toast(words: str, *events: str) -> str:
    """An HX-Trigger header that shows `words` about what was just done, and lets `events` happen in the page."""
    return json.dumps({"console:toast": words, **dict.fromkeys(events, "")})
