"""Inviting and changing people: by an admin, once, without losing another admin's change."""

from __future__ import annotations

from typing import Any

import pytest

from console import people
from console.db import db, transaction
from console.errors import Conflict, Forbidden, Invalid, NotFound
from console.models import Operator, Role
from tests.conftest import Cast
from tests.desk import Ears
from tests.people.conftest import Log

STRANGERS = ["operator:99", "agent:iris", "policy", "", "operator:", "operator:-1", "nobody"]


def change(cast: Cast, actor: Operator | None = None, **different: Any) -> Operator:
    """Ben as he is, but for what is different."""
    as_is: dict[str, Any] = {"email": cast.ben.email, "name": cast.ben.name, "role": Role.OPERATOR}
    as_is |= {"scopes": ["orders:refund"], "version": 1}
    return people.change_operator(cast.ben.id, (actor or cast.ada).actor_id, **as_is | different)


def test_who_is_invited_has_an_account_without_a_password(cast: Cast) -> None:
    found, token = people.invite(
        "Noor@Shop.example", " Noor  Aziz ", actor_id=cast.ada.actor_id, scopes=["orders:refund"]
    )
    assert (found.email, found.name, found.role) == ("Noor@shop.example", "Noor Aziz", Role.OPERATOR)
    assert found.password_hash is None and found.active and found.scopes == ["orders:refund"]
    assert people.read_link(token).operator_id == found.id


def test_an_email_has_one_account(cast: Cast) -> None:
    with pytest.raises(Conflict, match="There is an account for BEN@example"):
        people.invite("BEN@example.com", "Ben", actor_id=cast.ada.actor_id)
    assert people.find_operator("ben@example.com") is not None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "noor"}, "email"),
        ({"email": ""}, "email"),
        ({"name": " "}, "name"),
        ({"name": "a\nb\x07"}, "name"),
        ({"scopes": ["order:refund"]}, "scopes"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field(cast: Cast, given: dict[str, Any], field: str) -> None:
    usable = {"email": "noor@shop.example", "name": "Noor", "scopes": []}
    with pytest.raises(Invalid) as refusal:
        people.invite(**usable | given, actor_id=cast.ada.actor_id)
    assert list(refusal.value.fields) == [field]


@pytest.mark.parametrize("actor", STRANGERS)
def test_nobody_but_an_admin_invites(cast: Cast, actor: str) -> None:
    with pytest.raises(Forbidden, match="Only an admin"):
        people.invite("noor@shop.example", "Noor", actor_id=actor)
    for one in (cast.ben, cast.cleo):
        with pytest.raises(Forbidden):
            people.invite("noor@shop.example", "Noor", actor_id=one.actor_id)
    cast.ada.active = False
    db.session.commit()
    with pytest.raises(Forbidden):
        people.invite("noor@shop.example", "Noor", actor_id=cast.ada.actor_id)
    assert people.find_operator("noor@shop.example") is None


def test_an_invitation_is_in_the_log_without_its_token(cast: Cast, log: Log) -> None:
    found, token = people.invite("noor@shop.example", "Noor", actor_id=cast.ada.actor_id)
    (line,) = log()
    assert (line.event_type, line.actor_id, line.operator_id) == (
        "operator_invited",
        cast.ada.actor_id,
        found.id,
    )
    assert token not in str(vars(line)) and line.reason == "Noor was invited."


def test_an_invitation_and_a_change_are_announced_after_the_commit_alone(cast: Cast, ears: Ears) -> None:
    ears.heard()
    with pytest.raises(ZeroDivisionError), transaction():
        people.invite("noor@shop.example", "Noor", actor_id=cast.ada.actor_id)
        assert ears.heard() == []
        raise ZeroDivisionError
    assert ears.heard() == [] and people.find_operator("noor@shop.example") is None
    people.invite("noor@shop.example", "Noor", actor_id=cast.ada.actor_id)
    assert "people" in ears.heard()
    change(cast, name="Benedikt Weiss")
    assert "people" in ears.heard()


def test_a_change_is_in_force_and_in_the_log_with_what_it_was(cast: Cast, log: Log) -> None:
    found = change(cast, name="Benedikt Weiss", role=Role.ADMIN, scopes=[])
    assert (found.name, found.role, found.scopes, found.version) == ("Benedikt Weiss", Role.ADMIN, [], 2)
    (line,) = log()
    assert line.event_type == "operator_changed" and line.operator_id == cast.ben.id
    assert line.details == {
        "name": {"from": "Ben Weiss", "to": "Benedikt Weiss"},
        "role": {"from": "operator", "to": "admin"},
        "scopes": {"from": ["orders:refund"], "to": []},
    }


def test_the_same_again_changes_nothing(cast: Cast, log: Log) -> None:
    assert change(cast, version=7).version == 1
    assert log() == []


def test_of_two_admins_the_second_learns_of_the_first(cast: Cast) -> None:
    change(cast, scopes=[])
    with pytest.raises(Conflict, match="Somebody changed Ben Weiss since you opened this page"):
        change(cast, role=Role.ADMIN)
    assert change(cast, role=Role.ADMIN, version=2).role == Role.ADMIN


def test_nobody_but_an_admin_changes_anyone_themselves_included(cast: Cast, log: Log) -> None:
    with pytest.raises(Forbidden):
        change(cast, cast.ben, role=Role.ADMIN)
    (line,) = log()
    assert (line.event_type, line.actor_id) == ("refused", cast.ben.actor_id)
    assert line.reason == people.ADMINS_ONLY and line.details == {"code": "forbidden"}


def test_the_last_admin_stays_one(cast: Cast) -> None:
    as_is = {"email": cast.ada.email, "name": cast.ada.name, "scopes": ["orders:refund"]}
    with pytest.raises(Conflict, match="last active admin"):
        people.change_operator(cast.ada.id, cast.ada.actor_id, role=Role.OPERATOR, **as_is)  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="last active admin"):
        people.deactivate(cast.ada.actor_id, cast.ada.actor_id)
    with pytest.raises(Conflict, match="last active admin"):
        people.deactivate(cast.ada.actor_id, people.SYSTEM)
    change(cast, role=Role.ADMIN)
    people.change_operator(cast.ada.id, cast.ada.actor_id, role=Role.OPERATOR, **as_is)  # type: ignore[arg-type]


def test_the_email_of_another_is_not_taken_over(cast: Cast) -> None:
    with pytest.raises(Conflict, match="There is an account for cleo@example"):
        change(cast, email="Cleo@example.com".lower())
    assert change(cast, email="BEN@example.com").email == "BEN@example.com"


def test_a_scope_that_no_tool_asks_for_any_more_may_stay_but_not_come(cast: Cast) -> None:
    cast.ben.scopes = ["gone:tool"]
    db.session.commit()
    assert change(cast, scopes=["gone:tool", "orders:refund"]).scopes == ["gone:tool", "orders:refund"]
    with pytest.raises(Invalid, match="No tool here asks for the scope gone:other"):
        change(cast, scopes=["gone:other"], version=2)


@pytest.mark.parametrize("number", [99, 0, -1, 2**63])
def test_somebody_who_is_not_there_is_said_so(cast: Cast, number: int) -> None:
    with pytest.raises(NotFound):
        people.change_operator(
            number, cast.ada.actor_id, email="x@example.com", name="X", role=Role.ADMIN, scopes=[]
        )
    with pytest.raises(NotFound):
        people.get_operator(number)
