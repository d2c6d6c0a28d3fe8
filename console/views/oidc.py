"""Signing in through the identity provider: there, back, and in."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask import session as cookie
from flask_limiter import RequestLimit
from werkzeug.wrappers import Response as AnyResponse

from console import oidc, people
from console.errors import ConsoleError
from console.security import limiter
from console.views import session

blueprint = Blueprint("oidc", __name__)

GOAL = "oidc_goal"
ANSWER = ("code", "state", "iss", "error")


def _limited(_limit: RequestLimit) -> Response:
    return session.page(session.TOO_MANY, 429)


@blueprint.get("/login/oidc")
@limiter.limit(lambda: current_app.config["SETTINGS"].login_limit, on_breach=_limited)
def start() -> AnyResponse:
    """Go to the provider. A link and no form: our pages may post to nobody but us."""
    try:
        away = oidc.begin(url_for("oidc.back", _external=True))
    except (oidc.ProviderAway, oidc.Unproven) as error:
        return session.page(error.sentence, error.status)
    cookie[GOAL] = session.local_path(request.args.get("next"))
    return away


@blueprint.get("/login/oidc/back")
def back() -> AnyResponse | str:
    """What the provider answered, in a form that the page sends by itself: reading an address signs nobody in."""
    answer = {name: request.args[name] for name in ANSWER if name in request.args}
    return render_template("session/back.html", answer=answer)


@blueprint.post("/login/oidc/back")
@limiter.limit(lambda: current_app.config["SETTINGS"].login_limit, on_breach=_limited)
def finish() -> AnyResponse:
    """Come in as whom the provider vouches for, or read why not."""
    goal = session.local_path(cookie.get(GOAL))
    try:
        identity = oidc.finish(request.form)
        _, token = people.sign_in_with(identity, session.place(), instead_of=session.held_token())
    except ConsoleError as error:
        if error.status == 404:
            raise
        return session.page(error.sentence, error.status, goal=goal)
    session.enter(token)
    return redirect(goal, 303)
