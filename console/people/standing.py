"""Whether somebody may work here at all, and with which scopes: the same verbs for people and for agents."""

from __future__ import annotations

from collections.abc import Iterable

from console.audit import note
from console.db import transaction
from console.models import ApiToken, AuditType, Operator
from console.people.access import Person, held, hold_admins, require_admin, require_another_admin, tell
from console.people.checks import checked_scopes
from console.people.links import close_link
from console.people.sign_ins import end_all


def deactivate(who: str, actor_id: str) -> Person:
    """End what `operator:<id>` or `agent:<name>` may do, at once; a second press changes nothing.

    Their pages and streams end, and what they asked for or approved and has not run yet will not run. Nothing is
    deleted: the trail keeps their name. Raises NotFound, Forbidden, or Conflict for the last active admin.
    """
    with transaction():
        hold_admins()
        require_admin(actor_id)
        found = held(who)
        if not found.active:
            return found
        if isinstance(found, Operator):
            require_another_admin(found)
            close_link(found.id)
            end_all(found.id)
        found.active = False
        _changed(found, actor_id, f"{_called(found)} was deactivated.", "deactivated")
        return found


def activate(who: str, actor_id: str) -> Person:
    """Let them work again; a second press changes nothing. Raises NotFound, Forbidden."""
    with transaction():
        require_admin(actor_id)
        found = held(who)
        if not found.active:
            found.active = True
            _changed(found, actor_id, f"{_called(found)} was activated again.", "activated")
        return found


def grant(who: str, actor_id: str, scopes: Iterable[str]) -> Person:
    """Grant further scopes. Raises NotFound, Forbidden, Invalid."""
    more = checked_scopes(scopes)
    with transaction():
        require_admin(actor_id)
        found = held(who)
        return _hold(found, actor_id, {*found.scopes, *more})


def revoke(who: str, actor_id: str, scopes: Iterable[str]) -> Person:
    """Take scopes away; what they asked for and has not run yet will not run. Raises NotFound, Forbidden."""
    with transaction():
        require_admin(actor_id)
        found = held(who)
        return _hold(found, actor_id, set(found.scopes) - set(scopes))


def _hold(found: Person, actor_id: str, scopes: set[str]) -> Person:
    wanted = sorted(scopes)
    if wanted != found.scopes:
        change = {"from": found.scopes, "to": wanted}
        found.scopes = wanted
        _changed(found, actor_id, f"{_called(found)}: scopes changed.", "changed", scopes=change)
    return found


def _changed(found: Person, actor_id: str, sentence: str, event: str, **details: object) -> None:
    found.version += 1
    if isinstance(found, ApiToken):
        about = {"details": {"agent": found.name} | details}
        note(AuditType(f"agent_{event}"), actor_id, reason=sentence, **about)
    else:
        note(AuditType(f"operator_{event}"), actor_id, operator_id=found.id, reason=sentence, details=details)
    tell(found)


def _called(found: Person) -> str:
    return found.name if isinstance(found, Operator) else f"The agent {found.name}"
