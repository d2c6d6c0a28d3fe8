"""Random walks over the facade beside a small pure model of the transition table: they never disagree."""

from __future__ import annotations

from flask import Flask

from tests.governance.walk import Walk
from tests.governance.walking import driven, not_met, walks


def test_no_walk_disagrees_with_the_transition_table(app: Flask) -> None:
    with driven(app):
        for number in range(1, 5):
            walks(30, number)
    assert len(not_met()) <= 4 and Walk.seen["walks"] >= 40
