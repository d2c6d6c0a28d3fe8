"""What nobody can need any more is forgotten after a month: sign-ins and links, and nothing else of a person."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from console import people
from console.db import db, now
from console.models import AuditEvent, Operator, PasswordLink, SignIn
from jobs.pruning import prune
from tests.conftest import Cast, Clock


def test_sign_ins_and_links_go_a_month_after_their_end_and_nothing_else(cast: Cast, clock: Clock) -> None:
    def sign_in(token: str, **columns: object) -> None:
        row = {"operator_id": cast.ben.id, "token_hash": token, "expires_at": now() + timedelta(days=90)}
        db.session.add(SignIn(**row | columns))

    sign_in("open")
    sign_in("ended", ended_at=now())
    sign_in("ran out", expires_at=now())
    db.session.commit()
    people.make_link(cast.ben.id, people.SYSTEM)
    clock.advance(days=29)
    people.make_link(cast.ben.id, people.SYSTEM)
    assert prune() == 0
    clock.advance(days=2)
    assert prune() == 2
    db.session.rollback()
    assert [row.token_hash for row in db.session.scalars(select(SignIn))] == ["open"]
    count = {
        model: db.session.scalar(select(func.count()).select_from(model))
        for model in (PasswordLink, AuditEvent)
    }
    assert count == {PasswordLink: 2, AuditEvent: 2}, (
        "the first link ended two days ago, when the second was made"
    )
    assert db.session.get(Operator, cast.ben.id) is not None
    clock.advance(days=40)
    prune()
    assert db.session.scalar(select(PasswordLink)) is None
