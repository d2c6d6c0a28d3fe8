"""Daily: forget what nobody can need any more. The trail, conversations, lanes and deliveries are kept for good."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import Delete, delete

from console.db import db, now, transaction
from console.models import Draft, SignIn
from console.outbound.recovery import prune_previews

KEPT_DAYS = 30

log = structlog.get_logger(__name__)


def prune() -> int:
    """Delete sign-ins that could not be used any more, and drafts that nobody touched, for a month; say how many."""
    old = now() - timedelta(days=KEPT_DAYS)
    with transaction():
        sign_ins = _deleted(delete(SignIn).where((SignIn.expires_at < old) | (SignIn.ended_at < old)))
        drafts = _deleted(delete(Draft).where(Draft.updated_at < old))
    log.info("pruned", sign_ins=sign_ins, drafts=drafts, previews=prune_previews())
    return sign_ins + drafts


def _deleted(statement: Delete) -> int:
    return int(getattr(db.session.execute(statement), "rowcount", 0))
