"""Fills the shop from records, or empties it: all or nothing, in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from console.errors import Invalid
from console.shop.models import TABLES
from console.shop.records import OrderRecord, ProductRecord, Record, UserRecord
from console.shop.rows import rows_of

FILES = ("users", "orders", "products")
BATCH = 1_000
LOAD_LOCK = 0x73686F70
"""Key of the advisory lock that makes two loads wait for one another."""

Kind = TypeVar("Kind", bound=Record)
Progress = Callable[[int, int], None]
"""Told how many rows are written, and how many there are."""


def _quiet(done: int, total: int) -> None:
    """Say nothing."""


def read_folder(folder: Path) -> dict[str, dict[str, Any]]:
    """The records of users.json, orders.json and products.json. Raises Invalid, naming the file."""
    return {name: _read(folder / f"{name}.json") for name in FILES}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError as error:
        raise Invalid(
            f"{path} is not there. The folder needs users.json, orders.json and products.json."
        ) from error
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path.name} is not UTF-8 text.") from error
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{path.name} is not valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise Invalid(f"{path.name} must hold one JSON object, its records by their ids.")
    return found


def replace(
    session: Session, tables: Mapping[str, Mapping[str, Any]], progress: Progress = _quiet
) -> dict[str, int]:
    """Replace the whole shop by `tables` (users, orders, products by id); returns how many rows each table has.

    Raises Invalid, naming the first record that cannot be used, before anything is changed.
    """
    users = _checked("users", "user_id", UserRecord, tables["users"])
    orders = _checked("orders", "order_id", OrderRecord, tables["orders"])
    products = _checked("products", "product_id", ProductRecord, tables["products"])
    _check_references(users, orders, products)
    rows = rows_of(users, orders, products)
    clear(session)
    done, total = 0, sum(len(pending) for pending in rows.values())
    for model in TABLES:
        for start in range(0, len(rows[model]), BATCH):
            batch = rows[model][start : start + BATCH]
            session.execute(insert(model), batch)
            done += len(batch)
            progress(done, total)
    return {model.__tablename__.replace("_", " "): len(rows[model]) for model in TABLES}


def clear(session: Session) -> None:
    """Delete everything in the shop. Waits for another load that is under way."""
    session.execute(select(func.pg_advisory_xact_lock(LOAD_LOCK)))
    for model in reversed(TABLES):
        session.execute(delete(model))


def _checked(table: str, key_name: str, kind: type[Kind], records: Mapping[str, Any]) -> dict[str, Kind]:
    checked = {}
    for key, record in records.items():
        try:
            checked[key] = kind.model_validate(record)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise Invalid(
                f"{table}.json, record {key}: {place}: {first['msg']}.".replace("..", ".")
            ) from error
        if getattr(checked[key], key_name) != key:
            raise Invalid(f"{table}.json, record {key}: its {key_name} is {getattr(checked[key], key_name)}.")
    return checked


def _check_references(
    users: Mapping[str, UserRecord], orders: Mapping[str, OrderRecord], products: Mapping[str, ProductRecord]
) -> None:
    """Every order stands in its customer's list, once, and ids inside a record are those of their keys."""
    owner_of: dict[str, str] = {}
    for user_id, user in users.items():
        for order_id in user.orders:
            if order_id not in orders or orders[order_id].user_id != user_id or order_id in owner_of:
                raise Invalid(
                    f"users.json, record {user_id}: {order_id} is not, or not only, an order of theirs."
                )
            owner_of[order_id] = user_id
        for key, method in user.payment_methods.items():
            if method.id != key:
                raise Invalid(
                    f"users.json, record {user_id}: the payment method {key} calls itself {method.id}."
                )
    for order_id in orders:
        if order_id not in owner_of:
            raise Invalid(f"orders.json, record {order_id}: no customer lists this order.")
    _check_variants(products)


def _check_variants(products: Mapping[str, ProductRecord]) -> None:
    seen: dict[str, str] = {}
    for product_id, product in products.items():
        for item_id, variant in product.variants.items():
            if variant.item_id != item_id:
                raise Invalid(
                    f"products.json, record {product_id}: variant {item_id} calls itself {variant.item_id}."
                )
            if item_id in seen:
                raise Invalid(
                    f"products.json, record {product_id}: {item_id} is also a variant of {seen[item_id]}."
                )
            seen[item_id] = product_id
