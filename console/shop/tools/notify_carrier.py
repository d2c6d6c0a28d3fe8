"""Tool: tell the carrier something about an order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from typing import Annotated, Any
from urllib.error import URLError
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, Request

from flask import current_app
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from console.shop import rules
from console.shop.inputs import OrderId
from console.shop.records import storable
from console.shop.tools.base import ShopLowWrite
from console.tools.base import PermanentToolError, RunContext, ToolError

WAIT_SECONDS = 10
TRY_AGAIN = frozenset({408, 425, 429})
Message = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), AfterValidator(storable)
]


class NotifyCarrier(ShopLowWrite):
    """Another system is told, so a run may be repeated only because that system knows the effect key."""

    title = "Notify the carrier"
    description = "Sends the carrier a message about an order, such as a wish for its delivery."
    effects = "idempotent"

    class Input(BaseModel):
        order_id: OrderId
        message: Message = Field(
            title="Message",
            description="What the carrier should know.",
            json_schema_extra={"widget": "textarea"},
        )

    def headline(self, input: Input) -> str:
        return f"Notify carrier of {input.order_id}"

    def preview(self, input: Input) -> str:
        text = " ".join(input.message.split())
        return (
            f"Tells the carrier about order {input.order_id}: “{text[:160]}{'…' if len(text) > 160 else ''}”"
        )

    def run(self, input: Input, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        url = carrier_url()
        order = rules.find_order(context.session, input.order_id)
        tracking_ids = [number for parcel in order.fulfilments for number in parcel.tracking_ids]
        message = {"order_id": order.id, "message": input.message, "tracking_ids": tracking_ids}
        status = post(url, message, context.effect_key)
        if status >= 500 or status in TRY_AGAIN:
            raise ToolError(f"The carrier could not take the message just now (answer {status}).")
        if not 200 <= status < 300:
            raise PermanentToolError(
                f"The carrier did not accept the message (answer {status}), so it was not delivered."
            )
        return {
            "summary": f"The carrier was told about order {order.id}.",
            "data": {**message, "answer": status},
        }


def carrier_url() -> str:
    """The address that the deployment names. Raises PermanentToolError when none can be used."""
    url: str = current_app.extensions["settings"].carrier_url
    if not url:
        raise PermanentToolError("No carrier is set up here (CONSOLE_CARRIER_URL), so nobody was told.")
    if not url.lower().startswith(("http://", "https://")):
        raise PermanentToolError(
            "The carrier's address (CONSOLE_CARRIER_URL) is not a web address, so nobody was told."
        )
    return url


def post(url: str, message: Mapping[str, Any], effect_key: str) -> int:
    """Send `message` as JSON and return the status of the answer. Follows no redirect. Raises ToolError."""
    request = Request(
        url,
        data=json.dumps(message).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": effect_key},
        method="POST",
    )
    opener = OpenerDirector()
    opener.add_handler(HTTPHandler())
    opener.add_handler(HTTPSHandler())
    try:
        with opener.open(request, timeout=WAIT_SECONDS) as answer:
            status: int = answer.status
    except (URLError, HTTPException, OSError) as error:
        raise ToolError(
            "The carrier could not be reached. It is not known whether the message arrived."
        ) from error
    return status
