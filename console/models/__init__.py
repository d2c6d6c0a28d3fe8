"""State: typed SQLAlchemy models whose invariants stand in the database too. No commit, no I/O, no Flask."""

from console.models.action_states import EventType, LaneStatus, ProposalStatus
from console.models.actions import ToolActionEvent, ToolApproval, ToolProposal, TrailHead
from console.models.audit import AuditEvent, AuditType
from console.models.conversations import (
    Conversation,
    ConversationStatus,
    ConversationTally,
    Customer,
    Draft,
    Message,
    MessageRole,
)
from console.models.lane_tallies import LaneTally
from console.models.outbound import (
    BulkEnvelope,
    BulkPreview,
    Delivery,
    DeliveryState,
    EnvelopeCount,
    EnvelopeStatus,
    MessageTemplate,
    TemplateVersion,
)
from console.models.people import (
    ApiToken,
    LinkPurpose,
    Operator,
    PasswordLink,
    Role,
    SignIn,
    SignInMethod,
)
from console.models.search import ConversationSearch

__all__ = [
    "ApiToken",
    "AuditEvent",
    "AuditType",
    "BulkEnvelope",
    "BulkPreview",
    "Conversation",
    "ConversationSearch",
    "ConversationStatus",
    "ConversationTally",
    "Customer",
    "Delivery",
    "DeliveryState",
    "Draft",
    "EnvelopeCount",
    "EnvelopeStatus",
    "EventType",
    "LaneStatus",
    "LaneTally",
    "LinkPurpose",
    "Message",
    "MessageRole",
    "MessageTemplate",
    "Operator",
    "PasswordLink",
    "ProposalStatus",
    "Role",
    "SignIn",
    "SignInMethod",
    "TemplateVersion",
    "ToolActionEvent",
    "ToolApproval",
    "ToolProposal",
    "TrailHead",
]
