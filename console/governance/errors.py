"""What the governance layer refuses, each with a stable code and a sentence for the operator."""

from __future__ import annotations

from console import errors


class GovernanceError(errors.ConsoleError):
    code = "governance"
    status = 409


class NotFound(GovernanceError, errors.NotFound):
    code = "not_found"
    status = 404
    sentence = "This action does not exist, or no longer does."


class NotPending(GovernanceError):
    """The lane was decided, or lapsed, before this decision."""

    code = "not_pending"
    sentence = "This is no longer waiting for a decision."


class NotExecutionPending(GovernanceError):
    code = "not_execution_pending"
    sentence = "This is not waiting to run."


class NotRequiresApproval(GovernanceError):
    code = "not_requires_approval"
    sentence = "This action does not ask for an approval, so there is nothing to decide."


class LaneAlreadyOpen(GovernanceError):
    code = "lane_already_open"
    sentence = "This was already asked and is still open, or has already run."


class LaneExpired(GovernanceError):
    code = "expired"
    sentence = "The deadline to decide has passed. Nothing will run; ask again if it is still wanted."


class ReasonRequired(GovernanceError):
    code = "reason_required"
    status = 422
    sentence = "Say why, in a few words. Whoever asked will read it."


class DateNotUsable(GovernanceError):
    """The moment at which a deferred action should come back."""

    code = "date_not_usable"
    status = 422
    sentence = "Choose a moment that is still to come, or leave it empty."


class NotStuck(GovernanceError):
    """There is nothing to start again: it runs, or goes on by itself."""

    code = "not_stuck"
    sentence = "This is at work just now, so there is nothing to start again."


class StaleView(GovernanceError):
    code = "stale_view"
    sentence = "This card changed since you opened it. Look at it as it is now, then decide."


class FourEyesRequired(GovernanceError):
    code = "four_eyes_required"
    status = 403
    sentence = "You asked for this yourself, so someone else has to decide it."


class AlreadyVoted(GovernanceError):
    code = "already_voted"
    sentence = "You approved this already. Someone else has to approve it too."


class NotAllowed(GovernanceError):
    code = "not_allowed"
    status = 403
    sentence = "Your account may not decide this."
