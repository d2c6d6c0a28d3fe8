"""Writing to a selection: choose a template, see exactly what would leave, confirm it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from console import channels, outbound
from console.conversations.texts import settings
from console.errors import ConsoleError
from console.outbound import BatchTooLarge, OutboundError, Preview
from console.presenters.days import zone
from console.presenters.previews import present
from console.views.fragments import is_htmx
from console.views.selection import selected
from console.views.session import local_path, operator

blueprint = Blueprint("bulk", __name__)

LONGEST_ADDRESS = 2_000
"""Characters of a selection that go into an address; web servers and proxies refuse long ones."""
NAMES = 50


@blueprint.get("/bulk/new")
def choose() -> AnyResponse:
    """What could be written to the selected conversations."""
    return _choose(selected())


@blueprint.post("/bulk/preview")
def make() -> AnyResponse:
    """Make a preview of one template to the selection, or to that of an earlier preview or send. Without a template,
    ask for one first."""
    ids = _earlier() or selected()
    template_id = request.form.get("template_id", type=int)
    if template_id is None:
        words = ",".join(map(str, ids))
        if len(words) > LONGEST_ADDRESS:
            return _choose(ids)
        return redirect(url_for("bulk.choose", conversation_ids=words, back=_back()), 303)
    made = outbound.preview(ids, template_id=template_id, actor=operator().actor_id)
    return redirect(url_for("bulk.show", envelope_id=made.envelope_id, back=_back()), 303)


@blueprint.get("/bulk/preview/<uuid:envelope_id>")
def show(envelope_id: UUID) -> AnyResponse:
    """A preview. One that was confirmed has become a send."""
    found = outbound.open_preview(envelope_id, operator().actor_id)
    if found is None:
        return redirect(url_for("envelopes.show", envelope_id=envelope_id))
    return _page(found)


@blueprint.get("/bulk/preview/<uuid:envelope_id>/recipients")
def recipients(envelope_id: UUID) -> AnyResponse:
    """Some of those who receive it, by name."""
    after = request.args.get("after", 0, type=int)
    names, more = outbound.preview_recipients(envelope_id, operator().actor_id, after=after, limit=NAMES)
    template = "bulk/_recipients.html" if is_htmx() else "bulk/recipients.html"
    following = after + NAMES if more else None
    return make_response(render_template(template, names=names, after=following, envelope_id=envelope_id))


@blueprint.post("/bulk")
def confirm() -> AnyResponse:
    """Send exactly what was previewed. A refusal is said where the button was pressed."""
    try:
        envelope = outbound.confirm(request.form.get("token", ""), operator().actor_id)
    except BatchTooLarge as error:
        envelope = error.envelope
    except OutboundError as error:
        return _refused(error)
    here = url_for("envelopes.show", envelope_id=envelope.id)
    return Response(headers={"HX-Redirect": here}) if is_htmx() else redirect(here, 303)


def _choose(ids: Sequence[int]) -> Response:
    if not ids:
        raise outbound.NothingSelected
    html = render_template(
        "bulk/choose.html",
        number=len(ids),
        conversation_ids=",".join(map(str, ids)),
        templates=outbound.list_templates(),
        back=_back(),
        refusal=_no_channel(),
    )
    return make_response(html)


def _no_channel() -> str:
    """Why nothing can be sent at all, so that nobody chooses for nothing."""
    try:
        channels.channel()
    except ConsoleError as error:
        return error.sentence
    return ""


def _earlier() -> Sequence[int]:
    """The selection of an earlier preview or send, when the form names one."""
    if request.form.get("preview"):
        return outbound.get_preview(request.form["preview"], operator().actor_id).conversation_ids
    envelope = outbound.get_envelope(request.form.get("envelope", ""))
    return envelope.conversation_ids if envelope else ()


def _back() -> str:
    return local_path(request.values.get("back") or "/inbox?view=resolved")


def _refused(error: OutboundError) -> Response:
    """The preview as it was made, with why it was not sent; the problem alone when there is no such preview."""
    try:
        found = outbound.get_preview(request.form.get("envelope_id", ""), operator().actor_id)
    except ConsoleError:
        raise error from None
    return _page(found, error.sentence, error.status)


def _page(found: Preview, error: str = "", status: int = 200) -> Response:
    html = render_template(
        "bulk/_preview.html" if is_htmx() else "bulk/preview.html",
        page=present(found, undo_seconds=settings().undo_seconds, local=zone(settings().timezone)),
        back=_back(),
        templates=outbound.list_templates(),
        error=error,
    )
    return make_response(html, status)
