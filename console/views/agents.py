"""Agents: software that proposes and never decides, its token and its scopes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from console import governance, people
from console.errors import ConsoleError
from console.models import ApiToken
from console.presenters import people as words
from console.views.admin import admin
from console.views.session import operator

blueprint = Blueprint("agents", __name__)

MOST_UNFINISHED = 100


@blueprint.get("/admin/people/agents/new")
def new() -> AnyResponse:
    """An empty form."""
    admin()
    return _new("", [], "", 200)


@blueprint.post("/admin/people/agents")
def create() -> AnyResponse:
    """An agent and its token. It is in this answer and nowhere else."""
    name, scopes = request.form.get("name", "").strip(), sorted(set(request.form.getlist("scopes")))
    try:
        found, token = people.create_agent(name, actor_id=operator().actor_id, scopes=scopes)
    except ConsoleError as error:
        if error.status == 403:
            raise
        return _new(name, scopes, error.sentence, error.status)
    return _handed(found, token, 201)


@blueprint.get("/admin/people/agents/<name>")
def show(name: str) -> AnyResponse:
    """One agent: its scopes, and how it stands."""
    admin()
    return _page(people.get_agent(name), None, "", 200)


@blueprint.post("/admin/people/agents/<name>")
def change(name: str) -> AnyResponse:
    """Other scopes."""
    scopes, version = request.form.getlist("scopes"), request.form.get("version", type=int)
    try:
        found = people.change_agent(name, operator().actor_id, scopes=scopes, version=version)
    except ConsoleError as error:
        if error.status in (403, 404):
            raise
        return _page(people.get_agent(name), scopes, error.sentence, error.status)
    same = found.version == version
    return _done(name, "Nothing was different, so nothing was changed." if same else f"{name} is changed.")


@blueprint.post("/admin/people/agents/<name>/token")
def renew(name: str) -> AnyResponse:
    """Another token; the old one is worth nothing at once."""
    return _handed(*people.renew_token(name, operator().actor_id), 200)


@blueprint.post("/admin/people/agents/<name>/deactivation")
def deactivate(name: str) -> AnyResponse:
    """Revoke its token."""
    people.deactivate(f"agent:{name}", operator().actor_id)
    return _done(name, f"The token of {name} is revoked.")


@blueprint.post("/admin/people/agents/<name>/activation")
def activate(name: str) -> AnyResponse:
    """Let its token count again."""
    people.activate(f"agent:{name}", operator().actor_id)
    return _done(name, f"The token of {name} counts again.")


def _new(name: str, scopes: list[str], error: str, status: int) -> Response:
    choices = words.scope_choices(people.known_scopes(), scopes)
    html = render_template("agents/new.html", name=name, choices=choices, error=error)
    return make_response(html, status)


def _page(found: ApiToken, typed: list[str] | None, error: str, status: int) -> Response:
    unfinished = governance.list_unfinished(found.actor_id, MOST_UNFINISHED) if found.active else []
    shown: dict[str, Any] = {
        "agent": found,
        "choices": words.scope_choices(people.known_scopes(), found.scopes if typed is None else typed),
        "ending": words.ending(found, unfinished, MOST_UNFINISHED),
        "error": error,
        "words": words,
    }
    return make_response(render_template("agents/one.html", **shown), status)


def _handed(found: ApiToken, token: str, status: int) -> Response:
    return make_response(render_template("agents/token.html", agent=found, token=token), status)


def _done(name: str, sentence: str) -> AnyResponse:
    flash(sentence)
    return redirect(f"/admin/people/agents/{name}", 303)
