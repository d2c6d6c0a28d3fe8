"""Who is behind the ids on a page that belongs to no conversation."""

from __future__ import annotations

from sqlalchemy import select

from console.db import db
from console.models import Operator
from console.presenters.faces import Faces
from console.views.session import operator


def faces() -> Faces:
    """Everyone's names, as the signed-in operator sees them. One query."""
    rows = db.session.execute(select(Operator.id, Operator.name))
    return Faces({row.id: row.name for row in rows}, operator().actor_id)
