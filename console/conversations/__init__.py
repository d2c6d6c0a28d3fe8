"""The verbs of the conversation: what people do with it, each one transaction, and what pages read of it.

Every verb joins the caller's `transaction()` or opens its own, locks the conversation, announces `conversation:<id>`
and `inbox`, and refuses with the family of `console.errors`: NotFound, Forbidden (no active operator), Invalid (with
`fields`), AnsweredMeanwhile.
"""

from console.conversations.drafts import draft, drafts, forget_draft, keep_draft
from console.conversations.filters import NOBODY, VIEWS, Filters
from console.conversations.lifecycle import assign, reopen, resolve
from console.conversations.reading import (
    Entry,
    Example,
    Timeline,
    assignable,
    conversation,
    last_message_id,
    lately_resolved,
    timeline,
)
from console.conversations.rows import Page, Row, inbox
from console.conversations.selection import Outcome, assign_each, resolve_each
from console.conversations.tallies import Counts, counts, fold_tallies
from console.conversations.writing import (
    AnsweredMeanwhile,
    add_note,
    customer_known_as,
    receive,
    reply,
    start,
)

__all__ = [
    "NOBODY",
    "VIEWS",
    "AnsweredMeanwhile",
    "Counts",
    "Entry",
    "Example",
    "Filters",
    "Outcome",
    "Page",
    "Row",
    "Timeline",
    "add_note",
    "assign",
    "assign_each",
    "assignable",
    "conversation",
    "counts",
    "customer_known_as",
    "draft",
    "drafts",
    "fold_tallies",
    "forget_draft",
    "inbox",
    "keep_draft",
    "last_message_id",
    "lately_resolved",
    "receive",
    "reopen",
    "reply",
    "resolve",
    "resolve_each",
    "start",
    "timeline",
]
