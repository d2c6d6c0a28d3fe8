"""What was sent when the sign-in had ended, carried through signing in again, for pages without a script."""

from __future__ import annotations

from typing import NamedTuple

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

MOST_CHARS = 200_000


class Carried(NamedTuple):
    """A form as it was sent: where to, and its fields without the token of that time."""

    path: str
    fields: list[tuple[str, str]]


def carry() -> str:
    """The form of this request as a signed word; empty when there is none, it is too much to carry, or a password."""
    if "password" in request.form:
        return ""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    size = sum(len(name) + len(value) for name, value in fields)
    return _signer().dumps([request.path, fields]) if 0 < size <= MOST_CHARS else ""


def carried(word: str) -> Carried | None:
    """What `carry` made a word of; None for any other."""
    try:
        path, fields = _signer().loads(word)
    except BadSignature:
        return None
    return Carried(path, [(name, value) for name, value in fields])


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="carried through signing in")
