"""One's own account: the password, and where one is signed in."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
)
from flask_limiter import RequestLimit
from werkzeug.wrappers import Response as AnyResponse

from console import people
from console.errors import Conflict, Invalid
from console.presenters import people as words
from console.security import limiter
from console.views.fragments import fragment, is_htmx
from console.views.session import TOO_MANY, operator

blueprint = Blueprint("account", __name__)

DIFFERENT = "The two new passwords are not the same. Type the new one twice."


def _limited(_limit: RequestLimit) -> Response:
    return _page({}, TOO_MANY, 429)


@blueprint.get("/account")
def show() -> AnyResponse:
    """The page; as a fragment, the sign-ins alone."""
    if is_htmx():
        return fragment(render_template("account/_sign_ins.html", **_sign_ins()))
    return _page({}, "", 200)


@blueprint.post("/account/password")
@limiter.limit(
    lambda: current_app.config["SETTINGS"].login_limit,
    key_func=lambda: operator().actor_id,
    on_breach=_limited,
    deduct_when=lambda response: response.status_code == 422,
)
def change_password() -> AnyResponse:
    """Another password, for who knows the present one."""
    form = request.form
    new = form.get("password", "")
    try:
        if new != form.get("again", ""):
            raise Invalid(DIFFERENT, fields={"again": DIFFERENT})
        people.change_password(operator().actor_id, form.get("current", ""), new, keep=g.sign_in_id)
    except Invalid as error:
        return _page(error.fields, "", error.status)
    except Conflict as error:
        return _page({}, error.sentence, error.status)
    flash("Your password is changed. Wherever else you were signed in, you are signed out.")
    return redirect("/account", 303)


@blueprint.post("/account/sign-out")
def sign_out() -> AnyResponse:
    """End the sign-in that is named, or all but this one."""
    me, only = operator(), request.form.get("sign_in", type=int)
    but = None if only is not None else g.sign_in_id
    count = people.end_sign_ins(me.id, me.actor_id, only=only, but=but)
    flash("Signed out there." if count else "You were not signed in there any more.")
    return redirect("/account", 303)


def _page(errors: dict[str, str], error: str, status: int) -> Response:
    html = render_template("account/page.html", errors=errors, error=error, me=operator(), **_sign_ins())
    return make_response(html, status)


def _sign_ins() -> dict[str, object]:
    return {"sign_ins": people.list_sign_ins(operator().id), "here": g.sign_in_id, "words": words}
