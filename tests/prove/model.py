"""The state machine is the one of the specification: random walks of several actors beside a small pure model."""

from __future__ import annotations

import gc
import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import structlog

from tests.governance.record import APPROVED, ENTITLED, GROUND, SAME, SWEPT, TABLED, Broken
from tests.governance.walk import Walk
from tests.governance.walking import driven, not_met, walks
from tests.prove.claims import Claim, Protection
from tests.prove.ground import end_in_order, ground, shared_out

STEPS = 50
RUNS, SECONDS = 5000, 690
SHORT_RUNS, SHORT_SECONDS = 80, 40
PROCESSES = 2
ENOUGH_BROKEN = 3
PROMISES = {
    SAME: "Whoever does what in whichever order: rows, trail, answers and jobs are those of the specification.",
    TABLED: "A lane goes from state to state only by steps of the table, and its trail has each of them.",
    APPROVED: "What ran was approved before, or automatic by the policy, and what it did is there once.",
    ENTITLED: "Nobody decides who may not: software, the deactivated, the wrong role, whoever asked.",
    GROUND: "What lost a permission, its asker, its approvals, its policy or its input on the way is not started.",
    SWEPT: "A sweep ends, brings back and sends again exactly the lanes that need it.",
}
GOVERNANCE = "console/governance"
STARTED = "step: execution_pending execution_started execution_pending"
SUCCEEDED = "step: execution_pending execution_succeeded executed"
INVALIDATED = (
    "step: approved revalidation_failed",
    "step: execution_pending revalidation_failed",
)
PROTECTIONS = (
    Protection(
        SAME,
        f"{GOVERNANCE}/decisions.py",
        "if (version is not None and version != lane.version) or (digest and digest != lane.digest):",
        "if digest and digest != lane.digest:",
    ),
    Protection(TABLED, f"{GOVERNANCE}/transitions.py", "    lane.status = after\n", ""),
    Protection(APPROVED, "jobs/actions.py", "            execution.succeed(run, result)\n", ""),
    Protection(
        ENTITLED,
        f"{GOVERNANCE}/actors.py",
        "    if rules.four_eyes and actor.id in (lane.proposal.actor_id, lane.requested_by):\n"
        "        raise FourEyesRequired()\n",
        "",
    ),
    Protection(
        GROUND,
        f"{GOVERNANCE}/revalidation.py",
        "    if not asker.active:\n"
        '        return f"The account that asked for this, {asker.name}, is no longer active."\n',
        "",
    ),
    Protection(
        SWEPT,
        f"{GOVERNANCE}/recovery.py",
        'now() - timedelta(\n        seconds=current_app.config["SETTINGS"].sweep_grace_seconds\n    )',
        "now()",
    ),
)


@dataclass
class Found:
    """What one process saw."""

    seeds: str = ""
    different: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[str, str]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


def prove(short: bool) -> list[Claim]:
    """Walk, and say of each claim what broke it."""
    if short:
        end_in_order()
        return _claims([walked(1, 1, SHORT_RUNS, SHORT_SECONDS)], short)
    shares = [(number + 1, PROCESSES, RUNS // PROCESSES, SECONDS) for number in range(PROCESSES)]
    return _claims(shared_out(walked, shares), short)


def walked(first: int, apart: int, runs: int, seconds: float) -> Found:
    """Take rounds of walks, of each seed from `first` on, until there are so many different ones or time is over."""
    found, end = Found(), time.monotonic() + seconds
    with ground() as app, driven(app):
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        gc.freeze()
        for number in count(first, apart):
            try:
                walks(STEPS, number)
            except Broken as broken:
                found.broken.append((broken.claim, _told(broken.sentence, number)))
            except Exception as error:
                found.broken.append((SAME, _told(f"{type(error).__name__}: {error}", number)))
            enough = len(Walk.different) >= runs
            if enough or time.monotonic() > end or len(found.broken) >= ENOUGH_BROKEN:
                break
        found.seeds, found.different = f"{first} to {number} by {apart}", len(Walk.different)
        found.seen, found.missed = Walk.seen, not_met()
    return found


def _told(sentence: str, number: int) -> str:
    way = "; ".join(" ".join(str(word) for word in step) for step in Walk.last[-12:])
    return f"{sentence} (seed {number}, after …{way})"


def _claims(found: Sequence[Found], short: bool) -> list[Claim]:
    seen: Counter[str] = sum((one.seen for one in found), Counter())
    runs, steps = sum(one.different for one in found), seen["steps"]
    seeds = ", ".join(one.seeds for one in found)
    done = f"{runs:,} different runs of {STEPS} steps, {steps:,} steps in all, seeds {seeds}."
    broken: dict[str, list[str]] = {}
    for claim, sentence in (pair for one in found for pair in one.broken):
        broken.setdefault(claim, []).append(sentence)
    if runs < RUNS and not short:
        broken.setdefault(SAME, []).append(f"only {runs:,} of {RUNS:,} runs were taken in {SECONDS} s")
    for step in [] if short else sorted(set.intersection(*(set(one.missed) for one in found))):
        broken.setdefault(TABLED, []).append(f"no walk took the step {step}")
    told = _figures(seen)
    return [Claim(name, PROMISES[name], done, broken.get(name, []), told[name]) for name in PROMISES]


def _figures(seen: Counter[str]) -> dict[str, str]:
    def counted(*beginnings: str) -> int:
        return sum(number for words, number in seen.items() if words.startswith(beginnings))

    denied = counted("refused: not_allowed", "refused: four_eyes_required")
    return {
        SAME: f"{counted('refused'):,} verbs refused, {counted('went through'):,} went through",
        TABLED: f"{counted('step: '):,} steps of the table",
        APPROVED: f"{seen[STARTED]:,} runs started, {seen[SUCCEEDED]:,} succeeded",
        ENTITLED: f"{denied:,} refused",
        GROUND: f"{counted(*INVALIDATED):,} lanes ended before their run",
        SWEPT: f"{seen['sweeps']:,} sweeps found {seen['swept']:,} lanes",
    }
