"""What is done to the conversations that were selected in the inbox."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from console import conversations
from console.errors import Invalid
from console.presenters.selection import told
from console.views.fragments import is_htmx, toast
from console.views.session import local_path, operator

blueprint = Blueprint("selection", __name__)


@blueprint.post("/inbox/resolution")
def resolve() -> AnyResponse:
    """Resolve every selected conversation that is open."""
    return _spent(told(conversations.resolve_each(selected(), operator().actor_id), "resolved"))


@blueprint.post("/inbox/assignment")
def assign() -> AnyResponse:
    """Give every selected conversation to someone, or to nobody."""
    assignee_id = chosen_assignee()
    outcome = conversations.assign_each(selected(), operator().actor_id, assignee_id)
    if assignee_id is None:
        return _spent(told(outcome, "given back for anyone to take"))
    if assignee_id == operator().id:
        return _spent(told(outcome, "assigned to you"))
    name = dict(conversations.assignable()).get(assignee_id, "someone who left")
    return _spent(told(outcome, f"assigned to {name}"))


def selected() -> list[int]:
    """The selected conversations, once each, in the order in which they were sent: `conversation_ids`, repeated or
    separated by commas. Raises Invalid for anything that is no id."""
    words = [word.strip() for sent in request.values.getlist("conversation_ids") for word in sent.split(",")]
    for word in filter(None, words):
        if not (word.isascii() and word.isdigit() and len(word) < 19):
            raise Invalid("A selection names conversations by their numbers. Go back and select them again.")
    return list(dict.fromkeys(int(word) for word in words if word))


def chosen_assignee() -> int | None:
    """The operator that a form names, or nobody. Raises Invalid for what is no id."""
    wanted = request.form.get("assignee_id", "").strip()
    if wanted and not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
        raise Invalid("Choose a person of the team, or nobody.", fields={"assignee_id": "Choose a person."})
    return int(wanted) if wanted else None


def _spent(words: str) -> AnyResponse:
    """Say what came of it and let go of the selection."""
    if not is_htmx():
        flash(words)
        return redirect(local_path(request.form.get("back")), 303)
    return Response(headers={"HX-Trigger": toast(words, "console:selection-spent")})
