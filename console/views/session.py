"""Signing in and out. A sign-in is a row: ending it ends its pages and its streams, wherever they are open."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from functools import cache
from urllib.parse import quote

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
)
from flask import session as cookie
from flask_limiter import RequestLimit
from flask_login import LoginManager, current_user
from flask_wtf.csrf import generate_csrf
from sqlalchemy import bindparam, func, select, update
from werkzeug.wrappers import Response as AnyResponse

from console.config import Settings
from console.db import db, now, only_reading, transaction
from console.models import Operator, SignIn
from console.security import SAFE_METHODS, csrf, limiter
from console.views.fragments import is_htmx

PUBLIC = frozenset(
    {
        "static",
        "assets.css",
        "health.alive",
        "health.ready",
        "health.numbers",
        "session.login",
        "session.sign_in",
        "session.logout",
    }
)
"""Endpoints that answer without a sign-in. Every other one asks for it."""
MAX_EMAIL_CHARS = 320
MAX_PASSWORD_CHARS = 1_000
REFUSED = "This email and password do not belong together. Check both and try again."
TOO_MANY = "Too many tries from here. Wait a minute, then try again."
# Built once: every request asks for it.
OPEN = select(SignIn).where(
    SignIn.token_hash == bindparam("token_hash"),
    SignIn.ended_at.is_(None),
    SignIn.expires_at > bindparam("now"),
)

blueprint = Blueprint("session", __name__)
manager = LoginManager()
hasher = PasswordHasher()


# Verified when no operator has the email, so that the answer takes as long as for one that exists.
@cache
def _nobodys_hash() -> str:
    return hasher.hash(secrets.token_urlsafe())


def operator() -> Operator:
    """The signed-in operator of this request."""
    found: Operator = current_user._get_current_object()
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def load(token: str) -> Operator | None:
    """The operator behind a cookie's token, in one query; none when the sign-in ended or the account is inactive."""
    if request.method in SAFE_METHODS:
        only_reading()
    found = db.session.scalar(OPEN, {"token_hash": _hash(token), "now": now()})
    if found is None or not found.operator.active:
        return None
    g.sign_in_id = found.id
    return found.operator


def ask_to_sign_in() -> AnyResponse:
    """A page leads to the sign-in and back; a part of a page gets the sign-in to lay over it, and keeps what it has."""
    if is_htmx() or request.path == "/live":
        return _overlay("", 401)
    here = request.full_path.rstrip("?") if request.method == "GET" else "/inbox"
    return redirect(f"/login?next={quote(here, safe='/?=&')}")


def require_sign_in() -> AnyResponse | None:
    """Before each request: everything but what is marked public needs an operator."""
    if request.endpoint is None or request.endpoint in PUBLIC or current_user.is_authenticated:
        return None
    return ask_to_sign_in()


def require_token() -> None:
    """Before each request that changes something, and after the sign-in was looked at: who is signed out is asked to
    sign in, not told about a token. Raises CSRFError."""
    if request.endpoint is not None:
        csrf.protect()


def local_path(target: str | None) -> str:
    """`target` when it is a path of this console, else the inbox: nobody is sent elsewhere after signing in."""
    target = (target or "").strip()
    plain = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if plain and target.isprintable() else "/inbox"


def _last_email() -> str:
    """Whose sign-in this browser had: its password is all that the overlay asks for."""
    token = cookie.get("_user_id")
    if not token:
        return ""
    return (
        db.session.scalar(select(Operator.email).join(SignIn).where(SignIn.token_hash == _hash(token))) or ""
    )


def _overlay(error: str, status: int, email: str = "") -> Response:
    html = render_template("session/_overlay.html", error=error, email=email or _last_email())
    response = make_response(html, status)
    response.headers["X-Problem"] = "signed_out"
    return response


def _page(error: str, status: int, email: str = "") -> Response:
    goal = local_path(request.values.get("next"))
    return make_response(render_template("session/page.html", error=error, email=email, next=goal), status)


def _check(email: str, password: str) -> Operator | None:
    """The active operator with this email and password. Takes the same time whether or not there is one."""
    found = db.session.scalar(select(Operator).where(func.lower(Operator.email) == email.lower()))
    try:
        hasher.verify(found.password_hash if found else _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return None
    return found if found and found.active else None


def _open(found: Operator, password: str) -> None:
    """Start a sign-in under a new token; nothing of the browser's earlier cookie is believed."""
    settings: Settings = current_app.config["SETTINGS"]
    token, old = secrets.token_urlsafe(32), cookie.get("_user_id")
    with transaction():
        if hasher.check_needs_rehash(found.password_hash):
            found.password_hash = hasher.hash(password)
        if old:
            _end(old)
        row = SignIn(
            operator_id=found.id,
            token_hash=_hash(token),
            expires_at=now() + timedelta(hours=settings.session_hours),
        )
        db.session.add(row)
    cookie.clear()
    cookie["_user_id"] = token
    cookie.permanent = True


def _end(token: str) -> None:
    db.session.execute(
        update(SignIn)
        .where(SignIn.token_hash == _hash(token), SignIn.ended_at.is_(None))
        .values(ended_at=now())
    )


def _limited(limit: RequestLimit) -> Response:
    answer = _overlay if is_htmx() else _page
    return answer(TOO_MANY, 429, request.form.get("email", "").strip()[:MAX_EMAIL_CHARS])


@blueprint.get("/login")
def login() -> AnyResponse:
    """The sign-in page; for an open page whose sign-in ended, the one that lies over it."""
    if is_htmx():
        return _overlay("", 200)
    if current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")))
    return _page("", 200)


@blueprint.post("/login")
@limiter.limit(
    lambda: current_app.config["SETTINGS"].login_limit,
    on_breach=_limited,
    deduct_when=lambda response: response.status_code == 422,
)
def sign_in() -> AnyResponse:
    """Sign in. A page goes to `next`; the overlay closes, and its page gets the new token."""
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    sane = 0 < len(email) <= MAX_EMAIL_CHARS and 0 < len(password) <= MAX_PASSWORD_CHARS
    found = _check(email, password) if sane else None
    if found is None:
        answer = _overlay if is_htmx() else _page
        return answer(REFUSED, 422, email[:MAX_EMAIL_CHARS])
    _open(found, password)
    if not is_htmx():
        return redirect(local_path(request.form.get("next")), 303)
    response = make_response("")
    response.headers["X-CSRF-Token"] = generate_csrf()
    response.headers["X-Signed-In"] = str(found.id)
    return response


@blueprint.post("/logout")
def logout() -> AnyResponse:
    """Sign out: the row ends, and with it every page and stream of this browser."""
    token = cookie.get("_user_id")
    if token:
        with transaction():
            _end(token)
    cookie.clear()
    flash("You are signed out.")
    return redirect("/login", 303)


def init_app(app: Flask) -> None:
    """Ask for a sign-in before every view that is not public."""
    manager.session_protection = None
    manager.user_loader(load)
    manager.unauthorized_handler(ask_to_sign_in)
    manager.init_app(app)
    app.before_request(require_sign_in)
    app.before_request(require_token)
