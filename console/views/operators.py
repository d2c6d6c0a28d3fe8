"""People: who may work here, one of them, and what admins do about them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from console import governance, people
from console.errors import Conflict, ConsoleError, Invalid
from console.models import Operator, Role
from console.presenters import people as words
from console.views.admin import admin
from console.views.fragments import fragment, is_htmx
from console.views.session import operator

blueprint = Blueprint("operators", __name__)

MOST_UNFINISHED = 100


@dataclass(frozen=True)
class Typed:
    """What stands in the form, and what was wrong with it."""

    email: str = ""
    name: str = ""
    role: str = str(Role.OPERATOR)
    scopes: list[str] = field(default_factory=list)
    version: int | None = None
    errors: dict[str, str] = field(default_factory=dict)
    error: str = ""
    meanwhile: list[str] = field(default_factory=list)
    """How the account is now, where somebody else changed it."""


@blueprint.get("/admin/people")
def index() -> AnyResponse:
    """Everybody by name, and the agents; with `deactivated`, those who no longer work here."""
    admin()
    size = current_app.config["SETTINGS"].page_size
    after, q = request.args.get("after", type=int), request.args.get("q", "").strip()[:200]
    active = request.args.get("deactivated") != "1"
    found = people.list_people(size + 1, after=after, q=q, active=active)
    here = [(name, request.args[name]) for name in ("after", "q", "deactivated") if request.args.get(name)]
    shown = {
        "members": found[:size],
        "older": found[size - 1].operator.id if len(found) > size else None,
        "agents": [one for one in people.list_agents() if one.active is active]
        if not after and not q
        else [],
        "active": active,
        "q": q,
        "here": f"/admin/people?{urlencode(here)}",
        "first": not after,
        "words": words,
    }
    html = render_template("people/_list.html" if is_htmx() else "people/page.html", **shown)
    return fragment(html) if is_htmx() else make_response(html)


@blueprint.get("/admin/people/new")
def new() -> AnyResponse:
    """An empty invitation."""
    admin()
    return _new(Typed(), 200)


@blueprint.post("/admin/people")
def invite() -> AnyResponse:
    """An account, and a link to choose a password. It is in this answer and nowhere else."""
    typed = _typed()
    try:
        found, token = people.invite(
            typed.email,
            typed.name,
            actor_id=operator().actor_id,
            role=_role(typed.role),
            scopes=typed.scopes,
        )
    except ConsoleError as error:
        if error.status == 403:
            raise
        return _new(_refused(typed, error), error.status)
    return _handed(found, token, f"{found.name} is invited", 201)


@blueprint.get("/admin/people/<int:operator_id>")
def show(operator_id: int) -> AnyResponse:
    """One person in their form, and how they stand; as a fragment, how they stand alone."""
    admin()
    found = people.get_operator(operator_id)
    if is_htmx():
        return fragment(render_template("people/_standing.html", **_standing(found)))
    return _page(found, _as_is(found), 200)


@blueprint.post("/admin/people/<int:operator_id>")
def change(operator_id: int) -> AnyResponse:
    """Another name, email, role or other scopes."""
    typed = _typed()
    try:
        found = people.change_operator(
            operator_id,
            operator().actor_id,
            email=typed.email,
            name=typed.name,
            role=_role(typed.role),
            scopes=typed.scopes,
            version=typed.version,
        )
    except ConsoleError as error:
        if error.status in (403, 404):
            raise
        found = people.get_operator(operator_id)
        return _page(found, _refused(typed, error, found), error.status)
    same = found.version == typed.version
    flash("Nothing was different, so nothing was changed." if same else f"{found.name} is changed.")
    return redirect(f"/admin/people/{operator_id}", 303)


@blueprint.post("/admin/people/<int:operator_id>/deactivation")
def deactivate(operator_id: int) -> AnyResponse:
    """End what they may do."""
    try:
        found = people.deactivate(f"operator:{operator_id}", operator().actor_id)
    except Conflict as error:
        return _stays(operator_id, error)
    return _done(operator_id, f"{found.name} is deactivated, and signed out within five seconds.")


@blueprint.post("/admin/people/<int:operator_id>/activation")
def activate(operator_id: int) -> AnyResponse:
    """Let them work again."""
    found = people.activate(f"operator:{operator_id}", operator().actor_id)
    return _done(operator_id, f"{found.name} may work here again.")


@blueprint.post("/admin/people/<int:operator_id>/sign-out")
def sign_out(operator_id: int) -> AnyResponse:
    """End their sign-ins, or the one that is named."""
    only = request.form.get("sign_in", type=int)
    count = people.end_sign_ins(operator_id, operator().actor_id, only=only)
    return _done(
        operator_id, "Signed out, within five seconds." if count else "Nobody was signed in there any more."
    )


@blueprint.post("/admin/people/<int:operator_id>/link")
def make_link(operator_id: int) -> AnyResponse:
    """A new link to choose a password; an earlier one ends."""
    try:
        found, token = people.make_link(operator_id, operator().actor_id)
    except Conflict as error:
        return _stays(operator_id, error)
    return _handed(found, token, f"A new link for {found.name}", 200)


@blueprint.post("/admin/people/<int:operator_id>/identity")
def release_identity(operator_id: int) -> AnyResponse:
    """Forget who they are to the identity provider."""
    found = people.release_identity(operator_id, operator().actor_id)
    return _done(operator_id, f"{found.name} can be linked to another identity now.")


def _typed() -> Typed:
    form = request.form
    return Typed(
        email=form.get("email", "").strip(),
        name=" ".join(form.get("name", "").split()),
        role=form.get("role", ""),
        scopes=sorted(set(form.getlist("scopes"))),
        version=form.get("version", type=int),
    )


def _as_is(found: Operator) -> Typed:
    return Typed(found.email, found.name, str(found.role), list(found.scopes), found.version)


def _role(name: str) -> Role:
    if name not in set(Role):
        raise Invalid("Choose a role.", fields={"role": "Choose a role."})
    return Role(name)


def _refused(typed: Typed, error: ConsoleError, found: Operator | None = None) -> Typed:
    """The form as it was typed, with what was wrong; of somebody else's change, how it is now."""
    fields = error.fields if isinstance(error, Invalid) else {}
    stale = found is not None and typed.version not in (None, found.version)
    seen = {"name": typed.name, "email": typed.email, "role": typed.role, "scopes": typed.scopes}
    return Typed(
        **seen,  # type: ignore[arg-type]
        version=found.version if found else None,
        errors=fields,
        error="" if fields else error.sentence,
        meanwhile=words.differences(found, seen) if found and stale else [],
    )


def _new(typed: Typed, status: int) -> Response:
    html = render_template("people/new.html", typed=typed, **_choices(typed))
    return make_response(html, status)


def _page(found: Operator, typed: Typed, status: int) -> Response:
    html = render_template("people/one.html", typed=typed, **_choices(typed), **_standing(found))
    return make_response(html, status)


def _choices(typed: Typed) -> dict[str, Any]:
    return {
        "choices": words.scope_choices(people.known_scopes(), typed.scopes),
        "roles": words.ROLES,
    }


def _standing(found: Operator) -> dict[str, Any]:
    unfinished = governance.list_unfinished(found.actor_id, MOST_UNFINISHED) if found.active else []
    return {
        "person": found,
        "link": people.link_of(found.id),
        "sign_ins": people.list_sign_ins(found.id),
        "ending": words.ending(found, unfinished, MOST_UNFINISHED),
        "seen": request.args.get("seen", found.version, type=int),
        "words": words,
    }


def _handed(found: Operator, token: str, title: str, status: int) -> Response:
    """The page with the link. It is no address of its own: what is shown once cannot be fetched again."""
    link = url_for("passwords.choose", token=token, _external=True)
    html = render_template(
        "people/link.html", person=found, title=title, link=link, until=people.link_of(found.id)
    )
    return make_response(html, status)


def _stays(operator_id: int, error: ConsoleError) -> Response:
    """The page as it is, with why nothing was done."""
    found = people.get_operator(operator_id)
    return _page(found, replace(_as_is(found), error=error.sentence), error.status)


def _done(operator_id: int, sentence: str) -> AnyResponse:
    flash(sentence)
    return redirect(f"/admin/people/{operator_id}", 303)
