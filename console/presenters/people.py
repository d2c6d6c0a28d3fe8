"""Words for people and agents: how they stand, what their browser is, and what ending them would end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from console.models import ApiToken, Operator, Role, ToolApproval
from console.presenters.labels import Chip, count

ROLES = {
    Role.OPERATOR: ("Operator", "Answers customers, asks for actions and decides what operators may."),
    Role.ADMIN: ("Admin", "The same, and changes people, templates and what is stuck."),
}
BROWSERS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Opera", r"\bOPR/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:Chrome|CriOS|HeadlessChrome)/"),
    ("Safari", r"\bSafari/"),
)
SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("a Mac", r"Macintosh|Mac OS X"),
    ("Linux", r"Linux|X11|CrOS"),
)
MOST_NAMED = 5


class ScopeChoice(NamedTuple):
    """A scope as a checkbox: whether it is held, and what asks for it."""

    name: str
    held: bool
    asked_by: str


class Ending(NamedTuple):
    """What ends with somebody: a sentence, and the first few actions by their titles."""

    sentence: str
    titles: list[str]
    more: int


def standing(found: Operator | ApiToken, link_until: datetime | None = None) -> Chip:
    """How somebody stands, in one word."""
    if not found.active:
        return Chip("Deactivated", "off", "settled")
    if isinstance(found, ApiToken) or found.password_hash or found.oidc_subject:
        return Chip("Active", "check", "good")
    if link_until is not None:
        return Chip("Invited", "mail", "wait")
    return Chip("Cannot sign in yet", "glass", "warn")


def role(name: str) -> str:
    """A role as people say it."""
    return ROLES[Role(name)][0]


def browser(said: str) -> str:
    """What a browser says it is, as people say it: `Firefox on Windows`."""
    name = next((word for word, mark in BROWSERS if re.search(mark, said)), "")
    system = next((word for word, mark in SYSTEMS if re.search(mark, said)), "")
    if name and system:
        return f"{name} on {system}"
    return name or (f"A browser on {system}" if system else "An unknown browser")


def scope_choices(known: dict[str, list[str]], held: Iterable[str]) -> list[ScopeChoice]:
    """Every scope that can be given, and those that are held although nothing asks for them any more."""
    has = set(held)
    choices = [ScopeChoice(name, name in has, listed(titles)) for name, titles in known.items()]
    left = sorted(has - set(known))
    return choices + [ScopeChoice(name, True, "nothing here asks for it any more") for name in left]


def ending(found: Operator | ApiToken, unfinished: Sequence[ToolApproval], most: int) -> Ending:
    """What deactivating somebody means, before anyone does it."""
    if isinstance(found, Operator):
        name, did = found.name.split()[0], "asked for or approved"
        end = f"{name} is signed out everywhere within five seconds and cannot come back."
    else:
        name, did = found.name, "asked for"
        end = f"Its token is worth nothing from then on, so {name} proposes nothing more."
    number = len(unfinished)
    several = f"At least {number:,} actions" if number >= most else count(number, "action")
    if not number:
        rest = f"Nothing that {name} {did} still waits to run."
    elif number == 1:
        rest = f"{several} that {name} {did} has not run yet. It will not run, and its card says why."
    else:
        rest = f"{several} that {name} {did} have not run yet. They will not run, and their cards say why."
    titles = [lane.proposal.title for lane in unfinished[:MOST_NAMED]]
    return Ending(f"{end} {rest} The trail keeps the name.", titles, number - len(titles))


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def differences(found: Operator, typed: Mapping[str, object]) -> list[str]:
    """How an account is now, where it is not what somebody typed: `The role is now Admin.`"""
    now: dict[str, object] = {
        "name": found.name,
        "email": found.email,
        "role": str(found.role),
        "scopes": sorted(found.scopes),
    }
    said = []
    for field, value in now.items():
        if value == typed[field]:
            continue
        words = role(str(value)) if field == "role" else value
        if field == "scopes":
            said.append(f"The scopes are now {listed(sorted(found.scopes)) or 'none'}.")
        else:
            said.append(f"The {field} is now {words}.")
    return said
