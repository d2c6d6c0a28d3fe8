"""Every page, part and file, walked: what was typed is text in all of them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from urllib.parse import urlsplit

from sqlalchemy import text

from console.db import db
from tests.prove.hostile_input.place import Place, Visitor

FORMULA = re.compile(r"(?:\A|[;\t\r\n])[=+\-@＝＋－＠]")
ENDLESS = re.compile(r"^/(?:live|static)")


def walk(place: Place, visitor: Visitor, each: int) -> list[str]:
    """Follow every link from every address, up to `each` addresses a route; the pages that a person can open."""
    waiting = [place.routes.path(rule, place.random) for rule in place.routes.gets()]
    seen: set[str] = set()
    times: Counter[str] = Counter()
    pages = []
    while waiting:
        path = waiting.pop(0).partition("#")[0]
        endpoint = place.routes.endpoint(path)
        if path in seen or not endpoint or times[endpoint] >= each or ENDLESS.match(path):
            continue
        seen.add(path)
        times[endpoint] += 1
        answer, html = visitor.open(path, endpoint)
        if times[endpoint] == 1:
            visitor.open(path, endpoint, headers={"HX-Request": "true"})
        if answer.mimetype != "text/html":
            continue
        waiting += sorted(place.routes.learn(path, html).links)
        place.seen |= place.marks.found(html)
        if answer.status_code == 200 and html.lstrip().lower().startswith("<!doctype"):
            pages.append(path)
    place.watch.tried["typed_text_stays_text"]["pages and parts"] += len(seen) + len(times)
    return pages


def searched(place: Place, visitor: Visitor, kinds: list[str]) -> None:
    """Marked texts in everything that an address may be asked with: searches, filters, tokens, places to go back to."""
    for rule in place.routes.gets():
        for name in place.routes.names(rule.endpoint):
            for kind in kinds:
                asked = {name: place.marks.next(f"{name} asked of {rule.endpoint}", kind, 200)}
                path = place.routes.path(rule, place.random)
                _, html = visitor.open(path, rule.endpoint, query_string=asked)
                place.seen |= place.marks.found(html)
                place.watch.tried["typed_text_stays_text"]["addresses asked with a marked text"] += 1


def files(place: Place, visitor: Visitor) -> None:
    """Both files of the trail: no cell that a spreadsheet would work out, no line that a text has begun."""
    watch, claim = place.watch, "files_hold_text_alone"
    with place.app.app_context():
        counted = text(
            "SELECT (SELECT count(*) FROM tool_action_events) + (SELECT count(*) FROM audit_events)"
        )
        rows = int(db.session.scalar(counted) or 0)
        db.session.rollback()
    _, table = visitor.open("/audit.csv", "audit.as_csv")
    cells = list(csv.reader(io.StringIO(table, newline="")))
    for number, row in enumerate(cells):
        if len(row) != len(cells[0]):
            watch.wrong(claim, f"row {number} of the CSV has {len(row)} cells")
        for cell in row:
            if FORMULA.search(cell):
                watch.wrong(claim, f"row {number} of the CSV has a formula: {cell[:60]!r}")
    _, lines = visitor.open("/audit.jsonl", "audit.as_jsonl")
    events = [json.loads(line) for line in lines.split("\n") if line]
    for said, there in (("CSV", len(cells) - 1), ("JSON Lines", len(events))):
        if there != rows:
            watch.wrong(claim, f"{there} events as {said}, {rows} in the tables")
    marked = place.marks.found(table)
    if not marked or marked != place.marks.found(lines):
        watch.wrong(claim, f"{len(marked)} marks as CSV, {len(place.marks.found(lines))} as JSON Lines")
    watch.tried[claim] += Counter({"events": rows, "marked texts in them": len(marked)})


HEADERS = {
    "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "From", "To", "Subject", "Date", "Message-ID",
    "Auto-Submitted",
}  # fmt: skip


def mails(place: Place) -> None:
    """Every mail that arrived: to one customer, with the headers that we write and none besides."""
    watch, claim = place.watch, "mails_hold_text_alone"
    kept = list(place.mail.accepted)
    for one in kept:
        if set(one.mail.keys()) != HEADERS or len(one.mail.keys()) != len(HEADERS):
            watch.wrong(claim, f"a mail with the headers {sorted(one.mail.keys())}")
        if len(one.recipients) != 1 or not one.recipients[0].endswith("@example.com"):
            watch.wrong(claim, f"a mail to {one.recipients}")
        if one.mail.get_content_type() != "text/plain" or one.mail.is_multipart():
            watch.wrong(claim, f"a mail that is {one.mail.get_content_type()}")
        if re.search(rb"(?<!\r)\n", one.raw) or not one.raw.isascii():
            watch.wrong(claim, "a mail whose lines a mail server may read in another way")
    with place.app.app_context():
        states = "SELECT state, count(*) FROM deliveries GROUP BY state"
        by_state = {str(state): int(count) for state, count in db.session.execute(text(states))}
        db.session.rollback()
    if (
        by_state.get("sent", 0) != len(kept)
        or by_state.get("failed")
        or by_state.get("uncertain")
        or not kept
    ):
        watch.wrong(claim, f"{len(kept)} mails arrived, deliveries: {by_state}")
    marked = {
        number for one in kept for number in place.marks.found(f"{one.mail['Subject']} {one.mail['To']}")
    }
    watch.tried[claim] += Counter({"mails": len(kept), "marked texts in their headers": len(marked)})


def same_place(address: str) -> str:
    """The path and query of an address that an answer leads to."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
