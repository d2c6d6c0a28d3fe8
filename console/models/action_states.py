"""The states of a proposal and of a lane, and the words of the trail."""

from __future__ import annotations

from enum import StrEnum


class ProposalStatus(StrEnum):
    PROPOSED = "proposed"
    BLOCKED = "blocked"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """A worker died inside a run that nobody may repeat: it may or may not have happened."""


class LaneStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    EXECUTION_PENDING = "execution_pending"
    EXECUTED = "executed"
    EXECUTION_FAILED = "execution_failed"


class EventType(StrEnum):
    PROPOSAL_CREATED = "proposal_created"
    PROPOSAL_BLOCKED = "proposal_blocked"
    APPROVAL_REQUESTED = "approval_requested"
    VOTE_RECORDED = "vote_recorded"
    APPROVED = "approved"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    EXPIRED = "expired"
    REVALIDATION_PASSED = "revalidation_passed"
    REVALIDATION_FAILED = "revalidation_failed"
    EXECUTION_ENQUEUED = "execution_enqueued"
    EXECUTION_STARTED = "execution_started"
    EXECUTION_SUCCEEDED = "execution_succeeded"
    EXECUTION_ATTEMPT_FAILED = "execution_attempt_failed"
    EXECUTION_FAILED = "execution_failed"
