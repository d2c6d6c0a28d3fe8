"""How many lanes wait, exactly, from the sum of differences that a trigger keeps: no page counts lanes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import JSON, ScalarSelect, column, text

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


# Rows of a tool, a tier, an asker, or none of them: [tool, tier, asker, me, asked, all, matching, shown].
_NUMBERS = text("""
    SELECT json_agg(json_build_array(tool_ref, risk_tier, asked_by, me, asked, everything, matching, shown)) AS numbers
      FROM (
        SELECT tool_ref, risk_tier, asked_by,
               coalesce(sum(difference) FILTER (WHERE open_to_me), 0) AS me,
               coalesce(sum(difference) FILTER (WHERE asked_by = :me_id AND NOT voted), 0) AS asked,
               coalesce(sum(difference) FILTER (WHERE NOT voted), 0) AS everything,
               coalesce(sum(difference) FILTER (WHERE shown AND (:tool = '' OR tool_ref = :tool)
                    AND (:tier = '' OR risk_tier = :tier) AND (:asker = '' OR asked_by = :asker)), 0) AS matching,
               coalesce(sum(difference) FILTER (WHERE shown), 0) AS shown
          FROM (SELECT *, CASE :whose WHEN 'me' THEN open_to_me
                                      WHEN 'asked' THEN asked_by = :me_id AND NOT voted ELSE NOT voted END AS shown
                  FROM (SELECT *, decide @> CAST(:role AS jsonb) AND tool_ref <> ALL(:closed)
                               AND NOT (:me_id IN (asked_by, requested_by)
                                        AND (four_eyes OR tool_ref = ANY(:four_eyed))) AS open_to_me
                          FROM (
                            SELECT tool_ref, risk_tier, asked_by, requested_by, four_eyes, decide, difference,
                                   false AS voted
                              FROM lane_tallies
                             UNION ALL
                            -- What I have approved, and others still have to, is not for me any more.
                            SELECT tool_ref, risk_tier, asked_by, requested_by, true, policy_snapshot->'decide', -1,
                                   true
                              FROM tool_approvals
                             WHERE status = 'pending' AND votes <> '[]'::jsonb
                               AND votes @> jsonb_build_array(jsonb_build_object('by', CAST(:me_id AS text)))
                          ) t) t) t
         GROUP BY GROUPING SETS ((), (tool_ref), (risk_tier), (asked_by))) n
""").columns(column("numbers", JSON))
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
    return read_numbers(db.session.scalar(_NUMBERS, asked_of(operator, wanted)))


def numbers_part() -> ScalarSelect[Any]:
    """The same as a part of a page's own statement, which is asked with `asked_of` and read by `read_numbers`."""
    return _NUMBERS.scalar_subquery()


def asked_of(operator: Operator, wanted: Wanted) -> dict[str, Any]:
    """What the numbers depend on."""
    who = {"me_id": operator.actor_id, "role": f'["{operator.role}"]'}
    return wanted._asdict() | standing(Role(operator.role)) | who


def read_numbers(rows: Any) -> Numbers:
    """The numbers from what their statement says."""
    facets: tuple[dict[str, int], ...] = ({}, {}, {})
    total = (0, 0, 0, 0)
    for *kinds, me, asked, everything, matching, shown in rows:
        named = next((at for at, kind in enumerate(kinds) if kind is not None), None)
        if named is None:
            total = (me, asked, everything, matching)
        elif shown > 0:
            facets[named][kinds[named]] = shown
    return Numbers(*total, *facets)


def fold_tallies() -> int:
    """Add up the differences collected so far; returns how many rows became fewer. Safe at any time, twice at once."""
    with transaction():
        crowd = int(db.session.scalar(_CROWDED) or 0)
        if crowd > 0:
            db.session.execute(_FOLD)
        return crowd
