"""Templates of follow-ups: the list, one with its preview and its versions, and what admins do to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from console import conversations, outbound
from console.errors import ConsoleError, Invalid
from console.models import TemplateVersion
from console.presenters.letters import letter
from console.views.admin import admin
from console.views.fragments import fragment, is_htmx
from console.views.people import faces

blueprint = Blueprint("templates", __name__)


@dataclass(frozen=True)
class Typed:
    """What stands in the form, and what was wrong with it."""

    name: str = ""
    subject: str = ""
    body: str = ""
    conversation_id: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    error: str = ""


@blueprint.get("/admin/templates")
def index() -> AnyResponse:
    """All templates that are offered; with `archived`, those that are not."""
    admin()
    archived = request.args.get("archived") == "1"
    listed = outbound.list_templates(archived=archived)
    html = render_template(
        "templates/_list.html" if is_htmx() else "templates/page.html",
        listed=listed,
        archived=archived,
        faces=faces(),
    )
    return fragment(html) if is_htmx() else make_response(html)


@blueprint.get("/admin/templates/new")
def new() -> AnyResponse:
    """An empty form."""
    admin()
    return _page(None, Typed())


@blueprint.get("/admin/templates/<int:template_id>")
def show(template_id: int) -> AnyResponse:
    """One template in its form; `version` shows an earlier one, which is only to be read."""
    admin()
    current = outbound.get_template(template_id)
    asked = request.args.get("version", type=int)
    if asked is not None and not 0 < asked <= current.version:
        raise outbound.NotFound("This template has no such version.")
    old = outbound.get_template(template_id, asked) if asked and asked != current.version else None
    shown = old or current
    return _page(current, Typed(current.template.name, shown.subject, shown.body), old)


@blueprint.post("/admin/templates")
def create() -> AnyResponse:
    """Keep a new template."""
    typed = _typed()
    try:
        made = outbound.create_template(
            admin().actor_id, name=typed.name, subject=typed.subject, body=typed.body
        )
    except Invalid as error:
        return _refused(None, typed, error, error.fields)
    return _done(made.template_id, f"“{made.template.name}” is there, and can be sent.")


@blueprint.post("/admin/templates/<int:template_id>")
def change(template_id: int) -> AnyResponse:
    """Keep a change as the next version."""
    typed, seen = _typed(), request.form.get("version", type=int)
    try:
        made = outbound.change_template(
            template_id,
            admin().actor_id,
            name=typed.name,
            subject=typed.subject,
            body=typed.body,
            version=seen,
        )
    except Invalid as error:
        return _refused(outbound.get_template(template_id), typed, error, error.fields)
    except ConsoleError as error:
        if error.status != 409:
            raise
        return _refused(outbound.get_template(template_id), typed, error, {})
    same = made.version == seen
    words = "Nothing was different, so nothing was changed." if same else f"Version {made.version} is in use."
    return _done(template_id, words)


@blueprint.post("/admin/templates/<int:template_id>/archive")
def archive(template_id: int) -> AnyResponse:
    """Offer it no more."""
    outbound.archive_template(template_id, admin().actor_id)
    return _done(template_id, "Archived. It is no longer offered; what was sent with it stays as it is.")


@blueprint.post("/admin/templates/<int:template_id>/restore")
def restore(template_id: int) -> AnyResponse:
    """Offer it again."""
    outbound.restore_template(template_id, admin().actor_id)
    return _done(template_id, "It is offered again.")


@blueprint.post("/admin/templates/preview")
def preview() -> AnyResponse:
    """What was typed as a real customer would get it. Changes nothing."""
    admin()
    typed = _typed()
    if is_htmx():
        return make_response(render_template("templates/_preview.html", **_preview(typed)))
    template_id = request.form.get("template_id", type=int)
    return _page(outbound.get_template(template_id) if template_id else None, typed)


def _typed() -> Typed:
    form = request.form
    return Typed(
        form.get("name", ""),
        form.get("subject", ""),
        form.get("body", "").replace("\r\n", "\n"),
        form.get("conversation_id", 0, type=int),
    )


def _preview(typed: Typed) -> dict[str, Any]:
    """The letter to the customer of the conversation that was chosen, else of the one that was resolved last."""
    examples = conversations.lately_resolved()
    chosen = typed.conversation_id or (examples[0].id if examples else 0)
    found: dict[str, Any] = {"examples": examples, "chosen": chosen, "shown": None, "says": ""}
    if not typed.subject and not typed.body:
        return found | {"says": "What you write appears here as the customer would read it."}
    if not chosen:
        return found | {"says": "No conversation is resolved yet, so there is nobody to show this with."}
    try:
        rendered = outbound.render_text(typed.subject, typed.body, chosen, admin().actor_id)
    except ConsoleError as error:
        return found | {"says": error.sentence}
    return found | {"shown": letter(*rendered[:4]), "problem": rendered.problem}


def _page(current: TemplateVersion | None, typed: Typed, old: TemplateVersion | None = None) -> Response:
    versions = outbound.list_versions(current.template_id) if current else []
    html = render_template(
        "templates/one.html",
        current=current,
        old=old,
        typed=typed,
        versions=versions,
        faces=faces(),
        placeholders=outbound.PLACEHOLDERS,
        **_preview(typed),
    )
    return make_response(html, 200)


def _refused(
    current: TemplateVersion | None, typed: Typed, error: ConsoleError, fields: dict[str, str]
) -> Response:
    """The form as it was typed, with what was wrong at each field."""
    typed = Typed(
        typed.name,
        typed.subject,
        typed.body,
        typed.conversation_id,
        fields,
        "" if fields else error.sentence,
    )
    if is_htmx():
        html = render_template(
            "templates/_form.html", current=current, typed=typed, placeholders=outbound.PLACEHOLDERS
        )
        return make_response(html, error.status)
    page = _page(current, typed)
    page.status_code = error.status
    return page


def _done(template_id: int, words: str) -> AnyResponse:
    flash(words)
    here = f"/admin/templates/{template_id}"
    if is_htmx():
        return Response(headers={"HX-Redirect": here})
    return redirect(here, 303)
