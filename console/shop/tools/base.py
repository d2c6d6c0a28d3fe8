"""What the shop's tools share: who may ask, and that everything is written through the given session."""

from __future__ import annotations

from typing import Any, ClassVar

from console.shop.models import Order
from console.shop.state import order_record
from console.tools.base import Effects, RiskTier, Tool, ToolContext

REFUND_SCOPE = "orders:refund"


class ShopTool(Tool):
    """Anyone who works here may ask; scopes, approval and four eyes are the governance's."""

    abstract = True
    effects: ClassVar[Effects] = "transactional"

    def authorize(self, actor: str, context: ToolContext) -> bool | str:
        return True


class ShopRead(ShopTool):
    """Looks something up and changes nothing."""

    abstract = True
    risk_tier = RiskTier.READ_ONLY


class ShopLowWrite(ShopTool):
    """Changes where something goes, but no money."""

    abstract = True
    risk_tier = RiskTier.LOW_WRITE


class ShopHighWrite(ShopTool):
    """Changes what is paid or delivered."""

    abstract = True
    risk_tier = RiskTier.HIGH_WRITE
    scopes = (REFUND_SCOPE,)


def changed(order: Order, summary: str) -> dict[str, Any]:
    """The result of a run that changed `order`."""
    return {"summary": summary, "data": order_record(order)}
