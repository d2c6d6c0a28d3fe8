"""Bulk sends: the list of all, one with its progress, and what stops it or tries it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from console import outbound
from console.conversations.texts import settings
from console.errors import BadRequest
from console.presenters.days import zone
from console.presenters.envelopes import line, present, rows
from console.presenters.labels import count
from console.presenters.sends import LEFT_OUT_NAMED, left_out
from console.views.fragments import fragment, is_htmx, toast
from console.views.people import faces
from console.views.session import operator

blueprint = Blueprint("envelopes", __name__)


@blueprint.get("/bulk")
def index() -> AnyResponse:
    """A page of all bulk sends, newest first; `status` narrows it, `before` is the last one of the page before."""
    status, before, size = request.args.get("status", "all"), _before(), settings().page_size
    found = outbound.list_envelopes(size + 1, status, before)
    shown, known = found[:size], faces()
    counts = outbound.counts_of([envelope.id for envelope in shown])
    html = render_template(
        "bulk/_list.html" if is_htmx() else "bulk/page.html",
        lines=[line(envelope, counts[envelope.id], known) for envelope in shown],
        older=shown[-1].id if len(found) > size else None,
        before=before,
        status=status,
        here=request.full_path.rstrip("?"),
    )
    return fragment(html) if is_htmx() else make_response(html)


@blueprint.get("/bulk/<uuid:envelope_id>")
def show(envelope_id: UUID) -> AnyResponse:
    """One bulk send; `state` shows the recipients in one state, `after` a further page of them."""
    words = _words(envelope_id)
    if is_htmx():
        return fragment(render_template("bulk/_envelope.html", **words))
    # Who was left out does not change, so it stands beside the live part.
    absent = outbound.left_out_of(envelope_id, LEFT_OUT_NAMED)
    return make_response(
        render_template("bulk/envelope.html", absent=left_out(absent.named, absent.number), **words)
    )


@blueprint.post("/bulk/<uuid:envelope_id>/undo")
def undo(envelope_id: UUID) -> AnyResponse:
    """Stop all of it, within its window."""
    stopped = outbound.undo(envelope_id, operator().actor_id)
    return _done(
        envelope_id, f"Undone: {count(stopped, 'message was', 'messages were')} stopped before leaving."
    )


@blueprint.post("/bulk/<uuid:envelope_id>/cancellation")
def cancel_rest(envelope_id: UUID) -> AnyResponse:
    """Stop what still waits."""
    stopped = outbound.cancel_rest(envelope_id, operator().actor_id)
    return _done(envelope_id, f"{count(stopped, 'message was', 'messages were')} stopped before leaving.")


@blueprint.post("/bulk/<uuid:envelope_id>/retry")
def retry(envelope_id: UUID) -> AnyResponse:
    """Let what failed try again."""
    moved = outbound.retry(envelope_id, operator().actor_id)
    return _done(envelope_id, f"{count(moved, 'message is', 'messages are')} tried again.")


def _words(envelope_id: UUID) -> dict[str, Any]:
    """What the live part of the page says. Raises NotFound, and BadRequest or Invalid for a link that is none."""
    envelope = outbound.get_envelope(envelope_id)
    if envelope is None:
        raise outbound.NotFound("This bulk send does not exist, or no longer does.")
    state, after = request.args.get("state") or None, request.args.get("after") or None
    local = zone(settings().timezone)
    page = outbound.list_deliveries(envelope_id, state, after, settings().page_size)
    return {
        "page": present(envelope, outbound.counts(envelope_id), faces(), local),
        "rows": rows(page.rows, page.repeated, local),
        "after": page.after,
        "paged": bool(after),
        "state": state,
        "here": url_for("envelopes.show", envelope_id=envelope_id, state=state, after=after),
    }


def _done(envelope_id: UUID, words: str) -> AnyResponse:
    if is_htmx():
        html = render_template("bulk/_envelope.html", **_words(envelope_id))
        return Response(html, headers={"HX-Trigger": toast(words)})
    flash(words)
    return redirect(url_for("envelopes.show", envelope_id=envelope_id), 303)


def _before() -> UUID | None:
    word = request.args.get("before")
    try:
        return UUID(word) if word else None
    except ValueError:
        raise BadRequest("This link to older sends is damaged. Go back to the list and try again.") from None
