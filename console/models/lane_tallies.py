"""How many lanes wait, by all that the queue counts by."""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base
from console.models.columns import Id, Words


class LaneTally(Base):
    """How many lanes wait, by all that the queue counts by, as a sum of differences that a trigger appends.

    `decide` are the roles that may decide, as the lane's policy says. The sweep adds the rows up.
    """

    __tablename__ = "lane_tallies"

    id: Mapped[Id]
    tool_ref: Mapped[Words]
    risk_tier: Mapped[str] = mapped_column(String(16))
    asked_by: Mapped[Words]
    requested_by: Mapped[Words]
    four_eyes: Mapped[bool]
    decide: Mapped[list[str]] = mapped_column(JSONB)
    difference: Mapped[int] = mapped_column(BigInteger)
