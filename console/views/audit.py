"""The audit log: everything that happened, and the same as a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from operator import itemgetter
from uuid import UUID

from flask import Blueprint, Response, current_app, render_template, request
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from console import conversations, trail
from console.db import now
from console.errors import BadRequest
from console.models import AuditType, EventType
from console.presenters import audit, events, exports
from console.presenters.days import stamp, zone
from console.presenters.faces import Faces
from console.presenters.values import raw
from console.tools.registry import registry
from console.trail import Event, Filters
from console.views.fragments import fragment, is_htmx
from console.views.session import operator

blueprint = Blueprint("audit", __name__)

Write = Callable[[Iterable[Iterable[Event]], Faces], Iterator[bytes]]

EVENTS = frozenset((*EventType, *AuditType))
MAX_WORD_CHARS = 200
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_DAY = re.compile(r"(?:19[7-9]|20\d|21\d)\d-\d\d-\d\d")


@blueprint.app_template_global()
@lru_cache(maxsize=1024)
def audit_row(line: audit.Line) -> Markup:
    """A row in HTML. What happened does not change, and many look at the same page of it."""
    return Markup(current_app.jinja_env.get_template("audit/_row.html").render(line=line))


@blueprint.get("/audit")
def index() -> str:
    """One page of events; every filter and page has its own address."""
    filters, before = read_filters(request.args, _local()), request.args.get("before", "")
    found = trail.page(operator(), filters, before)
    tools = sorted(((tool.ref, tool.title) for tool in registry()), key=itemgetter(1))
    shown = audit.present(found, filters, trail.known(), tools, operator().actor_id, _local(), before)
    counts = conversations.counts(operator().id)
    return render_template("audit/page.html", audit=shown, counts=counts, topics=audit.TOPICS)


@blueprint.get("/audit/news")
def news() -> Response:
    """How many events came after the first one of a page, as a part of it."""
    filters, after = read_filters(request.args, _local()), request.args.get("after", "")
    words = audit.news(trail.newer(operator(), filters, after), trail.MOST_COUNTED)
    here, shown = audit.link(filters, path="/audit/news", after=after), audit.link(filters)
    return fragment(
        render_template("audit/_news.html", news=here, words=words, shown=shown, topics=audit.TOPICS)
    )


@blueprint.get("/audit/events/<int:event_id>")
def show(event_id: int) -> AnyResponse | str:
    """One event with all that is known of it, on a page of its own or for its row."""
    found, local = trail.event(operator(), event_id), _local()
    faces = Faces(trail.known().people, operator().actor_id)
    words = {
        "event": found,
        "facts": events.facts(found, faces, f"{found.at.astimezone(local):%Y-%m-%d %H:%M:%S.%f %Z}"),
        "chain": events.chain(found),
        "raw": raw(found.details) if found.details else "",
    }
    if is_htmx():
        return fragment(render_template("audit/_facts.html", **words))
    said = events.sentence(found, faces, faces(found.actor_id).first)
    around = {"said": said, "card": events.card(found), "place": events.place(found)}
    counts = conversations.counts(operator().id)
    return render_template("audit/event.html", at=stamp(found.at, local), counts=counts, **around, **words)


@blueprint.get("/audit.csv")
def as_csv() -> Response:
    """What the filters find, as CSV; a page's `before` does not count."""
    return _file("csv", "text/csv", exports.csv_bytes)


@blueprint.get("/audit.jsonl")
def as_jsonl() -> Response:
    """The same as JSON Lines."""
    return _file("jsonl", "application/jsonl", exports.jsonl_bytes)


def read_filters(args: MultiDict[str, str], local: tzinfo) -> Filters:
    """What an address asks for. Raises BadRequest with a sentence for anything that no link of ours contains."""
    words = {name: args.get(name, "") for name in ("actor", "event", "tool")}
    if any(len(word) > MAX_WORD_CHARS for word in words.values()):
        raise BadRequest("A filter of this address is too long. Choose one from the lists.")
    if words["event"] and words["event"] not in EVENTS:
        raise BadRequest("There is no such event. Choose one from the list.")
    since, until = _day(args.get("from", ""), local), _day(args.get("to", ""), local)
    if since and until and until < since:
        raise BadRequest("The last day lies before the first one. Exchange them and try again.")
    return Filters(
        **words,
        conversation=_number(args.get("conversation", "")),
        proposal=_number(args.get("proposal", "")),
        envelope=_uuid(args.get("envelope", "")),
        since=since,
        until=until + timedelta(days=1) if until else None,
    )


def _file(ending: str, mimetype: str, write: Write) -> Response:
    filters = read_filters(request.args, _local())
    batches = trail.walk(operator(), filters)
    content = write(batches, Faces(trail.known().people))
    name = f"audit-{now().astimezone(_local()):%Y-%m-%d-%H%M}.{ending}"
    return Response(
        content,
        content_type=f"{mimetype}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"},
    )


def _local() -> tzinfo:
    return zone(current_app.config["SETTINGS"].timezone)


def _number(word: str) -> int | None:
    if not word:
        return None
    if not _NUMBER.fullmatch(word):
        raise BadRequest(
            "This filter names nothing that could exist. Follow the link again, or take it away."
        )
    return int(word)


def _uuid(word: str) -> UUID | None:
    try:
        return UUID(word) if word else None
    except ValueError:
        raise BadRequest("There is no such bulk send. Follow the link again, or take it away.") from None


def _day(word: str, local: tzinfo) -> datetime | None:
    """The beginning of a day, where the team is."""
    if not word:
        return None
    with suppress(ValueError):
        if _DAY.fullmatch(word):
            return datetime.combine(date.fromisoformat(word), time(), local)
    raise BadRequest("A day is written as 2026-11-20. Choose one in the calendar.")
