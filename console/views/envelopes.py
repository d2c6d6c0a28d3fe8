"""Bulk sends: the list of all, one with its progress, and what stops it or tries it again."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from console import outbound
from console.errors import BadRequest
from console.presenters.days import zone
from console.presenters.envelopes import line, present, rows
from console.presenters.labels import count
from console.views.fragments import fragment, is_htmx, toast
from console.views.people import faces
from console.views.session import operator
from console.views.thread import settings

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
    html = _html(envelope_id)
    return fragment(html) if is_htmx() else make_response(html)


@blueprint.post("/bulk/<uuid:envelope_id>/undo")
def undo(envelope_id: UUID) -> AnyResponse:
    """Stop all of it, within its window."""
    stopped = outbound.undo(envelope_id, operator().actor_id)
    return _done(envelope_id, f"Undone: {count(stopped, 'message was', 'messages were')} stopped before leaving.")


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


def _html(envelope_id: UUID) -> str:
    envelope = outbound.get_envelope(envelope_id)
    if envelope is None:
        raise outbound.NotFound("This bulk send does not exist, or no longer does.")
    state, after = request.args.get("state") or None, request.args.get("after") or None
    local = zone(settings().timezone)
    page = outbound.list_deliveries(envelope_id, state, after, settings().page_size)
    return render_template(
        "bulk/_envelope.html" if is_htmx() else "bulk/envelope.html",
        page=present(envelope, outbound.counts(envelope_id), faces(), local, envelope.left_out_rows),
        rows=rows(page.rows, page.repeated, local),
        after=page.after,
        paged=bool(after),
        state=state,
        here=url_for("envelopes.show", envelope_id=envelope_id, state=state, after=after),
    )


def _done(envelope_id: UUID, words: str) -> AnyResponse:
    if is_htmx():
        return Response(_html(envelope_id), headers={"HX-Trigger": toast(words)})
    flash(words)
    return redirect(url_for("envelopes.show", envelope_id=envelope_id), 303)


def _before() -> UUID | None:
    word = request.args.get("before")
    try:
        return UUID(word) if word else None
    except ValueError:
        raise BadRequest("This link to older sends is damaged. Go back to the list and try again.") from None
