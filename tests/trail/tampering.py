"""What only somebody can do who owns the database: put its guards to sleep and change what was written."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from console.db import db
from console.trail import Finding, Seen, findings

GUARDED = ("tool_action_events", "audit_events", "trail_heads")
WAKE = """
    SELECT format('ALTER TABLE %s ENABLE %s TRIGGER %I', tgrelid::regclass,
                  CASE WHEN tgname IN ('chained', 'sealed') THEN '' ELSE 'ALWAYS' END, tgname)
      FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text = ANY(:guarded)
"""


def tamper(*statements: str, **values: Any) -> None:
    """Run statements that every trigger and foreign key would refuse, and wake the guards again."""
    db.session.rollback()
    with db.engine.begin() as connection:
        for table in GUARDED:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement), values)
        for (wake,) in connection.execute(text(WAKE), {"guarded": list(GUARDED)}).all():
            connection.execute(text(wake))


def found() -> list[Finding]:
    """Everything that is not as it was written."""
    db.session.rollback()
    return list(findings(Seen()))


def said() -> list[str]:
    """The same as the command line says it, without the lanes that then disagree with their trail."""
    return [str(finding) for finding in found() if "has a lane" not in finding.words]
