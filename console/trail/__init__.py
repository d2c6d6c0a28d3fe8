"""Everything that happened, read from both logs as one: pages, exports, and whether anything was changed since.

The trail (`tool_action_events`) is written by `console.governance`, the audit log (`audit_events`) through
`console.audit`; they share their numbers. Every operator may read all of it: who decides must be able to see what was
decided. Nothing here writes.
"""

from console.trail.chain import Finding
from console.trail.checking import Seen, findings
from console.trail.filters import Filters
from console.trail.reading import MOST_COUNTED, Event, Known, Page, event, known, newer, page, walk

__all__ = [
    "MOST_COUNTED",
    "Event",
    "Filters",
    "Finding",
    "Known",
    "Page",
    "Seen",
    "event",
    "findings",
    "known",
    "newer",
    "page",
    "walk",
]
