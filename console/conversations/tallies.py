"""How many conversations each view of the inbox holds, exactly, from the sum of differences that a trigger keeps."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text

from console.conversations.filters import NOBODY, STATUS_OF_VIEW, Filters
from console.db import db, transaction

ANYONE = -1


class Counts(NamedTuple):
    """One number a view, and what the filters can be set to."""

    open: int
    needs_decision: int
    mine: int
    unassigned: int
    resolved: int
    all: int
    matching: int
    """The same view under the filters asked for."""
    channels: list[str]
    operators: list[tuple[int, str]]
    """Active operators, by name."""
    sends: int
    """Bulk sends that are under way."""
    approvals: int
    """Actions that wait for a decision, wherever they were asked."""


# Whose deliveries wait is read from one entry of the index an envelope, not from one a recipient.
_COUNTS = text("""
    WITH RECURSIVE waiting AS (
        (SELECT envelope_id FROM deliveries WHERE state = 'pending' AND envelope_id IS NOT NULL
          ORDER BY envelope_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.envelope_id FROM deliveries d WHERE d.state = 'pending' AND d.envelope_id > w.envelope_id
                 ORDER BY d.envelope_id LIMIT 1)
          FROM waiting w WHERE w.envelope_id IS NOT NULL)
    SELECT coalesce(sum(difference) FILTER (WHERE status = 'open'), 0)::bigint AS open,
           coalesce(sum(difference) FILTER (WHERE waiting), 0)::bigint AS needs_decision,
           coalesce(sum(difference) FILTER (WHERE status = 'open' AND assignee_id = :me), 0)::bigint AS mine,
           coalesce(sum(difference) FILTER (WHERE status = 'open' AND assignee_id IS NULL), 0)::bigint AS unassigned,
           coalesce(sum(difference) FILTER (WHERE status = 'resolved'), 0)::bigint AS resolved,
           coalesce(sum(difference), 0)::bigint AS all,
           coalesce(sum(difference) FILTER (WHERE (:status = '' OR status = :status)
                AND (:owner < 0 OR coalesce(assignee_id, 0) = :owner)
                AND (:assignee < 0 OR coalesce(assignee_id, 0) = :assignee)
                AND (:channel = '' OR channel = :channel) AND (waiting OR NOT :waiting)), 0)::bigint AS matching,
           coalesce(array_agg(DISTINCT channel), '{}') AS channels,
           (SELECT coalesce(json_agg(json_build_array(id, name) ORDER BY name), '[]')
              FROM operators WHERE active) AS operators,
           (SELECT count(*) FROM (
               SELECT envelope_id FROM waiting WHERE envelope_id IS NOT NULL
                UNION
               SELECT envelope_id FROM deliveries WHERE state = 'sending' AND envelope_id IS NOT NULL) s) AS sends,
           (SELECT coalesce(sum(difference), 0)::bigint FROM lane_tallies) AS approvals
      FROM conversation_tallies
""")

_CROWDED = text(
    "SELECT count(*) - count(DISTINCT (status, assignee_id, channel, waiting)) FROM conversation_tallies"
)
_FOLD = text("""
    WITH gone AS (DELETE FROM conversation_tallies RETURNING status, assignee_id, channel, waiting, difference)
    INSERT INTO conversation_tallies (status, assignee_id, channel, waiting, difference)
    SELECT status, assignee_id, channel, waiting, sum(difference) FROM gone
     GROUP BY status, assignee_id, channel, waiting HAVING sum(difference) <> 0
""")


def counts(operator_id: int, filters: Filters | None = None) -> Counts:
    """The numbers as `operator_id` sees them, in one query whose cost does not depend on how many there are.

    `matching` counts the view of `filters` under its filters; a search is not counted.
    """
    asked = filters or Filters()
    row = db.session.execute(
        _COUNTS,
        {
            "me": operator_id,
            "status": STATUS_OF_VIEW.get(asked.view, ""),
            "owner": {"mine": operator_id, "unassigned": NOBODY}.get(asked.view, ANYONE),
            "assignee": ANYONE if asked.assignee is None else asked.assignee,
            "channel": asked.channel,
            "waiting": asked.pending or asked.view == "needs_decision",
        },
    ).one()
    return Counts._make(row)


def fold_tallies() -> int:
    """Add up the differences collected so far; returns how many rows became fewer. Safe at any time, twice at once.

    Two folds see each other's deletions as row locks: the second waits, finds those rows gone and adds up the rest.
    """
    with transaction():
        crowd = int(db.session.scalar(_CROWDED) or 0)
        if crowd > 0:
            db.session.execute(_FOLD)
        return crowd
