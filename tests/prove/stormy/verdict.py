"""The claims of the storm, each with what was done for it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tests.prove.claims import Claim
from tests.prove.stormy import lanes, people
from tests.prove.stormy.journal import Journal
from tests.prove.stormy.running import People, Running
from tests.prove.stormy.weather import Weather
from tests.storm.judging import rows, violations

BACK = "Whatever dies is started again and works, PostgreSQL and a disk that was full included."


@dataclass(frozen=True)
class Storm:
    """What there is to judge."""

    running: Running
    people: People
    journal: Journal
    agents: Mapping[str, int]
    """What agents were answered: the lane of each mark."""
    weather: Weather
    seed: int
    seconds: float
    drained: float | None
    wanted: int
    """Lanes that there have to be at the least."""

    @property
    def done(self) -> str:
        faults = self.weather.faults
        listed = ", ".join(f"{name} {number}" for name, number in faults.most_common())
        skipped = "" if self.weather.disk else " (no disk could be mounted, so none was full)"
        return f"{faults.total()} faults in {self.seconds:.0f} s, seed {self.seed}: {listed}{skipped}."


def claims(storm: Storm) -> list[Claim]:
    """Everything that was promised of a storm."""
    trail = lanes.read()
    return [
        *_actions(storm, trail),
        *_people(storm, trail),
        _follow_ups(storm),
        *_calm(storm, trail),
    ]


def gone(storm: Storm, error: Exception) -> Claim:
    """What is left to say when the database does not answer in the end."""
    words = f"the database does not answer, so nothing can be judged ({type(error).__name__})"
    return Claim("comes_back", BACK, storm.done, [words])


def _actions(storm: Storm, trail: lanes.Trail) -> list[Claim]:
    written, calls = lanes.rows_written(), _calls(storm.running)
    pressed = Counter(storm.running.pressed())
    states = Counter(lane.status for lane in trail.lanes)
    doubtful = sum(lane.result == "unknown" for lane in trail.lanes)
    by_agents = sum(lane.asked_by.startswith("agent:") for lane in trail.lanes)
    replays = storm.running.carrier.repetitions()
    return [
        Claim(
            "ran_once",
            "Every approved action ran exactly once or ended in an honest state.",
            storm.done,
            [
                *lanes.effects(trail.lanes, written, calls),
                *([f"fewer than {storm.wanted:,} lanes"] if len(trail.lanes) < storm.wanted else []),
            ],
            f"{len(trail.lanes)} lanes ({by_agents} asked by agents through the facade): {_listed(states)}; "
            f"{written.total()} rows, {calls.total()} calls and {replays} repetitions of them",
        ),
        Claim(
            "unsafe_never_twice",
            "What cannot be taken back is never done twice, and a lost outcome is called unknown.",
            storm.done,
            list(lanes.presses(trail.lanes, pressed)),
            f"{pressed.total()} presses, {doubtful} lanes in doubt",
        ),
        Claim(
            "approved_by_someone_entitled",
            "Nothing ran that was not approved by someone entitled, or by the policy.",
            "Operators press Approve on what they asked for themselves, and two decide at once.",
            list(lanes.entitled(trail, set(storm.people.emails))),
            f"{sum(lane.starts > 0 for lane in trail.lanes)} lanes started",
        ),
        Claim(
            "trail_whole",
            "No event is missing, doubled or out of order, and every chain is whole.",
            "Each lane's history walked along the table, its events against its version, its hashes from the head.",
            [*lanes.histories(trail), *lanes.chains()],
            f"{len(trail.events)} events",
        ),
    ]


def _people(storm: Storm, trail: lanes.Trail) -> list[Claim]:
    journal = storm.journal
    answers = f"{journal.answers.total()} requests: {_listed(journal.answers)}"
    return [
        Claim(
            "answers_kept",
            "What was answered with success is there, as it was answered.",
            answers,
            [
                *people.kept(journal, storm.agents, trail),
                *people.sends(journal),
            ],
            f"{len(journal.asked) + len(storm.agents)} actions asked for, {len(journal.decided)} decisions, "
            f"{len(journal.sent)} bulk sends, {len(journal.undone)} undone",
        ),
        Claim(
            "messages_once",
            "No reply and no note is lost or doubled, however often it was pressed.",
            answers,
            list(people.messages(journal)),
            f"{len(journal.written)} messages and notes",
        ),
    ]


def _follow_ups(storm: Storm) -> Claim:
    found, taken = rows(), list(storm.running.mail.taken())
    return Claim(
        "delivered_at_most_once",
        "Nobody gets a follow-up twice, and what is called sent was accepted.",
        "A mail server that refuses, drops and hangs; workers killed while a message was on its way.",
        violations(found, taken),
        f"{len(found)} deliveries: {_listed(Counter(str(row.state) for row in found))}; {len(taken)} accepted",
    )


def _calm(storm: Storm, trail: lanes.Trail) -> list[Claim]:
    away = storm.running.away
    left = [lane for lane in trail.lanes if lane.status in lanes.UNFINISHED]
    stuck = [f"lane {lane.id} ({lane.tool}) is still {lane.status}" for lane in left]
    drained = "" if storm.drained is None else f"{storm.drained:.1f} s until nothing was on its way"
    ended = [
        f"a process of the console or the host ended by itself with {code}" for code in storm.running.ended
    ]
    return [
        Claim(
            "drained",
            "All lanes and deliveries are drained within 60 s of the last fault.",
            storm.done,
            ["not everything was drained in time", *stuck] if storm.drained is None else [],
            drained,
        ),
        Claim(
            "comes_back",
            BACK,
            "/readyz was asked twice a second.",
            [
                *ended,
                *([] if storm.running.ready() else ["it is not ready in the end"]),
                *storm.journal.errors,
                *storm.running.failures(),
            ],
            f"away {len(away)} times, {sum(away):.0f} s in all, at most {max(away, default=0):.1f} s",
        ),
        Claim(
            "never_early",
            "A job that comes too early or too late changes nothing before its time.",
            f"{storm.weather.moved} times of waiting jobs moved, to now or by half an hour.",
            list(lanes.early(trail)),
            f"{sum(event.type == 'expired' for event in trail.events)} lanes expired",
        ),
    ]


def _calls(running: Running) -> Counter[str]:
    """How often the carrier, which knows repetitions by their keys, was told of each mark."""
    with running.carrier.lock:
        return Counter(
            str(json.loads(one.content)["data"]["mark"]) for one in running.carrier.accepted.values()
        )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.most_common())
