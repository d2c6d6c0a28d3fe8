"""Choosing a password with a link that an admin handed over. The link is used up by the choice, not by looking."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from console import people
from console.errors import Invalid
from console.models import PasswordLink

blueprint = Blueprint("passwords", __name__)

DIFFERENT = "The two are not the same. Type the password twice."


@blueprint.get("/password")
def choose() -> AnyResponse:
    """The form. The token is no part of the path, which logs keep. Raises LinkGone."""
    token = request.args.get("token", "")
    return _page(people.read_link(token), token, {}, 200)


@blueprint.post("/password")
def keep() -> AnyResponse:
    """Keep the password, then lead to the sign-in. Raises LinkGone."""
    form = request.form
    token, password = form.get("token", ""), form.get("password", "")
    link = people.read_link(token)
    try:
        if password != form.get("again", ""):
            raise Invalid(DIFFERENT, fields={"again": DIFFERENT})
        people.use_link(token, password)
    except Invalid as error:
        return _page(link, token, error.fields, error.status)
    flash("Your password is set. Sign in with it.")
    return redirect("/login", 303)


def _page(link: PasswordLink, token: str, errors: dict[str, str], status: int) -> Response:
    html = render_template("passwords/page.html", link=link, token=token, errors=errors)
    return make_response(html, status)
