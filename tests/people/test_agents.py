"""Agents: a token that is shown once, scopes that a second admin does not overwrite, and an end."""

from __future__ import annotations

import pytest

from console import people
from console.db import db, transaction
from console.errors import Conflict, Forbidden, Invalid, NotFound
from console.models import ApiToken
from tests.conftest import Cast
from tests.desk import Ears
from tests.people.conftest import Log
from tests.people.test_operators import STRANGERS


def test_a_token_is_handed_out_once_and_kept_as_a_hash(cast: Cast) -> None:
    found, token = people.create_agent("otto", actor_id=cast.ada.actor_id, scopes=["orders:refund"])
    assert token.startswith("console_") and len(token) > 40
    assert found.token_hash == people.hash_token(token) and token not in str(vars(found))


def test_another_token_takes_the_place_of_the_one_before(cast: Cast) -> None:
    found, first = people.create_agent("otto", actor_id=cast.ada.actor_id)
    assert found.version == 1
    again, second = people.renew_token("otto", cast.ada.actor_id)
    assert again.token_hash == people.hash_token(second) != people.hash_token(first)
    assert again.version == 2


def test_of_two_admins_the_second_learns_of_the_first(cast: Cast) -> None:
    people.change_agent("iris", cast.ada.actor_id, scopes=[], version=1)
    with pytest.raises(Conflict, match="Somebody changed iris"):
        people.change_agent("iris", cast.ada.actor_id, scopes=["orders:refund"], version=1)
    assert people.change_agent("iris", cast.ada.actor_id, scopes=[], version=1).version == 2


@pytest.mark.parametrize("actor", [*STRANGERS, "operator:2"])
def test_nobody_but_an_admin_makes_or_changes_a_token(cast: Cast, actor: str) -> None:
    with pytest.raises(Forbidden):
        people.create_agent("otto", actor_id=actor)
    with pytest.raises(Forbidden):
        people.change_agent("iris", actor, scopes=[])
    with pytest.raises(Forbidden):
        people.renew_token("iris", actor)
    assert people.find_agent("otto") is None and people.get_agent("iris").version == 1


def test_a_name_is_taken_once_and_written_plainly(cast: Cast) -> None:
    with pytest.raises(Conflict, match="There is an agent called iris already"):
        people.create_agent("iris", actor_id=cast.ada.actor_id)
    for name in ("", "Otto", "1otto", "o" * 64, "otto otto", "otto:2", "otto/2"):
        with pytest.raises(Invalid):
            people.create_agent(name, actor_id=cast.ada.actor_id)
    with pytest.raises(NotFound):
        people.change_agent("nobody", cast.ada.actor_id, scopes=[])
    with pytest.raises(NotFound):
        people.get_agent("nobody")


def test_it_is_in_the_log_without_the_token(cast: Cast, log: Log) -> None:
    _, token = people.create_agent("otto", actor_id=cast.ada.actor_id)
    people.change_agent("otto", cast.ada.actor_id, scopes=["orders:refund"])
    _, second = people.renew_token("otto", cast.ada.actor_id)
    lines = log()
    assert [line.event_type for line in lines] == ["agent_created", "agent_changed", "agent_renewed"]
    assert {line.actor_id for line in lines} == {cast.ada.actor_id}
    assert lines[1].details == {"agent": "otto", "scopes": {"from": [], "to": ["orders:refund"]}}
    assert not any(secret in str([vars(line) for line in lines]) for secret in (token, second))


def test_it_is_announced_after_the_commit_alone(cast: Cast, ears: Ears) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        people.create_agent("otto", actor_id=cast.ada.actor_id)
        raise ZeroDivisionError
    assert ears.heard() == [] and people.find_agent("otto") is None
    people.create_agent("otto", actor_id=cast.ada.actor_id)
    assert "people" in ears.heard()


def test_those_who_work_are_listed_first(cast: Cast) -> None:
    db.session.add_all([ApiToken(name="anna", active=False), ApiToken(name="zoe")])
    db.session.commit()
    assert [one.name for one in people.list_agents()] == ["iris", "zoe", "anna"]
