"""Random walks over the facade beside a small pure model of the transition table: they never disagree."""

from __future__ import annotations

from flask import Flask

from tests.governance.lane_words import TABLE
from tests.governance.walk import Walk, driven, walks


def test_no_walk_disagrees_with_the_transition_table(app: Flask) -> None:
    with driven(app):
        walks(60, 20, 1)
    met = {tuple(words.split()[1:]) for words in Walk.seen if words.startswith("step: ")}
    assert met >= {tuple(str(word) for word in step) for step in TABLE if step[0] != "deferred"}
