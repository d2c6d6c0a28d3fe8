"""What is done to many conversations at once: each through its own verb and its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from console.conversations.access import acting, held
from console.conversations.lifecycle import assign, may_be_assigned, resolve
from console.conversations.texts import settings
from console.db import transaction
from console.errors import Invalid, NotFound
from console.models import Conversation, ConversationStatus


class Outcome(NamedTuple):
    """What came of a selection: how many changed, were so already, or are not there."""

    changed: int
    already: int
    gone: int


def resolve_each(conversation_ids: Sequence[int], actor_id: str) -> Outcome:
    """Resolve each of them that is open. Raises Forbidden, and Invalid for none or more than `max_selection`."""
    return _each(
        conversation_ids,
        actor_id,
        lambda conversation: conversation.status == ConversationStatus.RESOLVED,
        lambda conversation_id: resolve(conversation_id, actor_id),
    )


def assign_each(conversation_ids: Sequence[int], actor_id: str, assignee_id: int | None) -> Outcome:
    """Give each of them to an active operator, or to nobody. Raises Forbidden, and Invalid for none or more than
    `max_selection`, or for someone who cannot have them."""
    if assignee_id is not None:
        may_be_assigned(assignee_id)
    return _each(
        conversation_ids,
        actor_id,
        lambda conversation: conversation.assignee_id == assignee_id,
        lambda conversation_id: assign(conversation_id, actor_id, assignee_id),
    )


def _each(
    conversation_ids: Sequence[int],
    actor_id: str,
    is_so: Callable[[Conversation], bool],
    verb: Callable[[int], object],
) -> Outcome:
    # One by one: a transaction around all would hold every row until the last, and lose all of them for one.
    ids = list(dict.fromkeys(conversation_ids))
    _check(len(ids))
    acting(actor_id)
    changed = already = gone = 0
    for conversation_id in ids:
        try:
            with transaction():
                if is_so(held(conversation_id)):
                    already += 1
                    continue
                verb(conversation_id)
                changed += 1
        except NotFound:
            gone += 1
    return Outcome(changed, already, gone)


def _check(number: int) -> None:
    most = settings().max_selection
    if not number:
        raise Invalid("Nothing is selected. Tick the conversations that this is about, then try again.")
    if number > most:
        raise Invalid(
            f"{number:,} are selected, and at most {most:,} are changed at once. Nothing was changed: deselect some, "
            "or do it in parts."
        )
