"""Fields that several of the shop's tools ask for, with their limits and the words of their forms."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from console.shop.records import storable

MAX_ID_CHARS = 64
MAX_LINE_CHARS = 200
MAX_ITEMS = 100


def not_blank(value: str) -> str:
    """Refuse spaces only, and otherwise keep a line exactly as it was given."""
    if not value.strip():
        raise PydanticCustomError("blank", "Fill in this field.")
    return value


Id = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ID_CHARS),
    AfterValidator(storable),
]
SearchWord = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE_CHARS),
    AfterValidator(storable),
]
Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_LINE_CHARS),
    AfterValidator(not_blank),
    AfterValidator(storable),
]
OptionalLine = Annotated[str, StringConstraints(max_length=MAX_LINE_CHARS), AfterValidator(storable)]

OrderId = Annotated[Id, Field(title="Order", description="The order's number with its #, such as #W1234567.")]
UserId = Annotated[
    Id, Field(title="Customer", description="The customer's id in the shop, such as ana_lopez_1234.")
]
PaymentMethodId = Annotated[
    Id, Field(title="Payment method", description="One of the customer's own, such as gift_card_1234567.")
]
ItemIds = Annotated[
    list[Id],
    Field(
        title="Items",
        description="Their numbers as in the order, one a line; repeat a number for a second piece.",
        min_length=1,
        max_length=MAX_ITEMS,
        json_schema_extra={"widget": "lines"},
    ),
]
NewItemIds = Annotated[
    list[Id],
    Field(
        title="New items",
        description="One a line, each in place of the item on the same line above, and of the same product.",
        min_length=1,
        max_length=MAX_ITEMS,
        json_schema_extra={"widget": "lines"},
    ),
]


class OrderInput(BaseModel):
    """Which order."""

    order_id: OrderId


class UserInput(BaseModel):
    """Which customer."""

    user_id: UserId


class AddressInput(BaseModel):
    """A postal address."""

    address1: Line = Field(title="Street and number", description="Such as 12 Elm Street.")
    address2: OptionalLine = Field(
        default="", title="Flat or suite", description="Leave empty when there is none."
    )
    city: Line = Field(title="City")
    state: Line = Field(title="State", description="Such as CA.")
    country: Line = Field(title="Country", description="Such as USA.")
    zip: Line = Field(title="Zip code", description="Such as 94103.")

    def address(self) -> dict[str, str]:
        """The address alone, as the columns of a row that carries one."""
        return {name: getattr(self, name) for name in AddressInput.model_fields}

    def in_words(self) -> str:
        """The address on one line."""
        parts = (self.address1, self.address2, self.city, f"{self.state} {self.zip}", self.country)
        return ", ".join(part.strip() for part in parts if part.strip())
