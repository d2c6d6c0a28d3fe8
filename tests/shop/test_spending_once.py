"""Two runs at once on one gift card, or on one order: the money is there for one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from console.db import db, transaction
from console.shop import loader, state
from console.tools import PermanentToolError
from tests.shop import small

Run = Callable[[], object]


def at_once(app: Flask, runs: list[Run]) -> list[str]:
    """Start every run in a thread and transaction of its own; “done” or the refusal of each."""
    gate, outcomes = threading.Barrier(len(runs)), [""] * len(runs)

    def work(place: int, run: Run) -> None:
        with app.app_context():
            gate.wait(timeout=10)
            try:
                with transaction():
                    run()
                outcomes[place] = "done"
            except PermanentToolError as refusal:
                outcomes[place] = str(refusal)

    threads = [threading.Thread(target=work, args=(place, run)) for place, run in enumerate(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes


def pay(order_id: str) -> Run:
    return lambda: small.call(
        "modify_pending_order_payment", order_id=order_id, payment_method_id="gift_card_1"
    )


def upgrade(order_id: str) -> Run:
    return lambda: small.call(
        "modify_pending_order_items",
        order_id=order_id,
        item_ids=["lamp-c"],
        new_item_ids=["lamp-b"],
        payment_method_id="gift_card_1",
    )


@pytest.mark.parametrize("attempt", range(5))
def test_a_gift_card_is_not_spent_twice(app: Flask, attempt: int) -> None:
    tables = small.tables()
    tables["users"]["ana_lopez"]["payment_methods"]["gift_card_1"]["balance"] = 30.0
    tables["orders"]["#W1"] = small.order("#W1", "pending", ["lamp-a"], "paypal_1")
    with transaction():
        loader.replace(db.session(), tables)
    outcomes = at_once(app, [pay("#W1"), upgrade("#W6")])
    assert sorted(outcome == "done" for outcome in outcomes) == [False, True]
    assert any(outcome.startswith("Insufficient gift card balance") for outcome in outcomes)
    after = state.export(db.session())
    left = after["users"]["ana_lopez"]["payment_methods"]["gift_card_1"]["balance"]
    assert left == (10.0 if outcomes[0] == "done" else 4.75)


@pytest.mark.parametrize("attempt", range(5))
def test_an_order_is_cancelled_once_and_refunded_once(app: Flask, shop: state.Tables, attempt: int) -> None:
    def cancel() -> object:
        return small.call("cancel_pending_order", order_id="#W4", reason="no longer needed")

    outcomes = at_once(app, [cancel] * 4)
    assert outcomes.count("done") == 1
    assert sum(outcome.startswith("Non-pending order cannot be cancelled") for outcome in outcomes) == 3
    after = state.export(db.session())
    assert after["users"]["ana_lopez"]["payment_methods"]["gift_card_1"]["balance"] == 70.0
    assert len(after["orders"]["#W4"]["payment_history"]) == 2
