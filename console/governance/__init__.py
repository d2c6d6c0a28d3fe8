"""The governance layer: whether an action may be proposed, who decided what and why, and that it runs at most once.

These are its public functions; nothing else queries its tables.
"""

from console.governance.cards import approvals, may_decide, would_fail
from console.governance.decisions import approve, defer, expire, reject
from console.governance.errors import (
    AlreadyVoted,
    FourEyesRequired,
    GovernanceError,
    LaneAlreadyOpen,
    LaneExpired,
    NotAllowed,
    NotExecutionPending,
    NotFound,
    NotPending,
    NotRequiresApproval,
    ReasonRequired,
    StaleView,
)
from console.governance.lanes import execute_approved, request_approval, rules_of
from console.governance.proposals import Submission, propose, submit
from console.governance.reads import (
    get_active_approval,
    get_approval,
    get_latest_approval,
    get_proposal,
    list_action_events,
    list_events,
    list_pending_approvals,
    list_proposals_for_conversation,
    list_stale_lanes,
    list_unfinished,
)
from console.governance.validation import Blocked, Validated, validate
from console.governance.votes import Tally
from console.tools import ToolContext

__all__ = [
    "AlreadyVoted",
    "Blocked",
    "FourEyesRequired",
    "GovernanceError",
    "LaneAlreadyOpen",
    "LaneExpired",
    "NotAllowed",
    "NotExecutionPending",
    "NotFound",
    "NotPending",
    "NotRequiresApproval",
    "ReasonRequired",
    "StaleView",
    "Submission",
    "Tally",
    "ToolContext",
    "Validated",
    "approvals",
    "approve",
    "defer",
    "execute_approved",
    "expire",
    "get_active_approval",
    "get_approval",
    "get_latest_approval",
    "get_proposal",
    "list_action_events",
    "list_events",
    "list_pending_approvals",
    "list_proposals_for_conversation",
    "list_stale_lanes",
    "list_unfinished",
    "may_decide",
    "propose",
    "reject",
    "request_approval",
    "rules_of",
    "submit",
    "validate",
    "would_fail",
]
