"""State: typed SQLAlchemy models whose invariants stand in the database too. No commit, no I/O, no Flask."""

from console.models.actions import (
    EventType,
    LaneStatus,
    ProposalStatus,
    ToolActionEvent,
    ToolApproval,
    ToolProposal,
)
from console.models.conversations import (
    Conversation,
    ConversationStatus,
    ConversationTally,
    Customer,
    Draft,
    Message,
    MessageRole,
)
from console.models.people import ApiToken, Operator, Role, SignIn
from console.models.search import ConversationSearch

__all__ = [
    "ApiToken",
    "Conversation",
    "ConversationSearch",
    "ConversationStatus",
    "ConversationTally",
    "Customer",
    "Draft",
    "EventType",
    "LaneStatus",
    "Message",
    "MessageRole",
    "Operator",
    "ProposalStatus",
    "Role",
    "SignIn",
    "ToolActionEvent",
    "ToolApproval",
    "ToolProposal",
]
