"""The live stream of a page."""

from __future__ import annotations

from flask import Blueprint, Response, g, request
from flask_login import current_user

from console import live
from console.streams import Body, Stream

blueprint = Blueprint("live", __name__)


@blueprint.get("/live")
def stream() -> Response:
    """Server-Sent Events for `topics`: that something changed, never what. Raises BadRequest for an unknown topic."""
    topics = live.parse_topics(request.args.get("topics", ""))
    hub = live.hub()
    granted = live.grants(current_user.role, current_user.scopes)
    socket = request.environ.get("gunicorn.socket")
    opened = Stream(topics, g.sign_in_id, current_user.id, granted, socket)
    hub.open(opened)
    # Passed through as it is: each layer of wrapping costs a thousand open pages its part of every event.
    return Response(
        Body(opened, hub.leave),
        mimetype="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
        direct_passthrough=True,
    )
