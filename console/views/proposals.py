"""Asking for an action from within a conversation."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as AnyResponse

from console import governance
from console.errors import Invalid, NotFound
from console.governance import Blocked, Submission, ToolContext
from console.governance.policy import policy
from console.presenters import forms
from console.tools import Tool
from console.tools.registry import registry
from console.views import conversations
from console.views import thread as desk
from console.views.fragments import is_htmx
from console.views.offers import Typed, offer
from console.views.session import operator

blueprint = Blueprint("proposals", __name__)

STATUS = {"needs_input": 422, "scope_invalid": 403, "policy_denied": 403, "unsupported": 404}
LONGEST_TOKEN = 200


@blueprint.post("/conversations/<int:conversation_id>/proposals")
def create(conversation_id: int) -> AnyResponse:
    """Ask for an action. What is refused comes back in its form, as it was typed."""
    found = desk.thread(conversation_id, operator())
    tool = registry().get(request.form.get("tool_ref", ""))
    if tool is None:
        raise NotFound("This action is not offered here (any more). Reload the page to see what is.")
    submission = governance.submit(tool.ref, operator().actor_id, _context(tool, conversation_id))
    if submission.blocked is not None:
        return _refused(found, tool, submission.blocked)
    return _asked(found, tool, submission)


def _context(tool: Tool, conversation_id: int) -> ToolContext:
    token = request.form.get("token", "")
    if not token or len(token) > LONGEST_TOKEN:
        raise Invalid("This form carries no one-time token. Reload the page and ask again.")
    known = {"conversation_id": conversation_id} if "conversation_id" in tool.Input.model_fields else {}
    return ToolContext(
        tool_params=forms.parameters(tool.Input, request.form) | known,
        scopes=frozenset(operator().scopes),
        conversation_id=conversation_id,
        idempotency_token=f"{conversation_id}:{token}",
    )


def _refused(found: desk.Thread, tool: Tool, blocked: Blocked) -> Response:
    """The form again, with what was wrong at each field. A blocked attempt is on record, so the rail changes too."""
    known = {field.name for field in forms.fields(tool.Input)}
    errors = {name: words for name, words in blocked.errors.items() if name.partition(".")[0] in known}
    rest = [words for name, words in blocked.errors.items() if name not in errors]
    typed = Typed(tool.ref, forms.typed(request.form), errors, " ".join([blocked.sentence, *rest]))
    status = STATUS.get(blocked.outcome, 422)
    if not is_htmx():
        return conversations.page(found.conversation.id, status=status, typed=typed)
    return _form(found, tool, typed, "", status)


def _asked(found: desk.Thread, tool: Tool, submission: Submission) -> AnyResponse:
    """To the card that now stands in the rail. The form is new, with a new token: the next intent is another one."""
    lane, proposal = submission.lane, submission.proposal
    if is_htmx():
        words = (
            "runs now" if lane and lane.decided_by == "policy" else "asked" if lane else "blocked by policy"
        )
        return _form(found, tool, None, words, 200)
    card = f"lane-{lane.id}" if lane else f"proposal-{proposal.id if proposal else 0}"
    return redirect(f"/conversations/{found.conversation.id}#{card}", 303)


def _form(found: desk.Thread, tool: Tool, typed: Typed | None, words: str, status: int) -> Response:
    html = render_template(
        "proposals/_tool.html",
        offer=offer(tool, policy().rules_for(tool), found.conversation.customer, typed, words),
        conversation_id=found.conversation.id,
        token=conversations.new_token(),
        csrf=generate_csrf(),
    )
    return make_response(html + conversations.beside("rail", conversations.rail_html(found)), status)
