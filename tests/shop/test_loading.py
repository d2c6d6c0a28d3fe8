"""Filling the shop: all or nothing, the same again, and each fault named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.db import db
from console.errors import Invalid
from console.shop import loader, state
from tests.shop import small

Tables = dict[str, dict[str, Any]]


def write(folder: Path, tables: Tables) -> Path:
    for name, records in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(records))
    return folder


def test_what_was_loaded_is_what_is_exported(shop: state.Tables) -> None:
    assert shop == small.tables()
    for table in ("users", "products"):
        assert json.dumps(shop[table]) == json.dumps(small.tables()[table]), "in the same order, too"


def test_loading_again_replaces_everything(shop: state.Tables, tmp_path: Path) -> None:
    small.call("cancel_pending_order", order_id="#W1", reason="no longer needed")
    told: list[tuple[int, int]] = []
    counts = loader.replace(
        db.session(),
        loader.read_folder(write(tmp_path, small.tables())),
        lambda done, total: told.append((done, total)),
    )
    assert state.export(db.session()) == shop
    assert counts["customers"] == 2 and counts["orders"] == 7 and counts["order items"] == 11
    assert told[-1] == (sum(counts.values()),) * 2


def test_a_cleared_shop_is_empty(shop: state.Tables) -> None:
    loader.clear(db.session())
    assert state.export(db.session()) == {"users": {}, "orders": {}, "products": {}}


def set_to(*path: Any, value: Any) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        place: Any = tables
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def forget_order(tables: Tables) -> None:
    del tables["orders"]["#W3"]


FAULTS: list[tuple[Callable[[Tables], None], str]] = [
    (set_to("users", "ana_lopez", "email", value=7), "users.json, record ana_lopez: email: "),
    (set_to("users", "ana_lopez", "email", value="a\0b"), "cannot be stored"),
    (set_to("users", "ana_lopez", "nickname", value="A"), "users.json, record ana_lopez: nickname: "),
    (set_to("users", "ana_lopez", "payment_methods", "paypal_1", "id", value="x"), "calls itself x"),
    (set_to("users", "ana_lopez", "payment_methods", "gift_card_1", "balance", value=-1), "balance"),
    (set_to("users", "ana_lopez", "orders", value=["#W1"]), "no customer lists this order"),
    (
        set_to("users", "tom_berg", "orders", value=["#W9", "#W1"]),
        "#W1 is not, or not only, an order of theirs",
    ),
    (set_to("orders", "#W1", "items", 0, "price", value=1.005), "not in whole cents"),
    (set_to("orders", "#W1", "items", 0, "price", value=10**12), "items.0.price"),
    (set_to("orders", "#W1", "status", value="lost"), "orders.json, record #W1: status: "),
    (set_to("orders", "#W1", "order_id", value="#W2"), "orders.json, record #W1: its order_id is #W2."),
    (
        set_to("products", "lamp", "variants", "chair-a", value=small.variant("chair-a")),
        "also a variant of lamp",
    ),
    (set_to("products", "lamp", "variants", "lamp-a", "item_id", value="x"), "variant lamp-a calls itself x"),
    (forget_order, "#W3 is not, or not only, an order of theirs"),
]


def test_a_fault_is_named_and_the_shop_stays_as_it_was(shop: state.Tables) -> None:
    for change, expected in FAULTS:
        tables = small.tables()
        change(tables)
        with pytest.raises(Invalid) as refusal:
            loader.replace(db.session(), tables)
        assert expected in refusal.value.sentence, refusal.value.sentence
        assert refusal.value.sentence.endswith(".") and "\n" not in refusal.value.sentence
        assert state.export(db.session()) == shop


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "products.json is not valid JSON"),
        (b"[" * 100_000, "products.json is not valid JSON"),
        (b"\xff\xfe", "products.json is not UTF-8 text."),
        (b"[]", "products.json must hold one JSON object"),
        (None, "is not there"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, expected: str) -> None:
    folder = write(tmp_path, small.tables())
    file = folder / "products.json"
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(Invalid, match=expected):
        loader.read_folder(folder)


def test_the_noise_of_binary_floats_is_no_fraction_of_a_cent(shop: state.Tables) -> None:
    tables = small.tables()
    tables["orders"]["#W1"]["payment_history"][0]["amount"] = 0.1 + 0.2 + 119.7
    loader.replace(db.session(), tables)
    assert state.export(db.session()) == shop


def test_a_hash_does_not_depend_on_order_nulls_or_the_kind_of_number() -> None:
    one = {"orders": {"a": {"x": 1, "y": None}, "b": {"z": [0.1 + 0.2, -0.001, True, "é"]}}, "users": {}}
    two = {"users": {}, "orders": {"b": {"z": [0.3, 0, True, "é"]}, "a": {"x": 1.0}}}
    assert state.state_hash(one) == state.state_hash(two)
    two["orders"]["a"]["x"] = 1.01
    assert state.state_hash(one) != state.state_hash(two)
