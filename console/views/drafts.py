"""What is typed and not sent."""

from __future__ import annotations

from flask import Blueprint, Response, request

from console import conversations
from console.views.session import operator

blueprint = Blueprint("drafts", __name__)


@blueprint.post("/drafts")
def keep() -> Response:
    """Keep `body` under `key` for the signed-in operator; an empty body forgets it."""
    conversations.keep_draft(operator().id, request.form.get("key", ""), request.form.get("body", ""))
    return Response(status=204)
