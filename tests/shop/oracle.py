"""The published shop and its tasks, where the folder of shared data lies beside the checkout."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from console.db import db, transaction
from console.shop import loader
from console.shop.models import TABLES

DATA = Path(__file__).parents[3] / "shared" / "data"
TASKS = DATA / "tasks" / "tasks_tau2_retail_train.jsonl.gz"
UNTOUCHED = "0f4f7af1e0795e02e365e84953be14f0ce3da369fdeb4c248410c29e96f3cb62"
NAMES = [model.__tablename__ for model in TABLES]

beside_the_data = pytest.mark.skipif(
    not TASKS.exists(), reason="needs ../shared/data, which is not beside this checkout"
)


@dataclass(frozen=True)
class Task:
    """A sequence of tool calls, which of them fail, and the state that they lead to."""

    name: str
    calls: list[tuple[str, dict[str, Any]]]
    refusals: dict[int, str]
    """The published error of each call that must be refused, by its place."""
    state_hash: str


def tasks() -> list[Task]:
    """Every task, its state by the engine that `oracle.use` names."""
    if not TASKS.exists():
        return []
    with gzip.open(TASKS, "rt", encoding="utf-8") as lines:
        return [_task(json.loads(line)) for line in lines]


def _task(line: dict[str, Any]) -> Task:
    gold = line["gold"]
    trusted = gold if line["oracle"]["use"] == "gold" else gold["other_engine"]
    return Task(
        name=line["task_id"],
        calls=[(action["name"], action["arguments"]) for action in line["gold_actions"]],
        refusals={place: step["error"] for place, step in enumerate(gold["steps"]) if not step["ok"]},
        state_hash=trusted["state_hash"],
    )


def keep_untouched(app: Flask) -> None:
    """Load the published shop and keep a copy of its rows, to start each task from."""
    with app.app_context():
        with transaction():
            session = db.session()
            loader.replace(session, loader.read_folder(DATA / "host_retail"))
            session.execute(text("CREATE SCHEMA untouched"))
            for name in NAMES:
                session.execute(text(f"CREATE TABLE untouched.{name} AS TABLE shop.{name}"))
        db.session.remove()


def bring_back() -> None:
    """Fill the empty shop with the untouched rows."""
    with transaction():
        for name in NAMES:
            db.session.execute(text(f"INSERT INTO shop.{name} SELECT * FROM untouched.{name}"))
