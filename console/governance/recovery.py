"""What the sweep looks for among the lanes, by state alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from console.db import db, now
from console.governance.execution import lock_key
from console.locks import is_held
from console.models import LaneStatus, ToolApproval

Found = Iterator[tuple[int, int]]
"""Lane ids and versions, read in bounded batches, the longest waiting first."""


def overdue() -> Found:
    """Pending lanes whose deadline has passed."""
    due = ToolApproval.status == LaneStatus.PENDING, ToolApproval.expires_at <= now()
    return _found(*due, order=ToolApproval.expires_at)


def waiting_to_resume() -> Found:
    """Approved lanes that nothing moved for the grace period."""
    return _found(ToolApproval.status == LaneStatus.APPROVED, _untouched(), order=ToolApproval.updated_at)


def waiting_to_run() -> Found:
    """Lanes that should be running and are not: no worker holds their lock, and no back-off is under way."""
    return _found(
        ToolApproval.status == LaneStatus.EXECUTION_PENDING,
        _untouched(),
        or_(ToolApproval.retry_at.is_(None), ToolApproval.retry_at <= now()),
        ~is_held(ToolApproval.id + lock_key(0)),
        order=ToolApproval.updated_at,
    )


def due_back() -> Found:
    """Deferred lanes whose moment to come back has come."""
    due = ToolApproval.status == LaneStatus.DEFERRED, ToolApproval.wake_at <= now()
    return _found(*due, order=ToolApproval.wake_at)


def _found(*conditions: ColumnElement[bool], order: InstrumentedAttribute[Any]) -> Found:
    """All of them, so that lanes which get nowhere do not keep the sweep from those behind them."""
    limit = current_app.config["SETTINGS"].sweep_batch
    query = select(ToolApproval.id, ToolApproval.version, order.label("moment")).where(*conditions)
    query = query.order_by(order, ToolApproval.id).limit(limit)
    page = query
    while True:
        rows = db.session.execute(page).all()
        # Nothing was changed; letting go of the snapshot here keeps the sweep from holding back the vacuum.
        db.session.rollback()
        yield from ((row.id, row.version) for row in rows)
        if len(rows) < limit:
            return
        page = query.where(tuple_(order, ToolApproval.id) > (rows[-1].moment, rows[-1].id))


def _untouched() -> ColumnElement[bool]:
    return ToolApproval.updated_at <= now() - timedelta(
        seconds=current_app.config["SETTINGS"].sweep_grace_seconds
    )
