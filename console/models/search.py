"""The words of each conversation, apart from the row that every reply changes."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base


class ConversationSearch(Base):
    """One document a conversation: subject, customer and messages. Kept by triggers, read by the inbox."""

    __tablename__ = "conversation_search"
    __table_args__ = (Index("ix_conversation_search_document", "document", postgresql_using="gin"),)

    conversation_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    document: Mapped[str] = mapped_column(TSVECTOR)
