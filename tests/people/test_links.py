"""Links to choose a password: shown once, good once and for a while, and only the newest."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from console import people
from console.db import db
from console.errors import Conflict, Forbidden, Invalid, NotFound
from console.models import LinkPurpose, PasswordLink
from console.people import LinkGone
from tests.conftest import PASSWORD as OLD
from tests.conftest import Cast, Clock
from tests.desk import Ears
from tests.people.conftest import HERE, PASSWORD, Log, is_open, open_page
from tests.people.test_operators import STRANGERS


def test_a_link_sets_a_password_ends_what_was_open_and_is_used_up(cast: Cast) -> None:
    row = open_page(cast.ben)
    _, token = people.make_link(cast.ben.id, cast.ada.actor_id)
    assert is_open(row), "only using it ends anything"
    assert people.use_link(token, PASSWORD).id == cast.ben.id
    assert not is_open(row)
    assert people.sign_in("ben@example.com", PASSWORD, HERE)[0].id == cast.ben.id
    with pytest.raises(people.SignInRefused):
        people.sign_in("ben@example.com", OLD, HERE)
    with pytest.raises(LinkGone, match="used already"):
        people.use_link(token, "another long password")


def test_reading_a_link_does_not_use_it_up(cast: Cast) -> None:
    _, token = people.make_link(cast.ben.id, cast.ada.actor_id)
    for _ in range(3):
        assert people.read_link(token).purpose == LinkPurpose.RESET
    people.use_link(token, PASSWORD)


def test_a_link_runs_out(cast: Cast, clock: Clock) -> None:
    found, token = people.invite("noor@shop.example", "Noor", actor_id=cast.ada.actor_id)
    clock.advance(hours=71)
    assert people.read_link(token).purpose == LinkPurpose.INVITATION
    clock.advance(hours=1)
    with pytest.raises(LinkGone):
        people.use_link(token, PASSWORD)
    assert people.link_of(found.id) is None


def test_a_newer_link_ends_an_earlier_one(cast: Cast) -> None:
    _, first = people.make_link(cast.ben.id, cast.ada.actor_id)
    _, second = people.make_link(cast.ben.id, cast.ada.actor_id)
    with pytest.raises(LinkGone):
        people.read_link(first)
    people.use_link(second, PASSWORD)


def test_the_database_knows_the_token_only_as_a_hash(cast: Cast) -> None:
    _, token = people.make_link(cast.ben.id, cast.ada.actor_id)
    (row,) = db.session.scalars(select(PasswordLink))
    assert token not in str(vars(row)) and len(token) > 40 and len(row.token_hash) == 64


def test_a_password_that_is_too_short_leaves_the_link_as_it_is(cast: Cast) -> None:
    _, token = people.make_link(cast.ben.id, cast.ada.actor_id)
    with pytest.raises(Invalid) as refusal:
        people.use_link(token, "short")
    assert list(refusal.value.fields) == ["password"]
    people.use_link(token, PASSWORD)


@pytest.mark.parametrize("token", ["", "nothing", "x" * 10_000])
def test_a_link_that_nobody_made_opens_nothing(cast: Cast, token: str) -> None:
    with pytest.raises(LinkGone):
        people.use_link(token, PASSWORD)


def test_a_deactivated_account_gets_no_link(cast: Cast) -> None:
    people.deactivate(cast.ben.actor_id, cast.ada.actor_id)
    with pytest.raises(Conflict, match="Activate them first"):
        people.make_link(cast.ben.id, cast.ada.actor_id)
    with pytest.raises(NotFound):
        people.make_link(99, cast.ada.actor_id)


@pytest.mark.parametrize("actor", [*STRANGERS, "operator:2", "operator:3"])
def test_nobody_but_an_admin_makes_a_link(cast: Cast, actor: str) -> None:
    with pytest.raises(Forbidden):
        people.make_link(cast.ben.id, actor)
    assert db.session.scalar(select(PasswordLink)) is None


def test_making_and_using_a_link_are_in_the_log_and_announced(cast: Cast, log: Log, ears: Ears) -> None:
    _, token = people.make_link(cast.ben.id, cast.ada.actor_id)
    assert "people" in ears.heard()
    people.use_link(token, PASSWORD)
    assert "people" in ears.heard()
    made, used = log()
    assert (made.event_type, made.actor_id) == ("password_link_made", cast.ada.actor_id)
    assert (used.event_type, used.actor_id) == ("password_set", cast.ben.actor_id)
    assert token not in str([vars(line) for line in (made, used)])
