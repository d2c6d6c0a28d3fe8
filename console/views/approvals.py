"""The queue of approvals: what waits, soonest to lapse first, and the one that is open beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request
from markupsafe import Markup
from sqlalchemy.orm.attributes import set_committed_value
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from console import governance
from console.conversations.cursors import Cursor
from console.conversations.texts import settings
from console.errors import BadRequest
from console.governance import WHOSE, Queue, Waiting, Wanted
from console.models import LaneStatus, ToolApproval
from console.presenters import queue as words
from console.presenters.lanes import Card
from console.presenters.queue import Focus, Place, QueuePage
from console.presenters.queue_rows import Line, line, who_decides
from console.tools.registry import registry
from console.views import cards as board
from console.views.cards import Deciding
from console.views.conversations import beside
from console.views.fragments import fragment, is_htmx, toast
from console.views.session import operator
from console.views.surroundings import QueueDesk, surroundings

blueprint = Blueprint("approvals", __name__)

LONGEST_WORD = 200
DECIDED = {"approval": "Approved", "rejection": "Rejected", "deferral": "Deferred"}
COUNTED = "Your approval counts, and others have to follow"


class Shown(NamedTuple):
    """The queue as one operator sees it."""

    page: QueuePage
    card: Card | None
    focus: Focus | None
    desk: QueueDesk
    counts: dict[str, int]


@blueprint.app_template_global()
@lru_cache(maxsize=64)
def queue_rows(rows: tuple[Line, ...], open: int, here: str, symbols: str) -> Markup:
    """A group of rows in HTML, of which `open` is the id of the open one. Most of them are the same as before."""
    return Markup("\n").join(_row(row, row.id == open, here, symbols) for row in rows)


@lru_cache(maxsize=1024)
def _row(row: Line, open: bool, here: str, symbols: str) -> Markup:
    template = current_app.jinja_env.get_template("approvals/_row.html")
    return Markup(template.render(row=row, open=open, here=here, symbols=symbols))


@blueprint.get("/approvals")
def index() -> AnyResponse:
    """The queue; every filter, page and open lane has its own address. As a fragment, the list alone."""
    place = read_place(request.args)
    return fragment(_list(look(place))) if is_htmx() else page(place)


@blueprint.get("/approvals/focus")
def focus() -> AnyResponse:
    """The open lane alone, as a fragment."""
    place = read_place(request.args)
    return fragment(_focus(look(place))) if is_htmx() else redirect(words.link(place))


def read_place(args: Mapping[str, str]) -> Place:
    """What an address asks for. Raises BadRequest with a sentence for anything that no link of ours contains."""
    whose, lane = args.get("whose") or "me", args.get("lane") or "0"
    if whose not in WHOSE:
        raise BadRequest("The queue has no such list. Choose one of the tabs.")
    if not (lane.isascii() and lane.isdigit() and len(lane) <= 18):
        raise BadRequest("This link names no action. Choose one from the list.")
    narrowed = [args.get(name, "") for name in ("tool", "risk", "requester")]
    if any(len(value) > LONGEST_WORD for value in narrowed):
        raise BadRequest("There is no such filter. Choose one from the list.")
    place = Place(Wanted(whose, *narrowed), args.get("after", ""), int(lane), args.get("past", ""))
    for word in (place.after, place.past):
        _spot(word)
    return place


def place_behind(back: str) -> Place | None:
    """The place in the queue to go back to after a decision; None when that is another page."""
    path, _, query = back.partition("?")
    if path != "/approvals":
        return None
    try:
        return read_place(MultiDict(parse_qsl(query)))
    except BadRequest:
        return Place(Wanted())


def page(place: Place, *, status: int = 200, deciding: Deciding | None = None) -> Response:
    """The whole page, with what was typed and refused still in its card."""
    shown = look(place, deciding)
    html = render_template("approvals/page.html", **shown._asdict(), drawn=board.drawn)
    return make_response(html, status)


def go_on(place: Place, lane: ToolApproval, verb: str) -> AnyResponse:
    """After a decision: the next lane is open, and the list without the one that was decided."""
    place = place._replace(past=words.cursor(lane), lane=0)
    if not is_htmx():
        return redirect(words.link(place), 303)
    shown = look(place)
    response = make_response(_focus(shown, focused=True) + beside("queue", _list(shown)))
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#queue-focus", "outerHTML"
    opened = shown.card.lane.id if shown.card and shown.card.lane else 0
    response.headers["HX-Replace-Url"] = words.link(place._replace(past="", lane=opened))
    done = DECIDED[verb] if lane.status != LaneStatus.PENDING else COUNTED
    response.headers["HX-Trigger"] = toast(f"{done}: {lane.proposal.title}")
    return response


def look(place: Place, deciding: Deciding | None = None) -> Shown:
    """Everything that the page shows, in two queries, or three when there are rows that nobody looked at of late."""
    me = operator()
    queue = governance.list_queue(
        me, place.wanted, limit=settings().page_size, after=_spot(place.after), focus=place.lane
    )
    opened = queue.focus or _first(queue, _spot(place.past))
    back = words.link(place._replace(lane=0, past=""))
    desk = surroundings(me, place.wanted, queue.rows, opened, back)
    numbers = desk.numbers
    lines = _lines(queue.rows, desk)
    tools = {tool.ref: tool.title for tool in registry()}
    shown = words.present(place, queue, numbers, lines, desk.faces, tools)
    counts = {"approvals": numbers.all, "open": desk.open}
    if desk.lane is None:
        return Shown(shown, None, None, desk, counts)
    card = _card(desk.lane, desk, deciding)
    return Shown(shown, card, words.focus(place, queue, numbers, desk.lane), desk, counts)


def _spot(word: str) -> Cursor | None:
    return Cursor.parse(word) if word else None


def _first(queue: Queue, past: Cursor | None) -> Waiting | None:
    """The lane to open when none was asked for: the next after the one that was decided, else the first."""
    if past is not None:
        for row in queue.rows:
            if (row.expires_at, row.id) > past:
                return row
    return queue.rows[0] if queue.rows else None


def _card(lane: ToolApproval, desk: QueueDesk, deciding: Deciding | None) -> Card:
    proposal = lane.proposal
    set_committed_value(proposal, "approvals", [lane])
    # Read when the card's record is opened; what the card itself says of a lane that waits needs none of it.
    set_committed_value(proposal, "events", [])
    return board.card_of(desk, proposal, *(deciding or {}).get(lane.id, (None, None)))


def _lines(rows: list[Waiting], desk: QueueDesk) -> list[Line]:
    faces, local, known = desk.faces, desk.view.local, dict[tuple[object, ...], str]()
    lines = []
    for row, prospect in zip(rows, governance.prospects(rows, desk.actors), strict=True):
        # Most lanes of a page are for the same people.
        key = prospect[1:]
        if key not in known:
            able = sorted((faces(actor_id) for actor_id in prospect.deciders), key=lambda face: not face.you)
            known[key] = who_decides(able, prospect.counted, prospect.needed)
        lines.append(line(row, prospect, known[key], faces, local))
    return lines


def _list(shown: Shown) -> str:
    return render_template("approvals/_queue.html", **shown._asdict())


def _focus(shown: Shown, *, focused: bool = False) -> str:
    return render_template("approvals/_focus.html", **shown._asdict(), drawn=board.drawn, focused=focused)
