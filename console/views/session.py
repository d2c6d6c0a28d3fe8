"""Signing in and out. A sign-in is a row: ending it ends its pages and its streams, wherever they are open."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

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
from sqlalchemy import bindparam, select
from werkzeug.wrappers import Response as AnyResponse

from console import oidc, people
from console.db import db, now, only_reading
from console.models import Operator, SignIn
from console.security import SAFE_METHODS, csrf, limiter
from console.views.carried import carried, carry
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
        "passwords.choose",
        "passwords.keep",
        "oidc.start",
        "oidc.back",
        "oidc.finish",
    }
)
"""Endpoints that answer without a sign-in. Every other one asks for it."""
TOO_MANY = "Too many tries from here. Wait a minute, then try again."
# Built once: every request asks for it.
OPEN = select(SignIn).where(
    SignIn.token_hash == bindparam("token_hash"),
    SignIn.ended_at.is_(None),
    SignIn.expires_at > bindparam("now"),
)

blueprint = Blueprint("session", __name__)
manager = LoginManager()


def operator() -> Operator:
    """The signed-in operator of this request."""
    found: Operator = current_user._get_current_object()
    return found


def load(token: str) -> Operator | None:
    """The operator behind a cookie's token, in one query; none when the sign-in ended or the account is inactive."""
    found = db.session.scalar(OPEN, {"token_hash": people.hash_sign_in(token), "now": now()})
    if found is None or not found.operator.active:
        return None
    g.sign_in_id = found.id
    return found.operator


def ask_to_sign_in() -> AnyResponse:
    """A page leads to the sign-in and back; a part of a page gets the sign-in to lay over it, and keeps what it has."""
    if is_htmx() or request.path == "/live":
        return _overlay("", 401)
    if request.method == "POST":
        return page("", 401, carry=carry())
    here = request.full_path.rstrip("?") if request.method == "GET" else "/inbox"
    return redirect(f"/login?next={quote(here, safe='/?=&')}")


def require_sign_in() -> AnyResponse | None:
    """Before each request: everything but what is marked public needs an operator, and what asks only reads."""
    if request.method in SAFE_METHODS:
        only_reading()
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
    token = held_token()
    if not token:
        return ""
    wanted = select(Operator.email).join(SignIn).where(SignIn.token_hash == people.hash_sign_in(token))
    return db.session.scalar(wanted) or ""


def _overlay(error: str, status: int, email: str = "") -> Response:
    html = render_template(
        "session/_overlay.html", error=error, email=email or _last_email(), provider=_provider()
    )
    response = make_response(html, status)
    response.headers["X-Problem"] = "signed_out"
    return response


def page(error: str, status: int, email: str = "", goal: str = "", carry: str = "") -> Response:
    """The sign-in page, with what went wrong."""
    came_from = _came_from() if carry else ""
    goal = local_path(goal or request.values.get("next") or came_from)
    carry = carry or (request.form.get("carry", "") if request.path == "/login" else "")
    words = {"error": error, "email": email, "provider": _provider(), "next": goal, "carry": carry}
    return make_response(render_template("session/page.html", **words), status)


def _came_from() -> str:
    """The page of ours on which a form was sent."""
    try:
        page = urlsplit(request.referrer or "")
    except ValueError:
        return ""
    return page.path if page.netloc == request.host and page.path != "/login" else ""


def _provider() -> str:
    return oidc.button(current_app.config["SETTINGS"])


def place() -> people.Place:
    """Where this request comes from."""
    return people.Place(request.remote_addr or "", request.user_agent.string)


def held_token() -> str | None:
    """The token of this browser's cookie, whatever it is worth by now."""
    return cookie.get("_user_id")


def enter(token: str) -> None:
    """Let this browser have a sign-in; nothing of its earlier cookie is believed."""
    cookie.clear()
    cookie["_user_id"] = token
    cookie.permanent = True


def _limited(limit: RequestLimit) -> Response:
    answer = _overlay if is_htmx() else page
    return answer(TOO_MANY, 429, request.form.get("email", "").strip()[: people.MAX_EMAIL_CHARS])


def _signed_in(found: Operator) -> Response:
    """For the overlay: nothing to show, the page's new token, and who it now belongs to."""
    response = make_response("")
    response.headers["X-CSRF-Token"] = generate_csrf()
    response.headers["X-Signed-In"] = str(found.id)
    return response


@blueprint.get("/login")
def login() -> AnyResponse:
    """The sign-in page; for an open page whose sign-in ended, the one that lies over it.

    With `meanwhile`, nothing for it, or what it needs to go on: somebody may have signed in in another tab.
    """
    if "meanwhile" in request.args:
        return _signed_in(operator()) if current_user.is_authenticated else Response(status=204)
    if is_htmx():
        return _overlay("", 200)
    if current_user.is_authenticated:
        return redirect(local_path(request.args.get("next")))
    return page("", 200)


@blueprint.post("/login")
@limiter.limit(
    lambda: current_app.config["SETTINGS"].login_limit,
    on_breach=_limited,
    deduct_when=lambda response: response.status_code == 422,
)
def sign_in() -> AnyResponse:
    """Sign in. A page goes to `next`; the overlay closes, and its page gets the new token."""
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    try:
        found, token = people.sign_in(email, password, place(), instead_of=held_token())
    except people.SignInRefused as error:
        answer = _overlay if is_htmx() else page
        return answer(error.sentence, error.status, email[: people.MAX_EMAIL_CHARS])
    enter(token)
    if not is_htmx():
        return _go_on()
    return _signed_in(found)


def _go_on() -> AnyResponse:
    goal, waits = local_path(request.form.get("next")), carried(request.form.get("carry", ""))
    if waits is None:
        return redirect(goal, 303)
    return make_response(render_template("session/again.html", carried=waits, next=goal))


@blueprint.post("/logout")
def logout() -> AnyResponse:
    """Sign out: the row ends, and with it every page and stream of this browser."""
    token = held_token()
    if token:
        people.sign_out(token)
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
