"""One pair of verbs in one state: every order of their statements, beside the serial ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from tests.prove.interleavings_lanes import Lanes, Sight
from tests.prove.interleavings_scheduler import Actor, Order, every_order, ordered
from tests.prove.interleavings_verbs import DECISIONS, QUIET, VERBS, Place, told

MANY_CHANGES = 4
ENOUGH_BROKEN = 10
SERIAL, WINNER, WHOLE, DEADLOCK = (
    "no_order_gives_what_no_serial_order_gives",
    "one_decision_counts_in_every_order",
    "every_order_leaves_it_whole",
    "no_deadlock_reaches_anyone",
)


@dataclass
class Found:
    """What one process saw."""

    pairs: int = 0
    orders: int = 0
    serial: int = 0
    statements: int = 0
    widest: int = 0
    outcomes: int = 0
    broken: dict[str, list[str]] = field(default_factory=dict)

    @property
    def has_enough(self) -> bool:
        """Whether more of what is broken would tell nothing new; two that wait for each other take a second each."""
        return sum(len(lines) for lines in self.broken.values()) >= ENOUGH_BROKEN

    def note(self, claim: str, sentence: str) -> None:
        """One more thing that is not as promised."""
        lines = self.broken.setdefault(claim, [])
        if sentence not in lines:
            lines.append(sentence)


@dataclass(frozen=True)
class Outcome:
    """What the two were answered, and what is there in the end."""

    answers: tuple[str, ...]
    sight: Sight

    def __str__(self) -> str:
        return f"{' and '.join(self.answers)}; {self.sight}"


def alone(lanes: Lanes, name: str) -> Outcome:
    """What comes of one verb when nobody else is there."""
    place = lanes.copy()
    try:
        answer = told(VERBS[name](place))
    except Exception as error:
        answer = told(error)
    return Outcome((str(answer),), _looked_at(lanes, place))


def untouched(lanes: Lanes) -> Sight:
    """The state as it is when nobody does anything."""
    return _looked_at(lanes, lanes.copy())


def _looked_at(lanes: Lanes, place: Place) -> Sight:
    sight = lanes.sight(place)
    lanes.clear(place)
    return sight


class Pair:
    """Two verbs in one state."""

    def __init__(
        self, lanes: Lanes, both: Sequence[Actor], state: str, names: tuple[str, str], found: Found
    ) -> None:
        self.lanes, self.both, self.names, self.found = lanes, both, names, found
        self.title = f"{state}: {names[0]} and {names[1]}"
        self.outcomes: dict[Outcome, str] = {}
        self.references: set[Outcome] = set()

    def look(self, most: int, single: dict[str, Outcome]) -> None:
        """Try every order with so many changes, and note what is broken by one."""
        self._try(most)
        if self._unexplained(single):
            # Transactions that take turns more often may be the serial order that is looked for.
            self._try(MANY_CHANGES)
        self.found.pairs += 1
        self.found.outcomes += len(self.outcomes)
        for outcome, way in self._unexplained(single).items():
            self.found.note(SERIAL, f"{self.title}: {outcome} ({way})")

    def _try(self, most: int) -> None:
        before = self.found.orders
        for order in every_order(most, lambda choices: self._once(choices, most)):
            self.found.orders += 1
            self.found.serial += order.serial
            self.found.statements += len(order.turns)
            if self.found.has_enough:
                return
        self.found.widest = max(self.found.widest, self.found.orders - before)

    def _once(self, choices: Sequence[bool], most: int) -> Order:
        place = self.lanes.copy()
        order = ordered(self.both, [partial(VERBS[name], place) for name in self.names], choices, most)
        sight = self.lanes.sight(place)
        outcome = Outcome(tuple(str(told(actor.answer)) for actor in self.both), sight)
        way = "".join("AB"[turn] for turn in order.turns)
        if order.serial:
            self.references.add(outcome)
        if order.stuck or outcome not in self.outcomes:
            self._judge(place, outcome, order, way)
        self.outcomes.setdefault(outcome, way)
        self.lanes.clear(place)
        return order

    def _judge(self, place: Place, outcome: Outcome, order: Order, way: str) -> None:
        told_as = f"{self.title}: {outcome} ({way})"
        for sentence in self.lanes.wrong(place, outcome.sight):
            self.found.note(WHOLE, f"{sentence}; {told_as}")
        pairs = zip(self.names, outcome.answers, strict=True)
        confirmed = sum(name in DECISIONS and answer == "done" for name, answer in pairs)
        if confirmed != self.lanes.decided(outcome.sight) or self.lanes.decided_twice(outcome.sight):
            self.found.note(WINNER, told_as)
        if order.stuck or any(answer.startswith("error:") for answer in outcome.answers):
            self.found.note(DEADLOCK, told_as)

    def _unexplained(self, single: dict[str, Outcome]) -> dict[Outcome, str]:
        return {
            outcome: way
            for outcome, way in self.outcomes.items()
            if outcome not in self.references and not self._is_quiet(outcome, single)
        }

    def _is_quiet(self, outcome: Outcome, single: dict[str, Outcome]) -> bool:
        """Whether one of the two left the lane to the other, as it may."""
        for one, other in ((0, 1), (1, 0)):
            quiet = QUIET.get(self.names[one])
            rest = single[self.names[other]]
            if (
                quiet
                and outcome.answers[one].startswith(quiet)
                and (outcome.answers[other],) == rest.answers
                and outcome.sight == rest.sight
            ):
                return True
        return False
