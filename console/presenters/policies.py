"""The rules of a policy as people read them: each with its name, its words and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from console.presenters.labels import Tier
from console.presenters.times import span

MODES = {
    "auto": ("Runs by itself", "By itself"),
    "requires_approval": ("Takes an approval", "Approval"),
    "always_block": ("Never from here", "Never"),
}
ORDER = ("mode", "approvals", "four_eyes", "decide", "lane_seconds", "execute_seconds")


class Source(NamedTuple):
    """Where a rule comes from, in a few words and in full; empty where it is built in."""

    place: str = ""
    whole: str = ""


class Part(NamedTuple):
    """One rule, in words and in one or two of them. A moot one says nothing in this mode."""

    name: str
    words: str
    short: str
    moot: bool = False
    source: Source = Source()


class Clause(NamedTuple):
    """A section that counts for some inputs only: the condition, what it asks for then, and where it stands."""

    condition: str
    words: str
    source: Source
    holds: bool | None = None


class Listed(NamedTuple):
    """One tool and the rules in force for it."""

    ref: str
    title: str
    description: str
    tier: Tier
    scopes: tuple[str, ...]
    parts: Sequence[Part]
    clauses: Sequence[Clause]


def parts(rules: Mapping[str, Any], sources: Mapping[str, Source] | None = None) -> list[Part]:
    """All rules of a snapshot, with the source of each."""
    approvals, four_eyes = rules.get("approvals", 1), bool(rules.get("four_eyes"))
    approval_mode, who = str(rules.get("mode")), deciders(rules.get("decide", ())).capitalize()
    how, briefly = MODES.get(approval_mode, MODES["always_block"])
    waits, runs = (_span(rules.get(name)) for name in ("lane_seconds", "execute_seconds"))
    asks, blocked = approval_mode == "requires_approval", approval_mode == "always_block"
    words = {
        "mode": ("Mode", how, briefly, False),
        "approvals": (
            "Approvals",
            f"{approvals} different people" if approvals > 1 else "One is enough",
            str(approvals),
            not asks,
        ),
        "four_eyes": (
            "Four eyes",
            "Whoever asked may not decide" if four_eyes else "Not asked for",
            "Yes" if four_eyes else "No",
            not asks,
        ),
        "decide": ("Who decides", who or "Nobody", who or "Nobody", not asks),
        "lane_seconds": ("Waits for", waits, waits, blocked or not waits),
        "execute_seconds": (
            "Starts within",
            f"{runs} of the approval, or the deadline if that is later",
            runs,
            not asks or not runs,
        ),
    }
    return [
        Part(name, said, short, moot, (sources or {}).get(rule, Source()))
        for rule, (name, said, short, moot) in words.items()
    ]


def deciders(roles: Sequence[str]) -> str:
    """`operators or admins`, in this order."""
    return " or ".join(f"{role}s" for role in ("operator", "admin") if role in roles)


def changed(changes: Mapping[str, Any]) -> str:
    """What a section asks for, in one line: `2 approvals, decided by admins`."""
    return ", ".join(_change(name, changes[name]) for name in ORDER if name in changes) or "nothing else"


def _change(name: str, value: Any) -> str:
    match name:
        case "mode":
            return {"auto": "runs by itself", "always_block": "never from here"}.get(
                str(value), "takes an approval"
            )
        case "approvals":
            return f"{value} approvals" if value > 1 else "one approval is enough"
        case "four_eyes":
            return "four eyes" if value else "no four eyes"
        case "decide":
            return f"decided by {deciders(value)}"
    return f"{'waits' if name == 'lane_seconds' else 'starts within'} {span(value)}"


def verdict(rules: Mapping[str, Any]) -> str:
    """What these rules come to, as a sentence."""
    if rules["mode"] == "auto":
        return "It would run by itself. Nobody would be asked."
    if rules["mode"] == "always_block":
        return "It would be blocked. Nobody would be asked."
    if rules["approvals"] > 1:
        return f"It would wait for {rules['approvals']} different people, none of them the one who asked."
    if rules["four_eyes"]:
        return "It would wait for one approval, by someone other than the one who asked."
    return "It would wait for one approval; whoever asked may give it."


def _span(seconds: Any) -> str:
    return span(seconds) if seconds else ""
