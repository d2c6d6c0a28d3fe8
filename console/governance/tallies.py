"""How many lanes wait, exactly, from the sum of differences that a trigger keeps: no page counts lanes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import text

from console.db import db, transaction
from console.governance.waiting import Wanted, standing
from console.models import Operator, Role


class Numbers(NamedTuple):
    """How many lanes wait: for this operator's decision, asked by them, in all, and under the filters."""

    me: int
    asked: int
    all: int
    matching: int
    tools: Mapping[str, int]
    tiers: Mapping[str, int]
    askers: Mapping[str, int]
    """What each filter can be set to, within the chosen `whose`."""


_NUMBERS = text("""
    SELECT tool_ref, risk_tier, asked_by,
           coalesce(sum(difference) FILTER (WHERE open_to_me), 0)::bigint AS me,
           coalesce(sum(difference) FILTER (WHERE asked_by = :me), 0)::bigint AS asked,
           coalesce(sum(difference), 0)::bigint AS all,
           coalesce(sum(difference) FILTER (WHERE shown AND (:tool = '' OR tool_ref = :tool)
                AND (:tier = '' OR risk_tier = :tier) AND (:asker = '' OR asked_by = :asker)), 0)::bigint AS matching,
           coalesce(sum(difference) FILTER (WHERE shown), 0)::bigint AS shown
      FROM (SELECT *, CASE :whose WHEN 'me' THEN open_to_me WHEN 'asked' THEN asked_by = :me ELSE true END AS shown
              FROM (SELECT *, decide @> CAST(:role AS jsonb) AND tool_ref <> ALL(:closed)
                           AND NOT (:me IN (asked_by, requested_by) AND (four_eyes OR tool_ref = ANY(:four_eyed)))
                           AS open_to_me
                      FROM lane_tallies) t) t
     GROUP BY GROUPING SETS ((), (tool_ref), (risk_tier), (asked_by))
""")
_CROWDED = text("""
    SELECT count(*) - count(DISTINCT (tool_ref, risk_tier, asked_by, requested_by, four_eyes, decide)) FROM lane_tallies
""")
_FOLD = text("""
    WITH gone AS (DELETE FROM lane_tallies RETURNING *)
    INSERT INTO lane_tallies (tool_ref, risk_tier, asked_by, requested_by, four_eyes, decide, difference)
    SELECT tool_ref, risk_tier, asked_by, requested_by, four_eyes, decide, sum(difference) FROM gone
     GROUP BY tool_ref, risk_tier, asked_by, requested_by, four_eyes, decide HAVING sum(difference) <> 0
""")


def count_queue(operator: Operator, wanted: Wanted) -> Numbers:
    """How many lanes wait, as `operator` sees them. One query, whose cost does not depend on how many there are."""
    asked = wanted._asdict() | standing(Role(operator.role))
    asked |= {"me": operator.actor_id, "role": f'["{operator.role}"]'}
    rows = db.session.execute(_NUMBERS, asked).all()
    facets: dict[str, dict[str, int]] = {
        facet: {getattr(row, facet): row.shown for row in rows if getattr(row, facet) and row.shown > 0}
        for facet in ("tool_ref", "risk_tier", "asked_by")
    }
    total = next(row for row in rows if not (row.tool_ref or row.risk_tier or row.asked_by))
    return Numbers(total.me, total.asked, total.all, total.matching, *facets.values())


def fold_tallies() -> int:
    """Add up the differences collected so far; returns how many rows became fewer. Safe at any time, twice at once."""
    with transaction():
        crowd = int(db.session.scalar(_CROWDED) or 0)
        if crowd > 0:
            db.session.execute(_FOLD)
        return crowd
