"""One follow-up to a resolved conversation: choose a template, see what would arrive, send it now or later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from console import conversations, outbound
from console.conversations.texts import settings
from console.db import now
from console.errors import ConsoleError, Invalid
from console.models import Conversation, TemplateVersion
from console.presenters.days import zone
from console.presenters.followups import Earlier, earlier, planned, seen
from console.presenters.letters import LetterPage, letter
from console.views.fragments import is_htmx, toast
from console.views.people import faces
from console.views.session import operator

blueprint = Blueprint("followups", __name__)

CHANGED = "What would arrive changed since you looked, so nothing was sent. Read it once more, then send it."


@dataclass(frozen=True)
class Form:
    """What the form shows: the templates, the letter, and what was typed or went wrong."""

    conversation: Conversation
    templates: Sequence[TemplateVersion]
    template_id: int = 0
    shown: LetterPage | None = None
    seen: str = ""
    problem: str = ""
    earlier: Earlier | None = None
    when: str = "now"
    send_at: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""


@blueprint.get("/conversations/<int:conversation_id>/followups/new")
def new(conversation_id: int) -> AnyResponse:
    """The form; with `template_id`, the letter as it would arrive."""
    return _answer(_form(conversation_id, request.args.get("template_id", 0, type=int)))


@blueprint.post("/conversations/<int:conversation_id>/followups")
def create(conversation_id: int) -> AnyResponse:
    """Send what was shown, now or later. What is refused comes back in the form, as it was chosen."""
    typed = request.form
    form = replace(
        _form(conversation_id, typed.get("template_id", 0, type=int)),
        when=typed.get("when", "now"),
        send_at=typed.get("send_at", ""),
    )
    if not form.shown or not typed.get("seen"):
        return _answer(form)
    if typed["seen"] != form.seen:
        return _answer(replace(form, notice=CHANGED), 409)
    try:
        sent = outbound.trigger(
            conversation_id,
            template_id=form.template_id,
            schedule_in=_wait(form),
            actor=operator().actor_id,
            again=typed.get("again") == "yes",
        )
    except Invalid as error:
        return _answer(replace(form, errors={"send_at": error.sentence}), error.status)
    except outbound.OutboundError as error:
        return _answer(replace(form, notice=error.sentence), error.status)
    if sent.duplicate:
        return _answer(replace(form, earlier=earlier(sent.delivery, faces(), _local())), 409)
    return _sent(conversation_id, planned(sent.delivery, _local(), now=now()))


def _form(conversation_id: int, template_id: int) -> Form:
    """The form for a template, or for the choice of one. Raises NotFound."""
    actor = operator().actor_id
    form = Form(conversations.conversation(conversation_id), outbound.list_templates(), template_id)
    if not template_id:
        return form
    try:
        rendered = outbound.render(outbound.get_template(template_id), conversation_id, actor)
    except ConsoleError as error:
        return replace(form, problem=error.sentence)
    return replace(
        form,
        shown=letter(*rendered[:4]),
        seen=seen(rendered),
        problem=rendered.problem or "",
        earlier=earlier(outbound.latest_with(conversation_id, template_id), faces(), _local()),
    )


def _wait(form: Form) -> timedelta:
    """How long until it is due. Raises Invalid for what is no moment."""
    if form.when != "later":
        return timedelta()
    try:
        return datetime.fromisoformat(form.send_at).replace(tzinfo=_local()) - now()
    except (ValueError, OverflowError):
        raise Invalid("Choose a day and a time.") from None


def _local() -> tzinfo:
    return zone(settings().timezone)


def _answer(form: Form, status: int = 200) -> Response:
    template = "followups/_form.html" if is_htmx() else "followups/page.html"
    html = render_template(template, form=form, timezone=settings().timezone)
    return make_response(html, status)


def _sent(conversation_id: int, words: str) -> AnyResponse:
    if is_htmx():
        found = conversations.conversation(conversation_id)
        html = render_template("followups/_door.html", conversation=found, focused=True)
        return Response(html, headers={"HX-Trigger": toast(words)})
    flash(words)
    return redirect(f"/conversations/{conversation_id}", 303)
