"""Who is behind a name, whatever the name looks like."""

from __future__ import annotations

import pytest

from console.governance.actors import find_actor
from tests.desk import Desk

NOBODY = [
    "",
    ":",
    "operator",
    "operator:",
    "operator:0",
    "operator:-1",
    "operator:01",
    "operator:1.0",
    "operator: 1",
    "operator:1\n",
    "operator:٣",
    "operator:²",
    "operator:999999999999999999",
    "operator:999999999999999999999",
    "operator:1;DROP TABLE operators",
    "agent:",
    "agent:nobody",
    "agent:iris\x00",
    "agent:\ud800",
    "agent:Iris",
    "System",
    "system:",
    "\x00",
]


@pytest.mark.parametrize("name", NOBODY, ids=ascii)
def test_whoever_does_not_exist_is_nobody_who_holds_nothing(desk: Desk, name: str) -> None:
    found = find_actor(name)
    assert (found.active, found.role, found.scopes) == (False, None, frozenset())


def test_people_and_agents_are_found_with_what_is_granted_to_them_now(desk: Desk) -> None:
    ada, iris = find_actor("operator:1"), find_actor("agent:iris")
    assert (ada.name, ada.active, str(ada.role)) == ("Ada Okafor", True, "admin")
    assert (iris.active, iris.role, iris.scopes) == (True, None, frozenset(["orders:refund"]))
    desk.tamper("UPDATE operators SET scopes = '{}', active = false")
    desk.tamper("UPDATE api_tokens SET scopes = '{}', active = false")
    for name in ("operator:1", "agent:iris"):
        assert (find_actor(name).active, find_actor(name).scopes) == (False, frozenset())
