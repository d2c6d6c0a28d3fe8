"""Who somebody is to the identity provider, and which operator that is here."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select

from console.audit import note, note_rarely
from console.db import db, transaction
from console.models import AuditType, Operator, SignInMethod
from console.people.access import SYSTEM, held_operator, require_admin, tell
from console.people.errors import IdentityRefused
from console.people.sign_ins import Place, open_sign_in

NOT_CONFIRMED = (
    "Your identity provider did not confirm your email address, so the console cannot tell which account is yours. "
    "Have it confirmed there, then try again."
)
NO_ACCOUNT = "There is no active account for {email} here. Ask an admin to invite you with this address."
ANOTHER = (
    "The account for {email} belongs to another identity at your identity provider. "
    "If that was you before, ask an admin to release it."
)


class Identity(NamedTuple):
    """What the provider vouches for. The subject never changes; an email is only worth something when verified."""

    issuer: str
    subject: str
    email: str
    email_verified: bool


def sign_in_with(identity: Identity, place: Place, *, instead_of: str | None = None) -> tuple[Operator, str]:
    """The operator that an identity belongs to, and the token of a new sign-in.

    An identity that is new here is linked to the account with its verified email. Raises IdentityRefused, and leaves
    a line.
    """
    with transaction():
        outcome = _linked(identity) or _link(identity)
        if isinstance(outcome, Operator):
            return outcome, open_sign_in(outcome, SignInMethod.OIDC, place, instead_of=instead_of)
        found, sentence = outcome
        note_rarely(
            AuditType.SIGN_IN_FAILED,
            SYSTEM,
            operator_id=found.id if found else None,
            reason="The identity provider vouched for somebody who is not let in here.",
            details={"address": place.address, "method": str(SignInMethod.OIDC)},
        )
    raise IdentityRefused(sentence)


def release_identity(operator_id: int, actor_id: str) -> Operator:
    """Forget which identity an account belongs to, so that another one with its verified email can be linked.

    A second press changes nothing. Raises NotFound, Forbidden.
    """
    with transaction():
        require_admin(actor_id)
        found = held_operator(operator_id)
        if found.oidc_subject is not None:
            found.oidc_issuer = found.oidc_subject = None
            found.version += 1
            note(
                AuditType.IDENTITY_RELEASED,
                actor_id,
                operator_id=found.id,
                reason=f"{found.name}’s account no longer belongs to an identity at the provider.",
            )
            tell(found)
        return found


Refusal = tuple[Operator | None, str]


def _linked(identity: Identity) -> Operator | Refusal | None:
    wanted = select(Operator).where(
        Operator.oidc_issuer == identity.issuer, Operator.oidc_subject == identity.subject
    )
    found = db.session.scalar(wanted.execution_options(populate_existing=True))
    if found is None or found.active:
        return found
    return found, NO_ACCOUNT.format(email=found.email)


def _link(identity: Identity) -> Operator | Refusal:
    if not identity.email or not identity.email_verified:
        return None, NOT_CONFIRMED
    wanted = select(Operator).where(func.lower(Operator.email) == identity.email.lower())
    found = db.session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if found is None or not found.active:
        return found, NO_ACCOUNT.format(email=identity.email)
    if (found.oidc_issuer, found.oidc_subject) == identity[:2]:
        return found
    if found.oidc_subject is not None:
        return found, ANOTHER.format(email=identity.email)
    found.oidc_issuer, found.oidc_subject = identity.issuer, identity.subject
    note(
        AuditType.IDENTITY_LINKED,
        found.actor_id,
        operator_id=found.id,
        reason=f"{found.name}’s account now belongs to an identity at {identity.issuer}.",
    )
    tell(found)
    return found
