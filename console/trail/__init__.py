"""Everything that happened, read from both logs as one: pages, exports, and whether anything was changed since.

The trail (`tool_action_events`) is written by `console.governance`, the audit log (`audit_events`) through
`console.audit`; they share their numbers. Every operator may read all of it: who decides must be able to see what was
decided. Nothing here writes.
"""

from console.trail.chain import Finding
from console.trail.checking import Seen, findings

__all__ = ["Finding", "Seen", "findings"]
