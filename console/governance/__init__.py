"""The governance layer: whether an action may be proposed, who decided what and why, and that it runs at most once.

These are its public functions; nothing else queries its tables.
"""

from console.governance.cards import Prospect, approvals, may_decide, prospects, would_fail
from console.governance.decisions import approve, defer, expire, reject
from console.governance.errors import (
    AlreadyVoted,
    DateNotUsable,
    FourEyesRequired,
    GovernanceError,
    LaneAlreadyOpen,
    LaneExpired,
    NotAllowed,
    NotExecutionPending,
    NotFound,
    NotPending,
    NotRequiresApproval,
    NotStuck,
    ReasonRequired,
    StaleView,
)
from console.governance.lanes import execute_approved, request_approval, rules_of
from console.governance.listing import Listed, list_lanes
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
    list_unfinished,
)
from console.governance.stale import (
    Ended,
    Stale,
    count_stale,
    expire_each,
    list_stale,
    list_stale_lanes,
    old_lanes,
    start_again,
)
from console.governance.tallies import Numbers, count_queue
from console.governance.validation import Blocked, Validated, validate
from console.governance.votes import Tally
from console.governance.waiting import WHOSE, Queue, Waiting, Wanted, list_queue
from console.tools import ToolContext

__all__ = [
    "WHOSE",
    "AlreadyVoted",
    "Blocked",
    "DateNotUsable",
    "Ended",
    "FourEyesRequired",
    "GovernanceError",
    "LaneAlreadyOpen",
    "LaneExpired",
    "Listed",
    "NotAllowed",
    "NotExecutionPending",
    "NotFound",
    "NotPending",
    "NotRequiresApproval",
    "NotStuck",
    "Numbers",
    "Prospect",
    "Queue",
    "ReasonRequired",
    "Stale",
    "StaleView",
    "Submission",
    "Tally",
    "ToolContext",
    "Validated",
    "Waiting",
    "Wanted",
    "approvals",
    "approve",
    "count_queue",
    "count_stale",
    "defer",
    "execute_approved",
    "expire",
    "expire_each",
    "get_active_approval",
    "get_approval",
    "get_latest_approval",
    "get_proposal",
    "list_action_events",
    "list_events",
    "list_lanes",
    "list_pending_approvals",
    "list_proposals_for_conversation",
    "list_queue",
    "list_stale",
    "list_stale_lanes",
    "list_unfinished",
    "may_decide",
    "old_lanes",
    "propose",
    "prospects",
    "reject",
    "request_approval",
    "rules_of",
    "start_again",
    "submit",
    "validate",
    "would_fail",
]
