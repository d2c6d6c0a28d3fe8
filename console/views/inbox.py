"""The inbox."""

from __future__ import annotations

from functools import lru_cache

from flask import Blueprint, current_app, render_template, request
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from console import conversations
from console.config import Settings
from console.conversations import VIEWS, Filters
from console.errors import BadRequest
from console.presenters.days import zone
from console.presenters.inbox import Line, present
from console.views.fragments import fragment, is_htmx
from console.views.session import operator

blueprint = Blueprint("inbox", __name__)

MAX_CHANNEL_CHARS = 32


@blueprint.app_template_global()
@lru_cache(maxsize=1024)
def inbox_row(row: Line, symbols: str) -> Markup:
    """A row in HTML. Most rows of most refreshes are the same as before."""
    return Markup(current_app.jinja_env.get_template("inbox/_row.html").render(row=row, symbols=symbols))


@blueprint.get("/inbox")
def index() -> str | AnyResponse:
    """One page of conversations; every view, filter, search and page has its own address."""
    settings: Settings = current_app.config["SETTINGS"]
    filters = read_filters(request.args, settings.max_search_chars)
    counts = conversations.counts(operator().id, filters)
    inbox = present(conversations.inbox(operator().id, filters), counts, filters, zone(settings.timezone))
    if is_htmx():
        return fragment(render_template("inbox/_inbox.html", inbox=inbox, people=counts.operators))
    return render_template("inbox/page.html", inbox=inbox, counts=counts, people=counts.operators)


def read_filters(args: MultiDict[str, str], max_search_chars: int) -> Filters:
    """What an address asks for. Raises BadRequest with a sentence for anything that no link of ours contains."""
    q = args.get("q", "") if args.get("q", "").strip() else ""
    view = args.get("view") or ("all" if q else "open")
    assignee = args.get("assignee", "")
    if view not in VIEWS:
        raise BadRequest("The inbox has no such view. Choose one of the tabs.")
    if len(q) > max_search_chars:
        raise BadRequest(
            f"A search takes at most {max_search_chars} characters. Try the words that matter most."
        )
    if assignee and not (assignee.isascii() and assignee.isdigit() and len(assignee) <= 18):
        raise BadRequest("This filter names nobody. Choose an assignee from the list.")
    if len(args.get("channel", "")) > MAX_CHANNEL_CHARS:
        raise BadRequest("There is no such channel. Choose one from the list.")
    return Filters(
        view=view,
        q=q,
        assignee=int(assignee) if assignee else None,
        channel=args.get("channel", ""),
        pending=args.get("pending") == "1",
        before=args.get("before", ""),
    )
