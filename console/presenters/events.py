"""What an event of either log says: who did it comes first, so each is told as what that one did."""

from __future__ import annotations

from typing import NamedTuple

from console.presenters.faces import Face, Faces
from console.presenters.labels import CHIPS, count
from console.presenters.values import Row, fact_rows
from console.trail import Event


class Deed(NamedTuple):
    """`Ben` + words: what it says of the one who did it."""

    words: str
    icon: str
    tone: str = ""


DEEDS: dict[str, Deed] = {
    "proposal_created": Deed("asked", "plus"),
    "proposal_blocked": Deed("asked, and it was blocked", "oct", "bad"),
    "approval_requested": Deed("asked for a decision", "sign"),
    "approved": Deed("approved", "check", "good"),
    "vote_recorded": Deed("approved, one of several", "check"),
    "rejected": Deed("rejected", "slash"),
    "deferred": Deed("deferred", "pause"),
    "expired": Deed("ended the waiting", "glass"),
    "revalidation_passed": Deed("checked once more, all still holds", "shield"),
    "revalidation_failed": Deed("checked once more, and stopped it", "unshield", "warn"),
    "execution_enqueued": Deed("sent it to a worker", "run"),
    "execution_started": Deed("started it", "run"),
    "execution_succeeded": Deed("finished it", "done", "good"),
    "execution_attempt_failed": Deed("tried it, and it failed", "x", "warn"),
    "execution_failed": Deed("gave it up", "fail", "bad"),
    "followup_requested": Deed("asked for a follow-up", "mail"),
    "followup_repeated": Deed("asked for a follow-up once more", "mail"),
    "followup_cancelled": Deed("cancelled a follow-up", "slash"),
    "delivery_sent": Deed("sent a follow-up", "done", "good"),
    "delivery_failed": Deed("could not send a follow-up", "fail", "bad"),
    "delivery_uncertain": Deed("lost sight of a follow-up", "ask", "warn"),
    "delivery_retried": Deed("had a follow-up tried again", "again"),
    "delivery_marked_sent": Deed("marked a follow-up as sent", "check"),
    "bulk_submitted": Deed("confirmed a bulk send", "send"),
    "bulk_refused": Deed("asked for a bulk send, and it was refused", "oct", "bad"),
    "bulk_undone": Deed("undid a bulk send", "slash"),
    "bulk_stopped": Deed("stopped a bulk send", "off"),
    "bulk_retried": Deed("had a bulk send tried again", "again"),
    "template_created": Deed("wrote a template", "note"),
    "template_changed": Deed("changed a template", "pen"),
    "template_archived": Deed("archived a template", "note"),
    "template_restored": Deed("brought a template back", "note"),
    "signed_in": Deed("signed in", "user"),
    "sign_in_failed": Deed("saw a sign-in fail", "lock", "warn"),
    "signed_out": Deed("signed out", "leave"),
    "sign_ins_ended": Deed("ended sign-ins", "leave"),
    "refused": Deed("was refused", "lock", "warn"),
    "operator_created": Deed("made an account", "user"),
    "operator_invited": Deed("invited someone", "user"),
    "operator_changed": Deed("changed an account", "pen"),
    "operator_deactivated": Deed("deactivated an account", "off"),
    "operator_activated": Deed("let an account work again", "user"),
    "password_link_made": Deed("made a link for a new password", "lock"),
    "password_set": Deed("set a password", "lock"),
    "identity_linked": Deed("tied an account to the identity provider", "user"),
    "identity_released": Deed("untied an account from the identity provider", "user"),
    "agent_created": Deed("gave an agent a token", "bot"),
    "agent_changed": Deed("changed an agent", "bot"),
    "agent_renewed": Deed("gave an agent another token", "bot"),
    "agent_deactivated": Deed("deactivated an agent", "off"),
    "agent_activated": Deed("let an agent work again", "bot"),
}
COUNTED = ("recipients", "count", "stopped", "retried")
"""What a line about a bulk send counts."""


def deed(event_type: str) -> Deed:
    """The words of an event; one that has none yet says its name."""
    return DEEDS.get(event_type) or Deed(event_type.replace("_", " "), "audit")


def label(event_type: str) -> str:
    """The words of an event, alone in a list."""
    words = deed(event_type).words
    return words[:1].upper() + words[1:]


def what(event: Event, faces: Faces) -> str:
    """What it was done to, as people call it."""
    if event.title:
        return event.title
    numbers = [event.details[name] for name in COUNTED if isinstance(event.details.get(name), int)]
    if event.envelope_id is not None and numbers:
        return count(numbers[0], "conversation")
    if event.template_id is not None:
        return event.template or str(event.details.get("name") or "")
    if event.operator_id is not None and f"operator:{event.operator_id}" != event.actor_id:
        return faces(f"operator:{event.operator_id}").name
    return ""


def sentence(event: Event, faces: Faces, who: str | None = None) -> str:
    """The whole of it: `Ben Weiss approved: Refund of 48.`"""
    thing = what(event, faces).rstrip(".")
    return f"{who or faces(event.actor_id).name} {deed(event.type).words}{f': {thing}' if thing else ''}."


def card(event: Event) -> str:
    """Where it can be seen in its place: its action's card, or its bulk send; empty when there is none."""
    if event.card_id is not None:
        return f"/lanes/{event.card_id}"
    if event.envelope_id is not None:
        return f"/bulk/{event.envelope_id}"
    return ""


def place(event: Event) -> str:
    """The conversation it belongs to, at the card or entry; empty when there is none."""
    if event.conversation_id is None:
        return ""
    at = (
        f"#lane-{event.card_id}"
        if event.card_id
        else f"#proposal-{event.proposal_id}"
        if event.proposal_id
        else ""
    )
    return f"/conversations/{event.conversation_id}{at}"


def facts(event: Event, faces: Faces, when: str) -> list[Row]:
    """Everything that is known of it, as labelled rows."""
    found = [
        ("Number", event.id),
        ("When", when),
        ("Event", event.type),
        ("By", _who(faces(event.actor_id))),
        ("Reason", event.reason),
        ("Action", event.title),
        ("Tool", event.tool),
        ("Proposal", event.proposal_id),
        ("Lane", event.lane_id),
        ("State", _step(event)),
        ("Conversation", event.conversation_id),
        ("Bulk send", event.envelope_id),
        ("Delivery", event.delivery_id),
        ("Template", event.template or event.template_id),
        ("About", _who(faces(f"operator:{event.operator_id}")) if event.operator_id else None),
    ]
    rows = [Row(name, (str(value),)) for name, value in found if value not in (None, "")]
    return rows + fact_rows(event.details)


def chain(event: Event) -> list[Row]:
    """Its place in the trail of its proposal, and the hashes that hold it there."""
    rows = [("Place in its trail", event.sequence), ("Hash before", event.prev_hash), ("Hash", event.hash)]
    return [Row(name, (str(value),)) for name, value in rows if value is not None]


def _step(event: Event) -> str:
    """From where to where its lane went: `Running → Done`."""
    ends = (event.from_status, event.to_status)
    words = [CHIPS[status].word if status in CHIPS else status for status in ends if status]
    return " → ".join(dict.fromkeys(words))


def _who(face: Face) -> str:
    return f"{face.name} ({face.id})"
