"""What outbound refuses, each with a stable code and a sentence for the operator."""

from __future__ import annotations

from console import errors
from console.models import BulkEnvelope


class OutboundError(errors.ConsoleError):
    code = "outbound"
    status = 409


class NotFound(OutboundError, errors.NotFound):
    code = "not_found"
    status = 404
    sentence = "This follow-up does not exist, or no longer does."


class NotEligible(OutboundError):
    """This conversation cannot be written to now."""

    code = "not_eligible"
    sentence = "Only resolved conversations can be written to."


class NothingSelected(OutboundError):
    code = "nothing_selected"
    status = 422
    sentence = "No conversation is selected, so nothing was sent. Select some in the inbox first."


class BatchTooLarge(OutboundError):
    """More conversations than one bulk send may be asked for: `count`, `cap`, and the `envelope` that records it."""

    code = "batch_too_large"
    status = 422

    def __init__(self, count: int, cap: int, envelope: BulkEnvelope) -> None:
        super().__init__(too_large(count, cap))
        self.count, self.cap, self.envelope = count, cap, envelope


class TemplateProblem(OutboundError, errors.Invalid):
    """A template that cannot be saved as it is; `fields` says why, by field."""

    code = "template_problem"
    status = 422

    def __init__(self, fields: dict[str, str]) -> None:
        errors.Invalid.__init__(self, next(iter(fields.values())), fields)


class TemplateGone(OutboundError):
    code = "template_gone"
    sentence = "This template is archived, so nothing new is sent with it. Choose another one."


class PreviewForged(OutboundError):
    code = "preview_forged"
    status = 400
    sentence = (
        "This confirmation does not belong to a preview of this console, so nothing was sent. "
        "Make the preview again and confirm that one."
    )


class PreviewOutdated(OutboundError):
    code = "preview_outdated"
    sentence = (
        "This preview is too old to be confirmed, so nothing was sent. Your selection is still here: "
        "make the preview again."
    )


class PreviewNotYours(OutboundError):
    code = "preview_not_yours"
    status = 403
    sentence = "Someone else made this preview, so only they can confirm it. Make your own; nothing was sent."


class UndoTooLate(OutboundError):
    code = "undo_too_late"
    sentence = (
        "The time to undo is over. What has not left yet can still be stopped on the page of this send."
    )


class WrongState(OutboundError):
    """The delivery is not, or no longer, in the state for which this can be done."""

    code = "wrong_state"
    sentence = "This delivery moved on meanwhile. Look at it as it is now, then decide."


def too_large(count: int, cap: int) -> str:
    """The refusal of a selection over the cap."""
    return (
        f"{count:,} conversations are {count - cap:,} more than one send may hold; the limit is {cap:,}. "
        "Nothing was sent. Narrow the selection, or send in parts."
    )
