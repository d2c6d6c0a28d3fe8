"""Which events are asked for."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from console.models import AuditType, EventType


class Filters(NamedTuple):
    """What narrows the list; empty or None means any. `since` is counted in, `until` is not."""

    actor: str = ""
    event: str = ""
    tool: str = ""
    conversation: int | None = None
    proposal: int | None = None
    envelope: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def of_actions(self) -> bool:
        """Whether an event of the trail can fit."""
        return self.envelope is None and (not self.event or self.event in set(EventType))

    @property
    def of_others(self) -> bool:
        """Whether a line of the audit log can fit."""
        return not self.tool and self.proposal is None and (not self.event or self.event in set(AuditType))
