"""Outbound: follow-ups that the team sends on its own initiative, one at a time or to a selection.

What the operator saw is what is sent, to exactly those customers, at most once each. These are its public functions;
each verb is one transaction, or joins the caller's.
"""

from console.channels import NoChannel
from console.outbound.bulk import bulk_trigger, confirm
from console.outbound.errors import (
    BatchTooLarge,
    NotEligible,
    NotFound,
    NothingSelected,
    OutboundError,
    PreviewForged,
    PreviewNotYours,
    PreviewOutdated,
    TemplateGone,
    TemplateProblem,
    UndoTooLate,
    WrongState,
)
from console.outbound.letters import LeftOut
from console.outbound.mending import mark_sent, retry, retry_delivery, send_again
from console.outbound.placeholders import PLACEHOLDERS, Segment
from console.outbound.previewing import First, Preview, Sample, get_preview, open_preview, preview
from console.outbound.reads import (
    Absentees,
    DeliveryPage,
    Sent,
    counts,
    counts_of,
    deliveries_of,
    get_delivery,
    get_envelope,
    latest_with,
    left_out_of,
    list_deliveries,
    list_envelopes,
    preview_recipients,
    sent_as,
)
from console.outbound.sending import Triggered, trigger
from console.outbound.stopping import cancel, cancel_rest, undo
from console.outbound.templates import (
    Rendered,
    archive_template,
    change_template,
    create_template,
    get_template,
    list_templates,
    list_versions,
    render,
    render_text,
    restore_template,
)

__all__ = [
    "PLACEHOLDERS",
    "Absentees",
    "BatchTooLarge",
    "DeliveryPage",
    "First",
    "LeftOut",
    "NoChannel",
    "NotEligible",
    "NotFound",
    "NothingSelected",
    "OutboundError",
    "Preview",
    "PreviewForged",
    "PreviewNotYours",
    "PreviewOutdated",
    "Rendered",
    "Sample",
    "Segment",
    "Sent",
    "TemplateGone",
    "TemplateProblem",
    "Triggered",
    "UndoTooLate",
    "WrongState",
    "archive_template",
    "bulk_trigger",
    "cancel",
    "cancel_rest",
    "change_template",
    "confirm",
    "counts",
    "counts_of",
    "create_template",
    "deliveries_of",
    "get_delivery",
    "get_envelope",
    "get_preview",
    "get_template",
    "latest_with",
    "left_out_of",
    "list_deliveries",
    "list_envelopes",
    "list_templates",
    "list_versions",
    "mark_sent",
    "open_preview",
    "preview",
    "preview_recipients",
    "render",
    "render_text",
    "restore_template",
    "retry",
    "retry_delivery",
    "send_again",
    "sent_as",
    "trigger",
    "undo",
]
