"""Who may act: operators with their sign-ins, and the tokens that agents act under."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ARRAY, DateTime, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from console.db import Base, now
from console.models.columns import Id, Moment, Reference, Words, one_of


class Role(StrEnum):
    OPERATOR = "operator"
    ADMIN = "admin"


class Operator(Base):
    """A person who signs in. `scopes` are the permissions that tools ask for."""

    __tablename__ = "operators"
    __table_args__ = (
        one_of("role", Role, "role"),
        Index("uq_operators_email_lower", text("lower(email)"), unique=True),
    )

    id: Mapped[Id]
    email: Mapped[Words]
    name: Mapped[Words]
    password_hash: Mapped[Words]
    role: Mapped[Role] = mapped_column(String(16), default=Role.OPERATOR)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Moment] = mapped_column(default=now)

    is_authenticated = True
    """What a page asks of whoever looks at it; somebody who did not sign in has False here."""

    @property
    def actor_id(self) -> str:
        return f"operator:{self.id}"

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN


class SignIn(Base):
    """One signed-in browser. Ending the row ends its pages and streams, wherever they are open."""

    __tablename__ = "sign_ins"

    id: Mapped[Id]
    operator_id: Mapped[Reference] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[Words] = mapped_column(unique=True)
    created_at: Mapped[Moment] = mapped_column(default=now)
    expires_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    operator: Mapped[Operator] = relationship(lazy="joined", innerjoin=True)


class ApiToken(Base):
    """What an agent acts under: `agent:<name>`. It proposes; it never decides."""

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    name: Mapped[Words] = mapped_column(unique=True)
    token_hash: Mapped[str | None] = mapped_column(Text, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Moment] = mapped_column(default=now)

    @property
    def actor_id(self) -> str:
        return f"agent:{self.name}"
