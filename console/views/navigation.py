"""The navigation with its live numbers, and the way in."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from console import conversations
from console.presenters.navigation import ROOMS
from console.views.fragments import fragment
from console.views.session import operator

blueprint = Blueprint("navigation", __name__)


@blueprint.get("/")
def home() -> AnyResponse:
    """The inbox is where work starts."""
    return redirect("/inbox")


@blueprint.get("/navigation")
def show() -> Response:
    """The side navigation as a fragment; `at` names the current room."""
    at = request.args.get("at", "")
    nav = at if at in {room.name for room in ROOMS} else ""
    counts = conversations.counts(operator().id)
    return fragment(render_template("shell/_side_nav.html", nav=nav, counts=counts, topics=["inbox"]))
