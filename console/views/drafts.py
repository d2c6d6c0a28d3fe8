"""What is typed and not sent."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from console import conversations, presence
from console.views.session import operator

blueprint = Blueprint("drafts", __name__)

MESSAGE = re.compile("conversation:([1-9][0-9]{0,17}):(reply|note)")
"""The drafts of which a colleague at the same conversation is told that they are being written."""


@blueprint.post("/drafts")
def keep() -> Response:
    """Keep `body` under `key` for the signed-in operator; an empty body forgets it."""
    key, body = request.form.get("key", ""), request.form.get("body", "")
    conversations.keep_draft(operator().id, key, body)
    place = MESSAGE.fullmatch(key)
    if place and body:
        presence.write(int(place[1]), operator().id, place[2])
    return Response(status=204)
