"""Everybody there can be, each with an open browser, and a desk on which every address has something behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import text

from console import people
from console.db import db, now
from console.models import Operator, Role, SignIn, ToolApproval
from tests.browserless import Client
from tests.conftest import PASSWORD_HASH
from tests.desk import Desk
from tests.outbound.desk import Outbox

SCOPES = ("orders:refund",)


@dataclass(frozen=True)
class Persona:
    """One of everybody there can be: by role, scopes, whether they asked for what is decided, and whether they may
    work here at all."""

    role: Role
    scoped: bool
    proposer: bool
    active: bool

    def __str__(self) -> str:
        parts = {"scopes": self.scoped, "proposer": self.proposer, "active": self.active}
        return f"{self.role}, " + ", ".join(word if holds else f"no {word}" for word, holds in parts.items())


EVERYBODY = tuple(Persona(*one) for one in product(Role, (True, False), (True, False), (True, False)))
SIGNED_OUT = None
Who = Persona | None


@dataclass
class World:
    """A desk, and the accounts of everybody with a sign-in that is open, whoever they are."""

    app: Flask
    desk: Desk
    outbox: Outbox
    ids: dict[Persona, int] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        for number, persona in enumerate(EVERYBODY):
            operator = Operator(
                name=f"Persona {number}",
                email=f"persona{number}@example.com",
                password_hash=PASSWORD_HASH,
                role=persona.role,
                scopes=list(SCOPES) if persona.scoped else [],
                active=persona.active,
            )
            db.session.add(operator)
            db.session.flush()
            self.ids[persona] = operator.id
            token_hash = hashlib.sha256(_token(persona).encode()).hexdigest()
            expires = now() + timedelta(hours=1)
            db.session.add(SignIn(operator_id=operator.id, token_hash=token_hash, expires_at=expires))
        noor = Operator(name="Noor Aziz", email="noor@example.com", password_hash=PASSWORD_HASH)
        db.session.add(noor)
        db.session.commit()
        self.noor_id, self.conversation_id = noor.id, self.desk.conversation_id
        self.envelope_id = self.outbox.submitted(2).id
        self.template_id = self.outbox.template_id

    def actor_id(self, who: Who) -> str:
        return f"operator:{self.ids[who]}" if who else ""

    def browser(self, who: Who) -> tuple[Client, str]:
        """A browser, and the token of its forms."""
        client = Client(self.app)
        with client.session_transaction() as cookie:
            cookie["csrf_token"] = "known"
            if who is not None:
                cookie["_user_id"] = _token(who)
        signer = URLSafeTimedSerializer(str(self.app.secret_key), salt="wtf-csrf-token")
        return client, str(signer.dumps("known"))

    def lane(self, who: Who) -> ToolApproval:
        """A refund that waits: their own if they are a proposer, else one by Iris."""
        own = who is not None and who.proposer
        return self.asked_by(self.actor_id(who) if own else self.desk.iris)

    def asked_by(self, actor_id: str) -> ToolApproval:
        """A refund that somebody asked for, when they held the scope for it."""
        self.made += 1
        lane = self.desk.submit("refund", actor_id=actor_id, amount=self.made).lane
        assert lane is not None and lane.status == "pending"
        return lane

    def link(self) -> str:
        """The token of a link with which Noor may choose a password."""
        return people.make_link(self.noor_id, people.SYSTEM)[1]

    def delivery(self, state: str = "pending") -> int:
        """A delivery in some state."""
        delivery_id = self.outbox.trigger(self.outbox.conversation()).delivery.id
        if state != "pending":
            ended = "UPDATE deliveries SET state = :state, reason = 'It was lost.' WHERE id = :id"
            self.outbox.tamper(ended, state=state, id=delivery_id)
        return delivery_id

    def fingerprint(self) -> dict[str, str]:
        """What every table holds, but for lines about refusals: what a refused request must not change."""
        db.session.rollback()
        found = {}
        for table in db.metadata.sorted_tables:
            rows = f"SELECT t::text AS line FROM {table.fullname} t"
            if table.name == "audit_events":
                rows += " WHERE event_type NOT IN ('refused', 'sign_in_failed')"
            digest = text(f"SELECT md5(string_agg(line, '|' ORDER BY line)) FROM ({rows}) lines")
            found[table.fullname] = db.session.scalar(digest)
        db.session.rollback()
        return found


Part = Callable[[World, Who], dict[str, Any]]


def _token(persona: Persona) -> str:
    return f"the token of {persona}"
