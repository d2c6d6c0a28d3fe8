"""Who may act: operators with their sign-ins and links, and the tokens that agents act under."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from console.db import Base, now
from console.models.columns import Id, Moment, Reference, Words, one_of


class Role(StrEnum):
    OPERATOR = "operator"
    ADMIN = "admin"


class SignInMethod(StrEnum):
    PASSWORD = "password"
    OIDC = "oidc"


class LinkPurpose(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"


class Operator(Base):
    """A person who signs in. `scopes` are the permissions that tools ask for.

    Without a password one signs in through the identity provider, or not yet: who was invited chooses their own.
    """

    __tablename__ = "operators"
    __table_args__ = (
        one_of("role", Role, "role"),
        CheckConstraint("(oidc_issuer IS NULL) = (oidc_subject IS NULL)", name="identity_whole"),
        UniqueConstraint("oidc_issuer", "oidc_subject", name="uq_operators_identity"),
        Index("uq_operators_email_lower", text("lower(email)"), unique=True),
    )

    id: Mapped[Id]
    email: Mapped[Words]
    name: Mapped[Words]
    password_hash: Mapped[str | None] = mapped_column(Text)
    role: Mapped[Role] = mapped_column(String(16), default=Role.OPERATOR)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    """Counts changes, so that of two admins who edit one person the second learns of the first."""
    oidc_issuer: Mapped[str | None] = mapped_column(Text)
    oidc_subject: Mapped[str | None] = mapped_column(Text)
    """Who they are to the identity provider, since they first came from there."""
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
    __table_args__ = (
        one_of("method", SignInMethod, "method"),
        Index("ix_sign_ins_latest", "operator_id", "created_at"),
        Index("ix_sign_ins_open", "operator_id", "expires_at", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Id]
    operator_id: Mapped[Reference] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"))
    token_hash: Mapped[Words] = mapped_column(unique=True)
    method: Mapped[SignInMethod] = mapped_column(
        String(16), default=SignInMethod.PASSWORD, server_default=text("'password'")
    )
    address: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    browser: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    """Where it was opened and what the browser says it is, for its owner to recognise it by."""
    created_at: Mapped[Moment] = mapped_column(default=now)
    expires_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    operator: Mapped[Operator] = relationship(lazy="joined", innerjoin=True)


class PasswordLink(Base):
    """A link that lets a person choose a password, once. A person has one open link at most."""

    __tablename__ = "password_links"
    __table_args__ = (
        one_of("purpose", LinkPurpose, "purpose"),
        Index(
            "uq_password_links_open", "operator_id", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
    )

    id: Mapped[Id]
    operator_id: Mapped[Reference] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"))
    purpose: Mapped[LinkPurpose] = mapped_column(String(16))
    token_hash: Mapped[Words] = mapped_column(unique=True)
    created_by: Mapped[Words]
    created_at: Mapped[Moment] = mapped_column(default=now)
    expires_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was used, replaced or withdrawn."""

    operator: Mapped[Operator] = relationship(lazy="joined", innerjoin=True)


class ApiToken(Base):
    """What an agent acts under: `agent:<name>`. It proposes; it never decides."""

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    name: Mapped[Words] = mapped_column(unique=True)
    token_hash: Mapped[str | None] = mapped_column(Text, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    created_at: Mapped[Moment] = mapped_column(default=now)

    @property
    def actor_id(self) -> str:
        return f"agent:{self.name}"
