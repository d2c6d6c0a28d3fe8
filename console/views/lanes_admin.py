"""Stale lanes, for admins: what is overdue, old or stuck, ending the waiting of some, and starting one again."""

from __future__ import annotations

from functools import lru_cache

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from console import governance
from console.conversations.cursors import Cursor
from console.conversations.texts import settings
from console.errors import BadRequest, Invalid
from console.governance import MOST_COUNTED, GovernanceError, Stale
from console.presenters import stale as words
from console.presenters.days import zone
from console.presenters.endings import outcome, summary
from console.presenters.stale import Line
from console.views.admin import admin
from console.views.fragments import fragment, is_htmx
from console.views.people import faces
from console.views.session import operator

blueprint = Blueprint("lanes_admin", __name__)

SHOWN_EACH = 15
"""Rows of a kind where all kinds are shown."""


@blueprint.app_template_global()
@lru_cache(maxsize=1024)
def stale_row(line: Line, symbols: str) -> Markup:
    """A row in HTML; `symbols` is where its icons are. Most rows of most refreshes are the same as before."""
    return Markup(current_app.jinja_env.get_template("lanes/_stale_row.html").render(line=line))


@blueprint.get("/admin/lanes")
def index() -> AnyResponse:
    """All kinds, the worst first; with `kind`, one of them page by page."""
    admin()
    age, after = request.args.get("age") or words.USUAL_AGE, request.args.get("after", "")
    chosen = request.args.get("kind", "")
    if age not in words.AGES or (chosen and chosen not in set(Stale)):
        raise BadRequest("There is no such list of actions. Choose one from the page.")
    kind = Stale(chosen) if chosen else None
    limit = settings().page_size if kind else SHOWN_EACH
    spot = Cursor.parse(after) if kind and after else None
    duration = words.hours(age)
    found = governance.list_stale([kind] if kind else list(Stale), duration, limit=limit + 1, after=spot)
    page = words.present(
        found,
        governance.count_stale(duration),
        MOST_COUNTED,
        faces(),
        age=age,
        kind=kind,
        after=after,
        limit=limit,
        local=zone(settings().timezone),
    )
    if is_htmx():
        return fragment(render_template("lanes/_stale.html", page=page))
    return make_response(render_template("lanes/stale.html", page=page))


@blueprint.get("/admin/lanes/expiry")
def confirm() -> AnyResponse:
    """The lanes whose waiting is about to end, by name; nothing has happened yet."""
    admin()
    return _listed(_chosen(request.args), "lanes/expiry.html")


@blueprint.post("/admin/lanes/expiry")
def expire() -> AnyResponse:
    """End the waiting of each of these lanes."""
    chosen = _chosen(request.form)
    governance.expire_each(chosen, actor_id=operator().actor_id)
    return redirect(words.expiry_link(chosen).replace("/expiry?", "/expired?"), 303)


@blueprint.get("/admin/lanes/expired")
def expired() -> AnyResponse:
    """How these lanes stand now: a result a row."""
    admin()
    return _listed(_chosen(request.args), "lanes/expired.html")


@blueprint.post("/admin/lanes/<int:lane_id>/start")
def start(lane_id: int) -> AnyResponse:
    """Send an approved lane to the workers once more."""
    try:
        lane = governance.start_again(lane_id, operator().actor_id)
    except GovernanceError as error:
        if error.status in (403, 404):
            raise
        flash(error.sentence, "error")
    else:
        flash(f"Started again: {lane.proposal.title}")
    return redirect("/admin/lanes", 303)


def _listed(chosen: list[int], template: str) -> Response:
    known, local = faces(), zone(settings().timezone)
    lanes = governance.list_lanes(chosen)
    by_id = {row.lane.id: row for row in lanes}
    outcomes = [
        outcome(lane_id, by_id[lane_id].lane if lane_id in by_id else None, known, local)
        for lane_id in chosen
    ]
    html = render_template(
        template, outcomes=outcomes, rows=by_id, summary=summary(outcomes), faces=known, waited=words.waited
    )  # fmt: skip
    return make_response(html)


def _chosen(form: MultiDict[str, str]) -> list[int]:
    """The lanes of a form or an address, once each. Raises Invalid."""
    typed = [part.strip() for text in form.getlist("lane_ids") for part in text.split(",") if part.strip()]
    if not typed:
        raise Invalid(
            "Nothing was selected. Go back and choose at least one action.", fields={"lane_ids": "None."}
        )
    if not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in typed):
        raise Invalid("This selection names something that is no action.", fields={"lane_ids": "Not an id."})
    chosen = list(dict.fromkeys(int(part) for part in typed))
    most = settings().max_selection
    if len(chosen) > most:
        raise Invalid(
            f"{len(chosen):,} are selected, and {most:,} at most end at once. “console expire” ends any number.",
            fields={"lane_ids": "Too many."},
        )
    return chosen
