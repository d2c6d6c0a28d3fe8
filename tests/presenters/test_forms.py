"""Forms made from input models, and what was typed into them made parameters again."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, StringConstraints
from werkzeug.datastructures import MultiDict

from console.presenters import forms
from console.tools.registry import load_registry


class Size(StrEnum):
    SMALL = "small"
    VERY_LARGE = "very_large"


class Everything(BaseModel):
    order_id: str
    reason: Literal["no longer needed", "ordered by mistake"]
    size: Size = Size.SMALL
    quantity: int = Field(ge=1, le=3, title="How many", description="As ordered.")
    amount: float | None = Field(default=None, gt=0)
    tell: bool = True
    item_ids: list[str]
    names: list[str] = []
    note: Annotated[str, StringConstraints(max_length=400)] = ""
    api_key: str | None = None
    conversation_id: int | None = None


def by_name() -> dict[str, forms.Field]:
    return {field.name: field for field in forms.fields(Everything)}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("order_id", "text"),
        ("reason", "select"),
        ("size", "select"),
        ("quantity", "number"),
        ("amount", "number"),
        ("tell", "checkbox"),
        ("item_ids", "list"),
        ("note", "textarea"),
        ("api_key", "password"),
    ],
)
def test_each_type_has_its_control(name: str, kind: str) -> None:
    assert by_name()[name].kind == kind


def test_labels_limits_choices_and_help_come_from_the_model() -> None:
    found = by_name()
    assert (found["order_id"].label, found["order_id"].required) == ("Order id", True)
    assert (found["quantity"].label, found["quantity"].help) == ("How many", "As ordered.")
    assert found["quantity"].limits == "1 to 3"
    assert [option.words for option in found["size"].options] == ["Small", "Very large"]
    assert (found["size"].default, found["size"].required) == ("small", False)
    assert found["note"].max_length == 400


def test_what_the_page_knows_is_not_asked() -> None:
    assert "conversation_id" not in by_name()


def test_what_was_typed_becomes_parameters() -> None:
    typed = MultiDict(
        [
            ("order_id", "#W1"),
            ("reason", "ordered by mistake"),
            ("quantity", "2"),
            ("amount", ""),
            ("tell", "on"),
            ("item_ids", "1, 2\r\n3 "),
            ("names", "Doe, Jane\r\n\r\nRoe, Max"),
            ("note", "a\r\nb"),
        ]
    )
    assert forms.parameters(Everything, typed) == {
        "order_id": "#W1",
        "reason": "ordered by mistake",
        "quantity": "2",
        "tell": True,
        "item_ids": ["1", "2", "3"],
        "names": ["Doe, Jane", "Roe, Max"],
        "note": "a\nb",
    }


def test_an_empty_form_leaves_everything_out_but_boxes_and_needed_lists() -> None:
    empty = MultiDict([(name, "") for name in Everything.model_fields])
    assert forms.parameters(Everything, empty) == {"tell": False, "item_ids": []}


def test_several_fields_of_one_name_are_one_list() -> None:
    typed = MultiDict([("item_ids", "1"), ("item_ids", "2")])
    assert forms.parameters(Everything, typed)["item_ids"] == ["1", "2"]


def test_an_input_survives_the_way_through_its_form() -> None:
    input = Everything(order_id="#W1", reason="no longer needed", quantity=2, item_ids=["1", "1"], amount=4.5)
    shown = MultiDict(forms.again(Everything, input.model_dump(mode="json")))
    assert Everything.model_validate(forms.parameters(Everything, shown)) == input


def test_a_secret_is_typed_again() -> None:
    assert forms.again(Everything, {"api_key": "sk-1"}) == {}
    assert forms.typed(MultiDict([("api_key", "sk-1"), ("note", "x"), ("token", "t")])) == {"note": "x"}


def test_every_tool_of_ours_makes_a_form() -> None:
    for tool in load_registry(("console.tools.internal_note:InternalNote", "console.shop.tools")):
        for field in forms.fields(tool.Input):
            assert field.label and field.kind, (tool.ref, field)
