"""The shop's records as JSON: what a file of them must look like to be loaded."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from console.shop.models import OrderStatus, TransactionType

CENT = Decimal("0.01")
FLOAT_NOISE = Decimal("0.000001")


def storable(value: str) -> str:
    """Refuse what PostgreSQL cannot store as text."""
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise PydanticCustomError("unstorable", "Remove the invisible character that cannot be stored.")
    return value


def whole_cents(value: Decimal) -> Decimal:
    """The amount in whole cents; what binary floats add is dropped, a real fraction of a cent is refused."""
    cents = value.quantize(CENT)
    if abs(cents - value) > FLOAT_NOISE:
        raise PydanticCustomError("cents", "The amount is not in whole cents.")
    return cents


Text = Annotated[str, AfterValidator(storable)]
Amount = Annotated[Decimal, Field(gt=-(10**9), lt=10**9, allow_inf_nan=False), AfterValidator(whole_cents)]
Price = Annotated[Amount, Field(ge=0)]


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AddressRecord(Record):
    address1: Text
    address2: Text
    city: Text
    state: Text
    country: Text
    zip: Text


class NameRecord(Record):
    first_name: Text
    last_name: Text


class CreditCardRecord(Record):
    source: Literal["credit_card"]
    id: Text
    brand: Text
    last_four: Annotated[Text, Field(max_length=4)]


class PaypalRecord(Record):
    source: Literal["paypal"]
    id: Text


class GiftCardRecord(Record):
    source: Literal["gift_card"]
    id: Text
    balance: Price


PaymentMethodRecord = Annotated[
    CreditCardRecord | PaypalRecord | GiftCardRecord, Field(discriminator="source")
]


class UserRecord(Record):
    user_id: Text
    name: NameRecord
    address: AddressRecord
    email: Text
    payment_methods: dict[Text, PaymentMethodRecord]
    orders: list[Text]


class VariantRecord(Record):
    item_id: Text
    options: dict[Text, Text]
    available: bool
    price: Price


class ProductRecord(Record):
    name: Text
    product_id: Text
    variants: dict[Text, VariantRecord]


class ItemRecord(Record):
    name: Text
    product_id: Text
    item_id: Text
    price: Price
    options: dict[Text, Text]


class FulfilmentRecord(Record):
    tracking_id: list[Text]
    item_ids: list[Text]


class PaymentRecord(Record):
    transaction_type: TransactionType
    amount: Price
    payment_method_id: Text


class OrderRecord(Record):
    order_id: Text
    user_id: Text
    address: AddressRecord
    items: list[ItemRecord]
    status: OrderStatus
    fulfillments: list[FulfilmentRecord]
    payment_history: list[PaymentRecord]
    cancel_reason: Text | None = None
    exchange_items: list[Text] | None = None
    exchange_new_items: list[Text] | None = None
    exchange_payment_method_id: Text | None = None
    exchange_price_difference: Amount | None = None
    return_items: list[Text] | None = None
    return_payment_method_id: Text | None = None
