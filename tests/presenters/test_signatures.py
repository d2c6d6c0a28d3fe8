"""The places for signatures on a card, for every number of them and whoever looks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from console.presenters.faces import Face
from console.presenters.signatures import Vote, Votes

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADA, BEN = Face("operator:1", "Ada Okafor", "person"), Face("operator:2", "Ben Weiss", "person")
ME = Face("operator:3", "Cleo Marchetti", "person", you=True)


def places(votes: Votes, *, may: bool = True, four_eyes: bool = True) -> list[tuple[str, str, str]]:
    return [(one.name, one.words, one.icon) for one in votes.signatures("Iris", may=may, four_eyes=four_eyes)]


def given(*faces: Face, needed: int = 2, lost: str = "") -> Votes:
    return Votes(tuple(Vote(face, NOW, lost if face is BEN else "") for face in faces), needed)


def test_one_place_for_one_approval() -> None:
    assert places(Votes()) == [("You decide", "Iris may not", "pen")]
    assert places(Votes(), four_eyes=False) == [("You decide", "One is enough", "pen")]
    assert places(Votes(), may=False) == [("Someone else", "Iris may not", "lock")]
    assert Votes().outlook == ""


def test_a_place_for_each_of_several() -> None:
    votes = given(needed=3)
    assert places(votes) == [
        ("You decide", "Iris may not", "pen"),
        ("Someone else", "One more person", ""),
        ("Someone else", "One more person", ""),
    ]
    assert votes.outlook == "Yours would be approval 1 of 3. Nothing runs before the last."


def test_who_approved_comes_first() -> None:
    votes = given(BEN)
    assert places(votes) == [("Ben approved", "", ""), ("You decide", "Iris may not", "pen")]
    assert votes.outlook == "1 of 2 approved. With yours it runs." and not votes.mine


def test_who_approved_waits_for_the_others() -> None:
    votes = given(ME)
    assert places(votes) == [("You approved", "", ""), ("Someone else", "Iris may not", "lock")]
    assert votes.mine and votes.outlook.startswith("1 of 2 approved. It takes 1 more;")


def test_an_approval_that_was_lost_leaves_its_place_open() -> None:
    votes = given(BEN, ADA, lost="Ben Weiss is no longer active.")
    assert places(votes)[0] == ("Ben approved", "Does not count any more", "x")
    assert (votes.counted, votes.missing, len(places(votes))) == (1, 1, 3)


@pytest.mark.parametrize("needed", range(1, 6))
@pytest.mark.parametrize("faces", [(), (BEN,), (BEN, ADA), (BEN, ADA, ME)])
@pytest.mark.parametrize("may", [True, False])
def test_there_are_always_as_many_places_as_approvals_are_needed(
    needed: int, faces: tuple[Face, ...], may: bool
) -> None:
    votes = given(*faces, needed=needed)
    found = places(votes, may=may)
    assert len(found) >= max(needed, len(faces))
    assert sum(name == "You decide" for name, *_ in found) == int(may and not votes.mine)
