"""What tests of people look at: the log, and sign-ins that are open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from console.db import db, now
from console.models import AuditEvent, Operator, SignIn
from console.people import Place

HERE = Place("10.1.2.3", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
PASSWORD = "correct horse battery"

Log = Callable[[], list[AuditEvent]]


@pytest.fixture
def log() -> Log:
    """Every line of the audit log, oldest first."""

    def lines() -> list[AuditEvent]:
        db.session.rollback()
        return list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))

    return lines


def open_page(found: Operator, token: str = "x") -> int:
    """A sign-in that is open."""
    row = SignIn(operator_id=found.id, token_hash=token, expires_at=now() + timedelta(hours=1))
    db.session.add(row)
    db.session.commit()
    return row.id


def is_open(sign_in_id: int) -> bool:
    db.session.rollback()
    return db.session.get_one(SignIn, sign_in_id, populate_existing=True).ended_at is None
