"""One action: its card and its record, and the three decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from console import conversations as talk
from console import governance
from console.conversations.texts import settings
from console.db import db
from console.errors import ConsoleError, NotFound
from console.governance import DateNotUsable, GovernanceError
from console.models import ToolApproval, ToolProposal
from console.presenters.days import zone
from console.presenters.lanes import Card, Decision, Notice
from console.views import approvals, conversations
from console.views import cards as board
from console.views import thread as desk
from console.views.fragments import fragment, is_htmx
from console.views.session import local_path, operator

blueprint = Blueprint("lanes", __name__)

LONGEST_DATE = 40
PARTS = ("steps", "policy", "identifiers", "raw")
REFUSED = {
    "not_pending": "Not counted.",
    "expired": "Too late.",
    "stale_view": "Not decided.",
    "already_voted": "Counted once.",
    "reason_required": "A reason is needed.",
}


@blueprint.get("/lanes/<int:lane_id>")
def show(lane_id: int) -> AnyResponse:
    """The card on its own page with its record; as a fragment, the card alone or the page's live part."""
    found, proposal = _found(lane_id)
    card = board.card_of(found, proposal)
    if not is_htmx():
        return make_response(_page(found, card))
    template = "lanes/_region.html" if request.args.get("part") == "page" else "lanes/_card.html"
    return fragment(render_template(template, card=card, conversation=found.conversation))


@blueprint.get("/lanes/<int:lane_id>/history")
def history(lane_id: int) -> Response:
    """What a card folds away: one `part` of its record, or the whole."""
    part = request.args.get("part", "")
    if part and part not in PARTS:
        raise NotFound()
    found, proposal = _found(lane_id)
    return fragment(render_template("lanes/_record.html", card=board.card_of(found, proposal), part=part))


@blueprint.post("/lanes/<int:lane_id>/approval")
def approve(lane_id: int) -> AnyResponse:
    """Approve what was shown."""
    note = request.form.get("note", "")
    return _decide(lane_id, "approval", lambda bound: governance.approve(lane_id, note=note, **bound))


@blueprint.post("/lanes/<int:lane_id>/rejection")
def reject(lane_id: int) -> AnyResponse:
    """Say no, with a reason."""
    reason = request.form.get("reason", "")
    return _decide(lane_id, "rejection", lambda bound: governance.reject(lane_id, reason=reason, **bound))


@blueprint.post("/lanes/<int:lane_id>/deferral")
def defer(lane_id: int) -> AnyResponse:
    """Not now, with a reason, and with the moment at which it comes back, if one was chosen."""
    reason = request.form.get("reason", "")
    return _decide(
        lane_id, "deferral", lambda bound: governance.defer(lane_id, reason=reason, until=_until(), **bound)
    )


def _decide(lane_id: int, verb: str, decide: Callable[[dict[str, Any]], ToolApproval]) -> AnyResponse:
    """Decide, and show the card as it then is: with the decision, or with what stood against it."""
    # A form that does not say what it was about binds to nothing that a card ever shows, so it counts as stale.
    bound = {
        "actor_id": operator().actor_id,
        "version": request.form.get("version", 0, type=int),
        "digest": request.form.get("digest") or "none",
    }
    try:
        lane = decide(bound)
    except GovernanceError as error:
        if error.status == 404:
            raise
        return _not_decided(lane_id, verb, error)
    for panel in ("approval", "rejection", "deferral"):
        talk.forget_draft(operator().id, f"lane:{lane_id}:{panel}")
    back = request.form.get("back", "")
    place = approvals.place_behind(back)
    if place is not None:
        return approvals.go_on(place, lane, verb)
    if is_htmx():
        found, proposal = _found(lane_id)
        return make_response(_card(board.card_of(found, proposal)))
    home = f"/conversations/{lane.conversation_id}" if lane.conversation_id else f"/lanes/{lane.id}"
    return redirect(f"{local_path(back) if back else home}#lane-{lane.id}", 303)


def _not_decided(lane_id: int, verb: str, error: GovernanceError) -> Response:
    """The card as it is now, with why the decision did not count and everything that was typed."""
    reason, note = request.form.get("reason", ""), request.form.get("note", "")
    _keep(f"lane:{lane_id}:{verb}", note if verb == "approval" else reason)
    found, proposal = _found(lane_id)
    about_reason = error.code == "reason_required" and verb != "approval"
    about_date = error.code == DateNotUsable.code
    decision = Decision(
        reason=reason,
        note=note,
        until=request.form.get("until", "")[:LONGEST_DATE],
        open=verb,
        error=error.sentence if about_reason else "",
        until_error=error.sentence if about_date else "",
    )
    at_field = about_reason or about_date
    notice = None if at_field else Notice(REFUSED.get(error.code, "Not decided."), error.sentence)
    back = request.form.get("back", "")
    place = approvals.place_behind(back)
    if is_htmx():
        found = replace(found, back=back) if place is not None else found
        return make_response(_card(board.card_of(found, proposal, decision, notice)), error.status)
    if place is not None:
        deciding = {lane_id: (decision, notice)}
        return approvals.page(place._replace(lane=lane_id), status=error.status, deciding=deciding)
    if found.conversation is not None:
        deciding = {lane_id: (decision, notice)}
        return conversations.page(found.conversation.id, status=error.status, deciding=deciding)
    return make_response(_page(found, board.card_of(found, proposal, decision, notice)), error.status)


def _until() -> datetime | None:
    """The moment that was chosen, in the team's time zone. Raises DateNotUsable for what is no moment."""
    typed = request.form.get("until", "").strip()
    if not typed:
        return None
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError as error:
        raise DateNotUsable(
            "This is no day and time. Choose one from the calendar, or leave it empty."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone(settings().timezone))


def _keep(key: str, typed: str) -> None:
    """Keep a refused reason or note as a draft; one that cannot be kept is still in the answer."""
    try:
        talk.keep_draft(operator().id, key, typed)
    except ConsoleError:
        return


def _found(lane_id: int) -> tuple[desk.Desk, ToolProposal]:
    """The lane's proposal with its trail, and the thread around it. Raises NotFound."""
    db.session.expire_all()
    lane = governance.get_approval(lane_id) if 0 < lane_id < 2**63 else None
    if lane is None:
        raise NotFound("This action does not exist, or no longer does.")
    return board.around(lane, operator())


def _card(card: Card) -> str:
    return render_template("lanes/_card.html", card=card, focused=True)


def _page(found: desk.Desk, card: Card) -> str:
    return render_template("lanes/page.html", card=card, conversation=found.conversation)
