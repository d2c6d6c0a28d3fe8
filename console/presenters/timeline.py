"""The timeline of a conversation: what was said and what was done, in one order, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple, Protocol

from console.models import ToolProposal
from console.presenters import labels
from console.presenters.days import day
from console.presenters.deliveries import Told as Sent
from console.presenters.deliveries import from_json, told
from console.presenters.faces import Face, Faces
from console.presenters.lanes import latest
from console.presenters.sentences import Told, sentence


class Said(Protocol):
    """An entry as `console.conversations.timeline` reads it."""

    @property
    def id(self) -> int: ...
    @property
    def role(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def author_id(self) -> str | None: ...
    @property
    def author_name(self) -> str: ...
    @property
    def action(self) -> str | None: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def sent(self) -> dict[str, Any] | None: ...


class Line(NamedTuple):
    """One entry. `kind` picks its look; `bold` and `text` are what it says."""

    dom_id: str
    at: datetime
    kind: str
    bold: str
    text: str
    icon: str = ""
    tone: str = ""
    face: Face | None = None
    aside: str = ""
    link: str = ""
    link_words: str = ""
    delivery: Sent | None = None
    subject: str = ""
    address: str = ""


class Day(NamedTuple):
    """The entries of one day."""

    words: str
    iso: str
    lines: list[Line]


_OUTCOMES = {
    "executed": ("done", "good", "{title}."),
    "execution_failed": ("fail", "bad", "{title} failed."),
    "unknown": ("ask", "warn", "Nobody knows whether this happened: {title}."),
    "rejected": ("slash", "", "{who} rejected: {title}."),
    "deferred": ("pause", "", "{who} put off: {title}."),
    "expired": ("glass", "", "Expired: {title}."),
    "invalidated": ("unshield", "warn", "Stopped before it ran: {title}."),
    "blocked": ("oct", "bad", "Blocked: {title}."),
}


def days(
    entries: Sequence[Said],
    proposals: Iterable[ToolProposal],
    faces: Faces,
    local: tzinfo,
    *,
    whole: bool,
    by: str = "",
) -> list[Day]:
    """Entries and actions by day, oldest first. Unless it is `whole`, actions before the first entry are left out.

    `by` is how the customer writes: `by email`.
    """
    first = entries[0].created_at if entries and not whole else None
    lines = [_said(entry, faces, by, local) for entry in entries]
    for proposal in proposals:
        lines += [line for line in _done(proposal, faces, local) if first is None or line.at >= first]
    lines.sort(key=lambda line: line.at)
    found: list[Day] = []
    for line in lines:
        at = line.at.astimezone(local)
        iso = at.date().isoformat()
        if not found or found[-1].iso != iso:
            found.append(Day(day(at.date(), local), iso, []))
        found[-1].lines.append(line._replace(at=at))
    return found


def _said(entry: Said, faces: Faces, by: str, local: tzinfo) -> Line:
    dom_id, at, role = f"message-{entry.id}", entry.created_at, entry.role
    if role == "customer":
        face = Face("customer", entry.author_name or "The customer", "person")
        return Line(dom_id, at, "customer", face.name, entry.body, face=face, aside=by)
    if role == "operator":
        face = _author(entry, faces)
        return Line(dom_id, at, "operator", face.name, entry.body, face=face, aside="to the customer")
    if role == "internal_note":
        face = _author(entry, faces)
        return Line(dom_id, at, "note", face.name, entry.body, "note", aside="noted, only the team sees this")
    if role == "system_outbound":
        return _followup(entry, faces, local)
    if role == "action":
        return Line(dom_id, at, "action", "", entry.body or labels.channel(entry.action or ""), "run")
    return Line(dom_id, at, "action", "", entry.body, "right")


def _followup(entry: Said, faces: Faces, local: tzinfo) -> Line:
    """What was written to the customer on the team's own initiative, with its delivery."""
    dom_id, at, body = f"message-{entry.id}", entry.created_at, entry.body
    if entry.sent is None:
        return Line(dom_id, at, "outbound", "Follow-up", body, "mail", aside=entry.author_name)
    known = from_json(entry.sent)
    who = "" if entry.author_id in (None, "system") else f", by {_author(entry, faces).mid}"
    aside = f"“{known.template}”, version {known.template_version}{who}"
    return Line(
        dom_id,
        at,
        "outbound",
        "Follow-up",
        body,
        "mail",
        aside=aside,
        link=f"/bulk/{known.envelope_id}" if known.envelope_id else "",
        delivery=told(known, local, repeated=known.repeated),
        subject=known.subject,
        address=known.address,
    )


def _author(entry: Said, faces: Faces) -> Face:
    """The writer under today's name, or the one that an import told."""
    if entry.author_id:
        return faces(entry.author_id)
    return Face("imported", entry.author_name or "The team", "person")


def _done(proposal: ToolProposal, faces: Faces, local: tzinfo) -> list[Line]:
    """The asking and the outcome of one action; an automatic read tells its outcome only."""
    lane = latest(proposal)
    state = labels.state(proposal, lane)
    told = Told(proposal, lane, faces, local)
    dom_id = f"action-{proposal.id}"
    card = f"#lane-{lane.id}" if lane else f"#proposal-{proposal.id}"
    lines = []
    if lane is not None and proposal.approval_mode == "requires_approval":
        who = faces(lane.requested_by)
        waits = {
            "pending": "Waits for a decision",
            "approved": "On its way",
            "execution_pending": "On its way",
        }
        words = waits.get(state, "")
        bold = f"{who.first} asked: {proposal.title.rstrip('.')}."
        lines.append(
            Line(f"{dom_id}-asked", lane.created_at, "action", bold, "", "sign", "", None, "", card, words)
        )
    if state in _OUTCOMES:
        icon, tone, bold = _OUTCOMES[state]
        words = bold.format(title=proposal.title.rstrip("."), who=told.decider)
        text = f"“{lane.reason}”" if lane and state in ("rejected", "deferred") else sentence(state, told)
        if state == "executed" and lane and lane.decided_by == "policy":
            text += " Ran on policy, nobody had to decide."
        at = lane.updated_at if lane else proposal.created_at
        lines.append(Line(dom_id, at, "action", words, text, icon, tone))
    elif lane is not None and lane.decided_by == "policy":
        words = f"{proposal.title.rstrip('.')}."
        lines.append(
            Line(dom_id, lane.created_at, "action", words, "", "run", "", None, "", card, "On its way")
        )
    return lines
