"""Daily: forget what nobody can need any more. The trail, conversations, lanes and deliveries are kept for good."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import delete

from console.db import db, now, transaction
from console.models import PasswordLink, SignIn
from console.outbound.recovery import prune_previews

KEPT_DAYS = 30

log = structlog.get_logger(__name__)


def prune() -> int:
    """Delete sign-ins and links that ended, or could not be used any more, a month ago; returns how many sign-ins."""
    old = now() - timedelta(days=KEPT_DAYS)
    with transaction():
        done = db.session.execute(delete(SignIn).where((SignIn.expires_at < old) | (SignIn.ended_at < old)))
        gone = (PasswordLink.expires_at < old) | (PasswordLink.ended_at < old)
        db.session.execute(delete(PasswordLink).where(gone))
    count = int(getattr(done, "rowcount", 0))
    log.info("pruned", sign_ins=count, previews=prune_previews())
    return count
