"""Reading the queue of approvals as a page: its rows, and what is open beside them."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from console.models import ToolApproval
from tests.desk import Desk
from tests.views.forms import Form, read


def rows(html: str) -> dict[int, str]:
    """The rows of the list by lane id, in their order."""
    found = re.findall(r'<article class="[^"]*lane-card--compact.*?</article>', html, re.DOTALL)
    return {int(re.findall(r'id="row-(\d+)"', row)[0]): row for row in found}


def opened(html: str) -> int:
    """The lane that is open beside the list."""
    found = re.search(r'id="queue-lane" name="lane" value="(\d+)"', html)
    return int(found[1]) if found else 0


def due(desk: Desk, *lanes: ToolApproval) -> None:
    """Have these lanes lapse in this order, an hour apart."""
    for hours, lane in enumerate(lanes, 2):
        desk.tamper(
            "UPDATE tool_approvals SET expires_at = now() + :h * interval '1 hour' WHERE id = :id",
            h=hours,
            id=lane.id,
        )


def card_form(client: FlaskClient, address: str, lane: ToolApproval, verb: str) -> Form:
    return read(client, address).form(f"/lanes/{lane.id}/{verb}")
