"""Accounts and tokens: who is let in, what is refused, and what the command line says about it."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from console import people
from console.db import db, now
from console.errors import Conflict, Invalid, NotFound
from console.models import ApiToken, Operator, Role, SignIn
from tests.cli.conftest import Command
from tests.conftest import Cast

PASSWORD = "correct horse battery"


def test_an_operator_is_made_with_a_hashed_password(command: Command) -> None:
    done = command(
        "create-operator", "Noor@Shop.example", "--name", "Noor  Aziz", "--role", "admin",
        "--scope", "orders:refund", "--password-stdin", typed=f"{PASSWORD}\n",
    )  # fmt: skip
    assert (done.exit_code, done.output) == (
        0,
        "Noor Aziz can sign in as Noor@shop.example (admin, orders:refund).\n",
    )
    found = db.session.scalars(select(Operator)).one()
    assert (found.role, found.scopes, found.active) == (Role.ADMIN, ["orders:refund"], True)
    assert found.password_hash.startswith("$argon2id$")
    assert PasswordHasher().verify(found.password_hash, PASSWORD)


def test_the_password_is_asked_for_twice_and_not_shown(command: Command) -> None:
    done = command(
        "create-operator", "noor@shop.example", "--name", "Noor", typed=f"{PASSWORD}\n{PASSWORD}\n"
    )
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output


@pytest.mark.parametrize(
    ("email", "name", "typed", "sentence"),
    [
        ("BEN@example.com", "Ben", PASSWORD, "There is an account for BEN@example.com already."),
        ("noor", "Noor", PASSWORD, "noor is no email address:"),
        ("noor@shop.example", "Noor", "short", "The password has 5 characters; at least 12 are needed."),
        ("noor@shop.example", "Noor", "x" * 2000, "The password has 2,000 characters; at most 1,000 fit."),
        ("noor@shop.example", " ", PASSWORD, "A name is needed"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(
    cast: Cast, command: Command, email: str, name: str, typed: str, sentence: str
) -> None:
    done = command("create-operator", email, "--name", name, "--password-stdin", typed=f"{typed}\n")
    assert done.exit_code == 1
    assert done.output.startswith(sentence)
    assert len(db.session.scalars(select(Operator)).all()) == 3


def test_a_scope_that_no_tool_asks_for_is_refused(command: Command) -> None:
    done = command("create-agent", "otto", "--scope", "order:refund")
    assert done.exit_code == 1
    assert done.output.startswith("No tool here asks for the scope order:refund. Scopes that are asked for: ")
    assert db.session.scalar(select(ApiToken)) is None


def test_a_token_is_shown_once_and_kept_as_a_hash(command: Command) -> None:
    done = command("create-agent", "otto", "--scope", "orders:refund")
    assert done.exit_code == 0
    token = done.stdout.strip()
    found = db.session.scalars(select(ApiToken)).one()
    assert found.token_hash == people.hash_token(token)
    assert token not in str(vars(found))
    assert "otto" in done.stderr and token not in done.stderr


def test_an_agent_needs_a_plain_name_of_its_own(cast: Cast) -> None:
    with pytest.raises(Conflict):
        people.create_agent("iris", actor_id=people.SYSTEM)
    for name in ("", "Otto", "1otto", "o" * 64, "otto otto", "otto:2"):
        with pytest.raises(Invalid):
            people.create_agent(name, actor_id=people.SYSTEM)


def test_a_deactivated_operator_is_signed_out(cast: Cast, command: Command) -> None:
    open_page = SignIn(operator_id=cast.ben.id, token_hash="x", expires_at=now())
    db.session.add(open_page)
    db.session.commit()
    assert command("deactivate", "Ben@Example.com").exit_code == 0
    db.session.expire_all()
    assert not cast.ben.active
    assert open_page.ended_at is not None
    assert command("activate", "ben@example.com").exit_code == 0
    db.session.expire_all()
    assert cast.ben.active


def test_scopes_are_granted_and_taken_away(cast: Cast, command: Command) -> None:
    assert "operator, orders:refund" in command("grant", "cleo@example.com", "orders:refund").output
    assert "holds: no scopes" in command("revoke", "iris", "orders:refund").output
    db.session.expire_all()
    assert (cast.cleo.scopes, cast.iris.scopes) == (["orders:refund"], [])


def test_a_new_password_ends_the_pages_that_the_old_one_opened(cast: Cast, command: Command) -> None:
    db.session.add(SignIn(operator_id=cast.ben.id, token_hash="x", expires_at=now()))
    db.session.commit()
    assert (
        command("set-password", "ben@example.com", "--password-stdin", typed=f"{PASSWORD}\n").exit_code == 0
    )
    db.session.expire_all()
    assert PasswordHasher().verify(cast.ben.password_hash, PASSWORD)
    assert db.session.scalars(select(SignIn)).one().ended_at is not None


@pytest.mark.parametrize("who", ["nobody@example.com", "nobody"])
def test_someone_who_is_not_there_is_named(cast: Cast, who: str) -> None:
    with pytest.raises(NotFound, match=who):
        people.find(who)
