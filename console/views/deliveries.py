"""What a person does about one delivery. The page that shows it hears of the change and fetches itself anew."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect
from werkzeug.wrappers import Response as AnyResponse

from console import outbound
from console.models import Delivery
from console.views.fragments import is_htmx, toast
from console.views.session import operator

blueprint = Blueprint("deliveries", __name__)


@blueprint.post("/deliveries/<int:delivery_id>/cancellation")
def cancel(delivery_id: int) -> AnyResponse:
    """Stop it before it leaves."""
    return _done(outbound.cancel(delivery_id, operator().actor_id), "Cancelled: it will not be sent.")


@blueprint.post("/deliveries/<int:delivery_id>/retry")
def retry(delivery_id: int) -> AnyResponse:
    """Let it try again."""
    return _done(outbound.retry_delivery(delivery_id, operator().actor_id), "It is tried again now.")


@blueprint.post("/deliveries/<int:delivery_id>/sent")
def mark_sent(delivery_id: int) -> AnyResponse:
    """Somebody found out that it arrived."""
    return _done(outbound.mark_sent(delivery_id, operator().actor_id), "Marked as sent.")


@blueprint.post("/deliveries/<int:delivery_id>/repeat")
def repeat(delivery_id: int) -> AnyResponse:
    """Send the same words once more, on purpose."""
    sent = outbound.send_again(delivery_id, operator().actor_id)
    return _done(sent.delivery, "It was sent again already." if sent.duplicate else "It is sent again.")


def _done(delivery: Delivery, words: str) -> AnyResponse:
    if is_htmx():
        return Response(headers={"HX-Trigger": toast(words)})
    flash(words)
    if delivery.envelope_id:
        return redirect(f"/bulk/{delivery.envelope_id}#delivery-{delivery.id}", 303)
    return redirect(f"/conversations/{delivery.conversation_id}#message-{delivery.message_id}", 303)
