"""Whether the events of one proposal are the ones that were written, all of them, in that order. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

CHANGED = "was changed after it was written"
MOVED = "stands in another place than it was written in"
REPLACED = "is not the one that was written here: it, or the one after it, was exchanged"
ADDED = "was put in afterwards: nothing that was written follows it"


class Link(NamedTuple):
    """An event as a part of its chain. `seal` is the hash that its row, as it is now, ought to have."""

    id: int
    sequence: int
    prev_hash: str
    hash: str
    seal: str


class Head(NamedTuple):
    """Where the chain ends: how many events, and the newest one."""

    events: int
    event_id: int
    hash: str


class Finding(NamedTuple):
    """Something that is not as it was written. `event_id` is None when nobody can say which event it was."""

    proposal_id: int | None
    event_id: int | None
    words: str

    def __str__(self) -> str:
        event = f"event {self.event_id}" if self.event_id else ""
        proposal = f"proposal {self.proposal_id}" if self.proposal_id else ""
        sentence = f"{' of '.join(filter(None, (event, proposal)))} {self.words}."
        return sentence[:1].upper() + sentence[1:]


def examine(proposal_id: int, links: Sequence[Link], head: Head | None) -> Iterator[Finding]:
    """What is wrong with the chain of a proposal, newest first; nothing when it is whole.

    It is walked from its head down, by hashes. Where that leads nowhere, the sequence numbers say whether the event is
    another one or gone, so that one deed is one finding and innocent neighbours are not named.
    """
    if head is None:
        yield Finding(proposal_id, None, "has lost the record of where its trail ends")
        head = _guessed(links)
    rest, chain = _Rest(links), []
    place, wanted, sure = head.events, head.hash, True
    while place > 0:
        found = rest.take(rest.by_hash[wanted])
        if found is None:
            found = rest.take(rest.at(place))
            if found is None:
                lower = rest.highest_below(place)
                yield _missing(proposal_id, lower + 1, place, head)
                place, wanted, sure = lower, "", False
                continue
            if sure:
                yield Finding(proposal_id, found.id, REPLACED)
        chain.append((place, found))
        sure = found.seal == found.hash
        place, wanted = place - 1, found.prev_hash
    yield from _unsealed(proposal_id, chain)
    for added in rest.all():
        yield Finding(proposal_id, added.id, ADDED)


class _Rest:
    """The events that have no place in the chain yet."""

    def __init__(self, links: Sequence[Link]) -> None:
        self.taken: set[int] = set()
        self.links = links
        self.by_hash: defaultdict[str, list[Link]] = defaultdict(list)
        self.by_place: defaultdict[int, list[Link]] = defaultdict(list)
        for link in links:
            self.by_hash[link.hash].append(link)
            self.by_place[link.sequence].append(link)

    def take(self, some: Sequence[Link]) -> Link | None:
        """One of `some` that is still there, an unharmed one before a copy of it."""
        there = [link for link in some if link.id not in self.taken]
        if not there:
            return None
        found = next((link for link in there if link.seal == link.hash), there[0])
        self.taken.add(found.id)
        return found

    def at(self, place: int) -> list[Link]:
        return self.by_place[place]

    def highest_below(self, place: int) -> int:
        return max((link.sequence for link in self.all() if 0 < link.sequence < place), default=0)

    def all(self) -> list[Link]:
        return [link for link in self.links if link.id not in self.taken]


def _unsealed(proposal_id: int, chain: list[tuple[int, Link]]) -> Iterator[Finding]:
    """The events whose rows are not what their hashes say. Ids rise along a chain, and are part of the hash."""
    by_id = sorted((link for _, link in chain), key=lambda link: -link.id)
    for (place, link), in_turn in zip(chain, by_id, strict=True):
        if link.seal != link.hash:
            moved = link.sequence != place or link is not in_turn
            yield Finding(proposal_id, link.id, MOVED if moved else CHANGED)


def _missing(proposal_id: int, first: int, last: int, head: Head) -> Finding:
    """What to say of events that are gone. The head remembers the id of the newest one; of others only the place."""
    if last == head.events:
        before = "" if first == last else f", with {last - first} before it,"
        return Finding(proposal_id, head.event_id, f"was taken away{before} from the end")
    places = f"event {first}" if first == last else f"events {first} to {last}"
    return Finding(proposal_id, None, f"has no {places} of its trail any more: taken out")


def _guessed(links: Sequence[Link]) -> Head:
    """The end as the events themselves have it."""
    last = max(links, key=lambda link: link.sequence, default=None)
    return Head(last.sequence, last.id, last.hash) if last else Head(0, 0, "")
