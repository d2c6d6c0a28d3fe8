"""The conversation page, its live parts, and what is done to a conversation."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from console import conversations, governance, presence
from console.conversations import AnsweredMeanwhile
from console.errors import Invalid
from console.presenters import company, forms
from console.presenters import timeline as entries
from console.tools.registry import registry
from console.views import cards as board
from console.views import thread as desk
from console.views.cards import Deciding
from console.views.fragments import fragment, is_htmx
from console.views.offers import Typed, offers, section
from console.views.selection import chosen_assignee
from console.views.session import operator
from console.views.thread import Thread

blueprint = Blueprint("conversations", __name__)


@dataclass(frozen=True)
class Composer:
    """What the composer holds: what was typed, and what came of sending it."""

    body: str
    seen: int
    kind: str = "reply"
    other: str = ""
    """The draft of the other kind."""
    error: str = ""
    answered: str = ""
    """Who answered after the page was loaded."""


@blueprint.get("/conversations/<int:conversation_id>")
def show(conversation_id: int) -> AnyResponse:
    """The page. `before` shows earlier entries, `again` opens the form of an earlier action, filled."""
    return page(conversation_id, typed=_again(conversation_id))


@blueprint.get("/conversations/<int:conversation_id>/header")
def header(conversation_id: int) -> Response:
    """The head of the page, and who else is here."""
    found = desk.thread(conversation_id, operator())
    beside = company.here(_company(conversation_id), found.faces)
    return fragment(render_template("conversations/_header.html", thread=found, here=beside))


@blueprint.get("/conversations/<int:conversation_id>/typing")
def typing(conversation_id: int) -> Response:
    """Who else writes here. What stands in the page comes with its first connection."""
    found = desk.thread(conversation_id, operator())
    beside = company.writing(_company(conversation_id), found.faces)
    return fragment(render_template("conversations/_typing.html", thread=found, writing=beside))


@blueprint.get("/conversations/<int:conversation_id>/timeline")
def timeline(conversation_id: int) -> Response:
    """What was said and done."""
    found = desk.thread(conversation_id, operator())
    return fragment(timeline_html(found, request.args.get("before", "")))


@blueprint.get("/conversations/<int:conversation_id>/rail")
def rail(conversation_id: int) -> Response:
    """What needs a decision and what happened; the phone's bar above the composer comes with it."""
    return fragment(rail_html(desk.thread(conversation_id, operator())))


@blueprint.post("/conversations/<int:conversation_id>/messages")
def send(conversation_id: int) -> AnyResponse:
    """Send a reply or keep a note. What cannot be sent comes back as it was typed."""
    form, actor_id = request.form, operator().actor_id
    # A reason that came too late may be kept as a note; its field keeps the name it was typed under.
    kind, body = form.get("kind", "reply"), form.get("body") or form.get("reason", "")
    if kind not in ("reply", "internal_note"):
        raise Invalid("Choose whether this is a reply or an internal note.", fields={"kind": "Choose one."})
    try:
        if kind == "internal_note":
            draft = form.get("draft", "")
            sent = conversations.add_note(conversation_id, actor_id, body, form_token=_token(), draft=draft)
        else:
            sent = conversations.reply(
                conversation_id,
                actor_id,
                body,
                form_token=_token(),
                seen_message_id=form.get("seen", type=int),
                again=form.get("again") == "yes",
            )
    except AnsweredMeanwhile as error:
        _keep(conversation_id, kind, body)
        composer = Composer(body, error.message_id, kind, answered=f"{error.who} answered meanwhile.")
        return _composer(conversation_id, composer, error.status)
    except Invalid as error:
        _keep(conversation_id, kind, body)
        composer = Composer(body, form.get("seen", 0, type=int), kind, error=error.sentence)
        return _composer(conversation_id, composer, error.status)
    if not is_htmx():
        return redirect(f"/conversations/{conversation_id}#message-{sent.id}", 303)
    return _composer(conversation_id, None, 200)


@blueprint.post("/conversations/<int:conversation_id>/resolution")
def resolution(conversation_id: int) -> AnyResponse:
    """Resolve or reopen."""
    verbs = {"resolved": conversations.resolve, "open": conversations.reopen}
    verb = verbs.get(request.form.get("status", ""))
    if verb is None:
        raise Invalid(
            "Say whether the conversation is resolved or open.", fields={"status": "Resolved or open."}
        )
    verb(conversation_id, operator().actor_id)
    return _changed(conversation_id)


@blueprint.post("/conversations/<int:conversation_id>/assignment")
def assignment(conversation_id: int) -> AnyResponse:
    """Give the conversation to someone, or to nobody."""
    conversations.assign(conversation_id, operator().actor_id, chosen_assignee())
    return _changed(conversation_id)


def page(
    conversation_id: int,
    *,
    status: int = 200,
    typed: Typed | None = None,
    composer: Composer | None = None,
    deciding: Deciding | None = None,
) -> Response:
    """The whole page, with what was typed and refused still in its forms."""
    found = desk.thread(conversation_id, operator())
    proposals = board.proposals(conversation_id)
    said = conversations.timeline(conversation_id, before=request.args.get("before"))
    found = _at(found, said, request.args.get("before", ""))
    html = render_template(
        "conversations/page.html",
        thread=found,
        days=_days(found, said, proposals),
        entry=desk.entry,
        cards=board.cards(found, proposals, deciding),
        propose=_forms(found, typed),
        composer=composer or _draft(found, said.last_id),
        token=new_token,
        drawn=board.drawn,
    )
    return make_response(html, status)


def timeline_html(found: Thread, before: str = "") -> str:
    """The timeline as its region shows it."""
    said = conversations.timeline(found.conversation.id, before=before)
    found = _at(found, said, before)
    days = _days(found, said, board.proposals(found.conversation.id))
    return render_template("conversations/_timeline.html", thread=found, days=days, entry=desk.entry)


def rail_html(found: Thread, deciding: Deciding | None = None) -> str:
    """The rail as its region shows it, and the phone's bar; the propose forms stay as they are on the page."""
    cards = board.cards(found, board.proposals(found.conversation.id), deciding)
    return render_template("conversations/_rail_and_door.html", thread=found, cards=cards, drawn=board.drawn)


def _forms(found: Thread, typed: Typed | None) -> Markup:
    conversation = found.conversation
    offered = offers(found.operator, conversation.id, conversation.customer, typed)
    return section(offered, conversation.id, generate_csrf(), new_token())


def _company(conversation_id: int) -> presence.Company:
    return presence.company_of(conversation_id, besides=operator().id)


def new_token() -> str:
    """A one-time token: one form is one message or one proposal, however often it is sent."""
    return secrets.token_urlsafe(18)


def _keep(conversation_id: int, kind: str, body: str) -> None:
    """Keep a message that was not sent as a draft; one that cannot be kept is still in the answer."""
    with suppress(Invalid):
        what = "note" if kind == "internal_note" else "reply"
        conversations.keep_draft(operator().id, f"conversation:{conversation_id}:{what}", body)


def _token() -> str | None:
    return request.form.get("token", "")[:200] or None


def _at(found: Thread, said: conversations.Timeline, before: str) -> Thread:
    return replace(found, before=before, earlier=said.earlier, says=desk.says(said, found.faces))


def _days(found: Thread, said: conversations.Timeline, proposals: Any) -> list[entries.Day]:
    shown = () if found.before else proposals
    return entries.days(
        said.entries,
        shown,
        found.faces,
        found.view.local,
        whole=said.earlier is None,
        by=f"by {found.channel.lower()}",
    )


def _draft(found: Thread, last_id: int) -> Composer:
    """What was typed here before: the reply, or the note when there is only a note."""
    topic = found.conversation.topic
    reply, note = found.drafts.get(f"{topic}:reply", ""), found.drafts.get(f"{topic}:note", "")
    if note and not reply:
        return Composer(note, last_id, "internal_note")
    return Composer(reply, last_id, other=note)


def _again(conversation_id: int) -> Typed | None:
    """The form of an earlier action of this conversation, filled with its input."""
    proposal_id = request.args.get("again", type=int)
    if proposal_id is None or not 0 < proposal_id < 2**63:
        return None
    proposal = governance.get_proposal(proposal_id)
    tool = registry().get(proposal.tool_ref) if proposal else None
    if proposal is None or tool is None or proposal.conversation_id != conversation_id:
        return None
    return Typed(tool.ref, forms.again(tool.Input, proposal.input))


def _composer(conversation_id: int, composer: Composer | None, status: int) -> Response:
    """The composer after an attempt, with the timeline as it now is; the whole page without JavaScript."""
    if not is_htmx():
        return page(conversation_id, status=status, composer=composer)
    found = desk.thread(conversation_id, operator())
    composer = composer or _draft(found, conversations.last_message_id(conversation_id))
    html = render_template("conversations/_composer.html", thread=found, composer=composer, token=new_token)
    return make_response(html + beside("timeline", timeline_html(found)), status)


def _changed(conversation_id: int) -> AnyResponse:
    if not is_htmx():
        return redirect(f"/conversations/{conversation_id}", 303)
    found = desk.thread(conversation_id, operator())
    beside_me = company.here(_company(conversation_id), found.faces)
    head = render_template("conversations/_header.html", thread=found, here=beside_me)
    return make_response(head + beside("timeline", timeline_html(found)))


def beside(region: str, html: str) -> str:
    """Another region that comes with an answer and is morphed where it stands."""
    return f'<hx-partial hx-target="#{region}" hx-swap="outerMorph">{html}</hx-partial>'
