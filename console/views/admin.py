"""The admins' room: what its pages share, and the way in."""

from __future__ import annotations

from flask import Blueprint, redirect
from werkzeug.wrappers import Response as AnyResponse

from console.errors import Forbidden
from console.models import Operator
from console.presenters.navigation import ADMIN
from console.views.session import operator

blueprint = Blueprint("admin", __name__)


@blueprint.get("/admin")
def home() -> AnyResponse:
    """The first page of the room."""
    admin()
    return redirect(ADMIN[0].href)


def admin() -> Operator:
    """The signed-in operator, who is an admin. Raises Forbidden.

    For pages to look at; what changes something is refused by its verb.
    """
    found = operator()
    if not found.is_admin:
        raise Forbidden("This page is for admins. Ask one of them if you need something changed here.")
    return found
