"""The audit log as a file of any length: read as far as somebody reads, with nothing held open in between."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from console import trail
from console.db import db, now
from console.trail import Filters
from tests.conftest import Cast
from tests.desk import Desk
from tests.views.conftest import As


@pytest.fixture
def ben(as_: As) -> FlaskClient:
    return as_("ben")


@pytest.fixture
def small_batches(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten events, four of which are read at a time."""
    monkeypatch.setattr("console.trail.reading.AT_ONCE", 4)
    for _ in range(5):
        desk.pending()
    db.session.remove()


def test_a_file_is_read_batch_by_batch_and_no_further_than_somebody_reads(
    ben: FlaskClient, cast: Cast, desk: Desk, small_batches: None, statements: list[str]
) -> None:
    for query in ("", f"?from={now():%Y-%m-%d}&actor=agent:iris", "?tool=adjust&actor=agent:iris"):
        signed_in = 0 if query else 1
        assert len(ben.get(f"/audit.jsonl{query}").text.splitlines()) == 10 + signed_in
    statements.clear()
    batches = trail.walk(cast.ben, Filters())
    assert statements == []
    assert len(next(batches)) == 4 and len(statements) == 1
    desk.pending()
    assert [len(batch) for batch in batches] == [4, 3]


def test_a_reader_who_goes_away_leaves_nothing_open(ben: FlaskClient, small_batches: None) -> None:
    answer = ben.get("/audit.csv", buffered=False)
    parts = answer.iter_encoded()
    assert next(parts).startswith(b'"id","at"') and next(parts)
    with db.engine.connect() as connection:
        others = "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid()"
        busy = text(f"{others} AND backend_type = 'client backend' AND datname = current_database()")
        assert connection.scalar(busy) == 0
    answer.close()
    assert list(parts) == []
