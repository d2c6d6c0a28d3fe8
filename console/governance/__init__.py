"""The governance layer: whether an action may be proposed, who decided what and why, and that it runs at most once.

These are its public functions; nothing else queries its tables. A page that is one query builds parts of ours into it:
`beside_lane`, `numbers_part`, `askers`, `lanes_of`, `LANES_OF_ROW`. The rules that a deployment may write down are
beside this list, in `policy`, `policy_file` and `conditions`; what jobs alone do, in `execution` and `recovery`.
"""

from console.governance.actors import Actor, find_actor
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
from console.governance.lanes import Enqueue, execute_approved, job_id, request_approval, rules_of
from console.governance.listing import LANES_OF_ROW, Listed, beside_lane, list_lanes
from console.governance.proposals import Submission, propose, submit
from console.governance.reads import (
    askers,
    count_open,
    get_active_approval,
    get_approval,
    get_latest_approval,
    get_proposal,
    lanes_of,
    list_action_events,
    list_events,
    list_pending_approvals,
    list_proposals_for_conversation,
    list_unfinished,
    load_events,
)
from console.governance.returning import bring_back
from console.governance.staffing import understaffed
from console.governance.stale import (
    MOST_COUNTED,
    Ended,
    Stale,
    count_stale,
    expire_each,
    list_stale,
    list_stale_lanes,
    old_lanes,
    start_again,
)
from console.governance.tallies import (
    Numbers,
    asked_of,
    count_queue,
    fold_tallies,
    numbers_part,
    read_numbers,
)
from console.governance.validation import Blocked, Validated, dump, typed_input, validate
from console.governance.votes import Tally
from console.governance.waiting import WHOSE, Queue, Waiting, Wanted, list_queue
from console.tools import ToolContext

__all__ = [
    "LANES_OF_ROW",
    "MOST_COUNTED",
    "WHOSE",
    "Actor",
    "AlreadyVoted",
    "Blocked",
    "DateNotUsable",
    "Ended",
    "Enqueue",
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
    "asked_of",
    "askers",
    "beside_lane",
    "bring_back",
    "count_open",
    "count_queue",
    "count_stale",
    "defer",
    "dump",
    "execute_approved",
    "expire",
    "expire_each",
    "find_actor",
    "fold_tallies",
    "get_active_approval",
    "get_approval",
    "get_latest_approval",
    "get_proposal",
    "job_id",
    "lanes_of",
    "list_action_events",
    "list_events",
    "list_lanes",
    "list_pending_approvals",
    "list_proposals_for_conversation",
    "list_queue",
    "list_stale",
    "list_stale_lanes",
    "list_unfinished",
    "load_events",
    "may_decide",
    "numbers_part",
    "old_lanes",
    "propose",
    "prospects",
    "read_numbers",
    "reject",
    "request_approval",
    "rules_of",
    "start_again",
    "submit",
    "typed_input",
    "understaffed",
    "validate",
    "would_fail",
]
