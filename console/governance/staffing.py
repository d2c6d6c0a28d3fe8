"""Whether a policy can be met by the people there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import func, select

from console.db import db
from console.governance.policy import Policy
from console.models import Operator
from console.tools import ApprovalMode, Tool


class Shortage(NamedTuple):
    """A tool that nobody can get decided: it takes more approvals than there are people who may give one."""

    tool: Tool
    needed: int
    people: int


def understaffed(policy: Policy, tools: Iterable[Tool]) -> Shortage | None:
    """The first tool that takes more approvals than there are active people who may give one, or None. One query.

    Without a policy file nothing is looked for: a new deployment has no accounts yet.
    """
    if not policy.file:
        return None
    rows = db.session.execute(
        select(Operator.role, func.count().label("number")).where(Operator.active).group_by(Operator.role)
    )
    people = {row.role: row.number for row in rows}
    for tool in tools:
        for rules in policy.ways(tool):
            able = sum(people.get(role, 0) for role in rules.decide)
            if rules.mode == ApprovalMode.REQUIRES_APPROVAL and able < rules.approvals:
                return Shortage(tool, rules.approvals, able)
    return None
