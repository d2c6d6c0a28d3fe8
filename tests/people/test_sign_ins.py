"""Signing in and out, what is kept about those who fail, and ending sign-ins."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from console import people
from console.audit import MOST_AN_HOUR, NO_MORE
from console.db import db
from console.errors import Conflict, Forbidden, Invalid, NotFound
from console.models import AuditEvent, SignIn
from console.people import Place
from tests.conftest import PASSWORD as OLD
from tests.conftest import Cast, Clock
from tests.desk import Ears
from tests.people.conftest import HERE, PASSWORD, Log, is_open, open_page


def refused(email: str, password: str = "wrong") -> None:
    with pytest.raises(people.SignInRefused):
        people.sign_in(email, password, HERE)


def test_a_sign_in_says_where_it_was_opened_and_ends_the_one_before_it(cast: Cast, ears: Ears) -> None:
    _, first = people.sign_in("ben@example.com", OLD, HERE)
    assert "people" in ears.heard()
    _, second = people.sign_in("ben@example.com", OLD, HERE, instead_of=first)
    (row,) = people.list_sign_ins(cast.ben.id)
    assert (row.token_hash, row.address, row.browser) == (people.hash_sign_in(second), *HERE)
    assert row.method == "password"


def test_what_a_browser_says_of_itself_is_kept_as_far_as_it_can_be(cast: Cast) -> None:
    people.sign_in("ben@example.com", OLD, Place("10.1.2.3", "a\0b" * 1000))
    (row,) = people.list_sign_ins(cast.ben.id)
    assert row.browser == ("ab" * 1000)[:400]


def test_coming_and_going_are_in_the_log_and_tokens_are_not(cast: Cast, log: Log) -> None:
    _, token = people.sign_in("ben@example.com", OLD, HERE)
    for _ in range(2):
        people.sign_out(token)
    came, went = log()
    assert (came.event_type, came.actor_id, came.operator_id) == (
        "signed_in",
        cast.ben.actor_id,
        cast.ben.id,
    )
    assert came.details == {"method": "password", "address": HERE.address}
    assert (went.event_type, went.actor_id) == ("signed_out", cast.ben.actor_id)
    assert token not in str([vars(line) for line in (came, went)])


def test_who_fails_leaves_a_line_without_what_was_typed(cast: Cast, log: Log) -> None:
    cast.cleo.active = False
    noor, _ = people.invite("noor@shop.example", "Noor", actor_id=people.SYSTEM)
    cases = [
        ("ben@example.com", "hunter2-hunter2", cast.ben.id, "as Ben Weiss with a wrong password."),
        ("secret-typed-here", "hunter2-hunter2", None, "with an email that has no account here."),
        ("cleo@example.com", OLD, cast.cleo.id, "as Cleo Marchetti, whose account is deactivated."),
        ("noor@shop.example", "hunter2-hunter2", noor.id, "as Noor, who has no password yet."),
        ("", "x", None, "with an email that has no account here."),
    ]
    for email, password, *_ in cases:
        refused(email, password)
    lines = log()[1:]
    assert [(line.operator_id, line.actor_id) for line in lines] == [(case[2], "system") for case in cases]
    for line, case in zip(lines, cases, strict=True):
        assert line.event_type == "sign_in_failed" and (line.reason or "").endswith(case[3])
        assert line.details == {"address": HERE.address}
    assert "hunter2" not in str([vars(line) for line in lines]) and "secret-typed" not in str(
        [vars(line) for line in lines]
    )


def test_a_flood_of_failures_is_about_thirty_lines_an_hour_for_each_account(
    cast: Cast, log: Log, clock: Clock
) -> None:
    for number in range(MOST_AN_HOUR + 10):
        refused("" if number % 2 else "nobody@example.com")
    assert len(log()) == MOST_AN_HOUR and (log()[-1].reason or "").endswith(NO_MORE)
    assert NO_MORE not in (log()[-2].reason or "")
    refused("ben@example.com")
    assert len(log()) == MOST_AN_HOUR + 1, "another account is counted by itself"
    clock.advance(hours=1, seconds=1)
    refused("nobody@example.com")
    assert len(log()) == MOST_AN_HOUR + 2


def test_the_lines_about_failures_are_counted_through_an_index(cast: Cast) -> None:
    db.session.execute(db.text("SET LOCAL enable_seqscan = off"))
    plan = db.session.scalars(
        db.text(
            "EXPLAIN SELECT id FROM audit_events WHERE event_type = 'sign_in_failed' AND actor_id = 'system'"
            " AND created_at > now() - interval '1 hour' LIMIT 30"
        )
    ).all()
    assert "Index" in "\n".join(plan) and "Seq Scan" not in "\n".join(plan)


def test_an_admin_ends_all_sign_ins_of_somebody_and_anyone_their_own(
    cast: Cast, log: Log, ears: Ears
) -> None:
    rows = [open_page(cast.ben, str(number)) for number in range(3)]
    other = open_page(cast.cleo, "cleo")
    ears.heard()
    assert people.end_sign_ins(cast.ben.id, cast.ben.actor_id, only=rows[0]) == 1
    assert [is_open(row) for row in rows] == [False, True, True]
    assert people.end_sign_ins(cast.ben.id, cast.ben.actor_id, but=rows[2]) == 1
    assert people.end_sign_ins(cast.ben.id, cast.ada.actor_id) == 1
    assert people.end_sign_ins(cast.ben.id, cast.ada.actor_id) == 0
    assert not any(map(is_open, rows)) and is_open(other)
    assert [line.event_type for line in log()] == ["sign_ins_ended"] * 3
    assert ears.heard() == ["people"] * 3


def test_nobody_ends_the_sign_in_of_another(cast: Cast) -> None:
    row = open_page(cast.ben)
    with pytest.raises(Forbidden):
        people.end_sign_ins(cast.ben.id, cast.cleo.actor_id)
    assert people.end_sign_ins(cast.cleo.id, cast.cleo.actor_id, only=row) == 0, "it is not theirs"
    for nothing in (2**70, -1, 0):
        assert people.end_sign_ins(cast.ben.id, cast.ben.actor_id, only=nothing) == 0
    assert is_open(row)
    with pytest.raises(NotFound):
        people.end_sign_ins(99, cast.ada.actor_id)


def test_ones_own_password_is_changed_by_who_knows_it_and_other_browsers_end(
    cast: Cast, log: Log, ears: Ears
) -> None:
    here, there = open_page(cast.ben, "here"), open_page(cast.ben, "there")
    people.change_password(cast.ben.actor_id, OLD, PASSWORD, keep=here)
    assert is_open(here) and not is_open(there)
    assert people.sign_in("ben@example.com", PASSWORD, HERE)
    assert [line.event_type for line in log()] == ["password_set", "sign_ins_ended", "signed_in"]
    assert "people" in ears.heard()


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [("wrong", PASSWORD, "current"), ("", PASSWORD, "current"), (OLD, "short", "password")],
)
def test_a_password_that_cannot_be_changed_so_is_said_at_its_field(
    cast: Cast, current: str, new: str, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        people.change_password(cast.ben.actor_id, current, new, keep=0)
    assert list(refusal.value.fields) == [field]


def test_who_has_no_account_or_no_password_changes_none(cast: Cast) -> None:
    for actor in ("operator:99", "agent:iris", "system"):
        with pytest.raises(Forbidden):
            people.change_password(actor, OLD, PASSWORD, keep=0)
    cast.ben.password_hash = None
    db.session.commit()
    with pytest.raises(Invalid):
        people.change_password(cast.ben.actor_id, "", PASSWORD, keep=0)


def test_a_password_that_was_changed_meanwhile_is_not_changed_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.people import passwords

    class Meanwhile:
        def verify(self, *_: str) -> bool:
            return True

        def hash(self, _password: str) -> str:
            db.session.rollback()
            with db.engine.begin() as other:
                other.execute(db.text("UPDATE operators SET password_hash = 'theirs' WHERE id = 2"))
            return "ours"

    monkeypatch.setattr(passwords, "hasher", Meanwhile())
    with pytest.raises(Conflict, match="changed meanwhile"):
        people.change_password("operator:2", OLD, PASSWORD, keep=0)


def test_an_expired_sign_in_is_not_listed(cast: Cast, clock: Clock) -> None:
    open_page(cast.ben)
    clock.advance(hours=2)
    assert people.list_sign_ins(cast.ben.id) == []
    assert db.session.scalar(select(func.count()).select_from(SignIn)) == 1
    assert db.session.scalar(select(AuditEvent)) is None
