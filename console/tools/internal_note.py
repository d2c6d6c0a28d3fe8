"""The reference tool: adds a note to a conversation that only the team sees. Copy this file to write your own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from console.models import Message, MessageRole
from console.tools.base import PermanentToolError, RiskTier, RunContext, Tool, ToolContext


class InternalNote(Tool):
    """One insert keyed by the unique `run_key`: a replayed run finds its row and writes nothing."""

    risk_tier = RiskTier.LOW_WRITE
    title = "Add an internal note"
    description = "Adds a note to this conversation. Only the team sees it."
    effects = "transactional"

    class Input(BaseModel):
        body: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)] = Field(
            title="Note", description="Only the team reads this.", json_schema_extra={"widget": "textarea"}
        )

    def authorize(self, actor: str, context: ToolContext) -> bool | str:
        if context.conversation_id is None:
            return "A note needs a conversation to stand in."
        return True

    def preview(self, input: Input) -> str:
        return f"Adds this note for the team: “{input.body[:120]}{'…' if len(input.body) > 120 else ''}”"

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        note = insert(Message).values(
            conversation_id=context.conversation_id,
            role=MessageRole.INTERNAL_NOTE,
            body=input.body,
            author_id=actor_id,
            author_name=context.actor_name,
            run_key=context.run_key,
        )
        once = note.on_conflict_do_nothing(index_elements=[Message.run_key]).returning(Message.id)
        try:
            written = context.session.scalar(once)
        except IntegrityError as error:
            raise PermanentToolError(
                "The conversation no longer exists, so the note has nowhere to go."
            ) from error
        if written is None:
            found = context.session.scalar(select(Message.id).where(Message.run_key == context.run_key))
            return {"message_id": found, "idempotent": True, "summary": "The note was already there."}
        return {"message_id": written, "idempotent": False, "summary": "The note was added for the team."}
