"""Who may change who works here, whose row that is, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from console.audit import note_refusal
from console.db import db, locked, transaction
from console.errors import Conflict, Forbidden, NotFound
from console.governance import list_pending_approvals
from console.live import announce
from console.models import ApiToken, Operator, Role

SYSTEM = "system"
"""Whoever has the command line has the database too."""
BIGGEST_ID = 2**63 - 1
MOST_TOLD = 500
NOT_THERE = "This person does not exist, or no longer does."
NO_AGENT = "This agent does not exist, or no longer does."
ADMINS_ONLY = "Only an admin can change who may work here. Ask one of them."
LAST_ADMIN = (
    "This is the last active admin, so nothing was changed: nobody could change it back. "
    "Make somebody else an admin first."
)

Person = Operator | ApiToken


def require_admin(actor_id: str) -> None:
    """Go on for an active admin, read anew, and for the command line. Raises Forbidden, and leaves a line about it."""
    if actor_id == SYSTEM:
        return
    number = operator_number(actor_id)
    wanted = select(Operator.id).where(Operator.id == number, Operator.active, Operator.role == Role.ADMIN)
    if number is None or db.session.scalar(wanted) is None:
        refusal = Forbidden(ADMINS_ONLY)
        note_refusal(refusal, actor_id)
        raise refusal


def operator_number(actor_id: str) -> int | None:
    """The id in `operator:<id>`, or None for anything else."""
    kind, _, number = actor_id.partition(":")
    fits = kind == "operator" and number.isascii() and number.isdigit() and int(number) <= BIGGEST_ID
    return int(number) if fits else None


def held_operator(operator_id: int) -> Operator:
    """The operator, locked until the transaction ends. Raises NotFound."""
    return locked(Operator, operator_id, NOT_THERE)


def held(who: str) -> Person:
    """Whoever acts as `operator:<id>` or `agent:<name>`, locked until the transaction ends. Raises NotFound."""
    kind, _, name = who.partition(":")
    if kind == "operator":
        return held_operator(operator_number(who) or 0)
    wanted = select(ApiToken).where(ApiToken.name == name).with_for_update()
    found = db.session.scalar(wanted.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(NO_AGENT)
    return found


def hold_admins() -> None:
    """Lock every active admin, before the row that is changed: of two admins who end each other one comes second."""
    admins = select(Operator.id).where(Operator.active, Operator.role == Role.ADMIN).order_by(Operator.id)
    db.session.execute(admins.with_for_update(key_share=True))


def require_another_admin(leaving: Operator) -> None:
    """Go on if an active admin stays without this one. Call `hold_admins` first. Raises Conflict."""
    if not leaving.active or not leaving.is_admin:
        return
    others = select(Operator.id).where(
        Operator.active, Operator.role == Role.ADMIN, Operator.id != leaving.id
    )
    if db.session.scalar(others.limit(1)) is None:
        raise Conflict(LAST_ADMIN)


def require_version(found: Person, version: int | None) -> None:
    """Go on if nobody changed the row since the page with `version` was made. Raises Conflict."""
    if version is not None and version != found.version:
        raise Conflict(
            f"Somebody changed {found.name} since you opened this page, so nothing was saved. "
            "Look at how it is now, then make your change again."
        )


@contextmanager
def or_taken(sentence: str) -> Iterator[None]:
    """Write what must be the only one of its kind. Raises Conflict with the sentence when another was faster."""
    try:
        with transaction():
            yield
            db.session.flush()
    except IntegrityError as error:
        raise Conflict(sentence) from error


def tell(found: Person) -> None:
    """Announce a change of somebody; also to pages that show what they asked for: would it still run?"""
    db.session.flush()
    waiting = list_pending_approvals(MOST_TOLD, requested_by=found.actor_id)
    conversations = {f"conversation:{lane.conversation_id}" for lane in waiting if lane.conversation_id}
    announce("people", "approvals", *conversations)
