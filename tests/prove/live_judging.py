"""From what was noted to claims."""

from __future__ import annotations

from statistics import median, quantiles

from tests.bench.stack import spread
from tests.prove.claims import Claim
from tests.prove.live_crowd import Late
from tests.prove.live_rounds import Rounds

GROWTH, GROWTH_MB = 1.05, 4.0
SLOWER, SLOWER_MS = 2.0, 25.0
END_SECONDS = 5.0


def claims(
    rounds: Rounds, floor: list[float], memory: tuple[float, float], ended: list[float], seconds: float
) -> list[Claim]:
    """One for each promise."""
    return [
        _current(rounds),
        _memory(rounds, memory, seconds),
        _stampede(rounds),
        _slow(rounds, floor),
        _ended(ended),
    ]


def _current(rounds: Rounds) -> Claim:
    broken = [
        f"{kind}: {one.page}, {one.region}: {one.seconds:.1f} s, at most {one.allowed:.1f}"
        for kind, found in rounds.lateness.items()
        for one in found
        if one.too_late
    ]
    met = ", ".join(f"{name} {number}" for name, number in rounds.counts.items())
    return Claim(
        "live_pages_end_current",
        "Whatever breaks, each page asks for the truth within 1 s of the last change or of being connected again, and "
        "of the time that serving so many takes by itself, and shows it.",
        f"{len(rounds.crowd.pages)} pages and {len(rounds.crowd.slow)} slow readers on two web processes, "
        f"{rounds.desk.changes} changes; {met}",
        broken,
        "; ".join(_figures(kind, found) for kind, found in rounds.lateness.items() if found),
    )


def _figures(kind: str, found: list[Late]) -> str:
    asked, allowed = max(one.seconds for one in found), max(one.allowed for one in found)
    shown = [max(0.0, one.shown) for one in found]
    return (
        f"{kind}: {len(found)} parts of pages, asked after {max(0.0, asked):.2f} s at most (of {allowed:.1f}), "
        f"shown after {spread(shown, 's')}"
    )


def _memory(rounds: Rounds, memory: tuple[float, float], seconds: float) -> Claim:
    first, last = memory
    most = first * GROWTH + GROWTH_MB
    return Claim(
        "live_memory_is_flat",
        "The memory of the web processes does not grow, however little is read.",
        f"Private memory of both, over {seconds:.0f} s of changes, broken connections and unread announcements",
        [] if last <= most else [f"from {first:.0f} to {last:.0f} MB, at most {most:.0f}"],
        f"median of the second third {first:.0f} MB, of the last {last:.0f} MB",
    )


def _stampede(rounds: Rounds) -> Claim:
    return Claim(
        "live_no_stampede",
        "A burst of changes costs a page at most one fetch a region and throttle window, and one at each end.",
        f"{rounds.counts['burst']} bursts of 40 changes",
        rounds.too_many,
        f"fetches of a region for a burst: median {median(rounds.in_bursts):.0f}, most {max(rounds.in_bursts):.0f}",
    )


def _slow(rounds: Rounds, floor: list[float]) -> Claim:
    before, beside = quantiles(floor, n=100)[98], quantiles(rounds.beside, n=100)[98]
    most, behind, readers = SLOWER * before + SLOWER_MS, len(rounds.unread), len(rounds.crowd.slow)
    return Claim(
        "live_slow_readers_slow_nobody",
        "Pages that do not read slow nobody down who does.",
        f"{len(rounds.beside)} announcements heard beside {behind} streams that nobody reads, with "
        f"{min(rounds.unread, default=0) / 1_000_000:.1f} MB or more in the system for each",
        [
            *([f"only {behind} of {readers} streams were behind"] if behind < readers else []),
            *(
                [f"99th percentile {beside:.0f} ms, floor {before:.0f} ms, at most {most:.0f}"]
                if beside > most
                else []
            ),
        ],
        f"{spread(rounds.beside)}; without them {spread(floor)}",
    )


def _ended(ended: list[float]) -> Claim:
    late = [one for one in ended if one > END_SECONDS]
    return Claim(
        "live_deactivated_streams_end",
        "The streams of an operator whose account is taken away end within 5 s.",
        f"{len(ended)} streams of one operator",
        [f"{one:.1f} s" for one in late],
        f"{min(ended):.1f} to {max(ended):.1f} s",
    )
