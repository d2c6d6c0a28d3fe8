"""The page before a bulk send: who receives what, who does not, and what pressing the button does."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import NamedTuple

from console.outbound import Preview
from console.presenters.labels import count
from console.presenters.letters import LetterPage, letter
from console.presenters.sends import Bar, LeftOut, left_out, meter, narrower, over, spelled


class Recipient(NamedTuple):
    """One of those who receive it."""

    name: str
    subject: str
    at: datetime
    href: str


class PreviewPage(NamedTuple):
    """Everything that templates/bulk/_preview.html says."""

    id: str
    template_id: int
    over: bool
    title: str
    sub: str
    taken: str
    limit: str
    meter: Bar
    receive: str
    first: list[Recipient]
    more: int
    letters: list[LetterPage]
    shown: str
    left_out: LeftOut
    confirm: str
    says: str
    token: str


def present(preview: Preview, *, undo_seconds: int, local: tzinfo) -> PreviewPage:
    """The preview as its template needs it."""
    eligible, selected = len(preview.eligible_ids), preview.selected
    too_many = preview.over > 0
    number = selected if too_many else eligible
    absent = left_out(preview.left_out)
    used = f"“{preview.template.template.name}”, version {preview.version}."
    return PreviewPage(
        id=str(preview.envelope_id),
        template_id=preview.template.template_id,
        over=too_many,
        title=_title(preview, eligible),
        sub=_limited(preview.cap) if too_many else f"{used} {_selected(selected, absent.number)}",
        taken=f"{number:,}",
        limit=f"of {preview.cap:,}, {preview.over:,} over" if too_many else f"of {preview.cap:,} at once",
        meter=meter(number, preview.cap),
        receive=f"{eligible:,} {'receives' if eligible == 1 else 'receive'} it",
        first=[
            Recipient(one.customer, one.subject, one.last_message_at, f"/conversations/{one.conversation_id}")
            for one in preview.first
        ],
        more=preview.more,
        letters=[letter(*sample[1:]) for sample in preview.samples],
        shown=_shown(len(preview.samples), eligible),
        left_out=absent,
        confirm=f"Send to {count(number, 'customer')}",
        says=narrower(selected, preview.cap) if too_many else _says(preview, undo_seconds, local),
        token=preview.token,
    )


def _title(preview: Preview, eligible: int) -> str:
    if preview.over:
        return over(preview.selected, preview.cap)
    return f"Write to {count(eligible, 'customer')}" if eligible else "Nobody can be written to"


def _selected(selected: int, absent: int) -> str:
    if not absent:
        return f"You selected {selected:,}, nobody is left out."
    return f"You selected {selected:,}, {spelled(absent)} {'is' if absent == 1 else 'are'} left out."


def _limited(cap: int) -> str:
    return f"The limit is {cap:,} so that a mistake stays small. Nothing was sent, and your selection is still here."


def _shown(samples: int, eligible: int) -> str:
    if eligible <= 1:
        return "underlined words are this customer’s"
    return f"{spelled(samples)} of {eligible:,}, underlined words differ"


def _says(preview: Preview, undo_seconds: int, local: tzinfo) -> str:
    if not preview.eligible_ids:
        return "Nothing was sent. Resolve these conversations first, or choose other ones."
    until = f"{preview.expires_at.astimezone(local):%H:%M}"
    waits = f"Nothing leaves for {undo_seconds} seconds after you press. " if undo_seconds else ""
    return f"{waits}This preview holds until {until}, then we look again."
