"""The shop's tools, one a file, in the order in which people meet them."""

from console.shop.tools.calculate import Calculate
from console.shop.tools.cancel_pending_order import CancelPendingOrder
from console.shop.tools.erase_customer import EraseCustomer
from console.shop.tools.exchange_delivered_order_items import ExchangeDeliveredOrderItems
from console.shop.tools.find_user_id_by_email import FindUserIdByEmail
from console.shop.tools.find_user_id_by_name_zip import FindUserIdByNameZip
from console.shop.tools.get_item_details import GetItemDetails
from console.shop.tools.get_order_details import GetOrderDetails
from console.shop.tools.get_product_details import GetProductDetails
from console.shop.tools.get_user_details import GetUserDetails
from console.shop.tools.list_all_product_types import ListAllProductTypes
from console.shop.tools.modify_pending_order_address import ModifyPendingOrderAddress
from console.shop.tools.modify_pending_order_items import ModifyPendingOrderItems
from console.shop.tools.modify_pending_order_payment import ModifyPendingOrderPayment
from console.shop.tools.modify_user_address import ModifyUserAddress
from console.shop.tools.notify_carrier import NotifyCarrier
from console.shop.tools.return_delivered_order_items import ReturnDeliveredOrderItems
from console.shop.tools.transfer_to_human_agents import TransferToHumanAgents
from console.tools.base import Tool

TOOLS: list[type[Tool]] = [
    FindUserIdByEmail,
    FindUserIdByNameZip,
    GetUserDetails,
    GetOrderDetails,
    GetProductDetails,
    GetItemDetails,
    ListAllProductTypes,
    Calculate,
    ModifyUserAddress,
    ModifyPendingOrderAddress,
    CancelPendingOrder,
    ModifyPendingOrderItems,
    ModifyPendingOrderPayment,
    ReturnDeliveredOrderItems,
    ExchangeDeliveredOrderItems,
    NotifyCarrier,
    TransferToHumanAgents,
    EraseCustomer,
]
