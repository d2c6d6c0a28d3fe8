"""`console shop` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.cli import main
from console.config import Settings
from console.db import db
from console.shop import state
from tests.shop import small


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the small shop, and an environment that leads to the tests' servers."""
    for name, records in small.tables().items():
        (tmp_path / f"{name}.json").write_text(json.dumps(records))
    monkeypatch.setenv("CONSOLE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("CONSOLE_REDIS_URL", settings.redis_url)
    return tmp_path


def console(*words: str, answer: str = "") -> Result:
    db.session.remove()
    return CliRunner().invoke(main, ["shop", *words], input=answer)


def test_a_folder_is_loaded_again_and_again_and_has_one_hash(shop: state.Tables, folder: Path) -> None:
    small.call("cancel_pending_order", order_id="#W1", reason="no longer needed")
    db.session.commit()
    for _ in range(2):
        loaded = console("load", str(folder))
        assert loaded.exit_code == 0, loaded.output
        assert "2 customers" in loaded.output and "7 orders" in loaded.output
        assert console("hash").output.strip() == state.state_hash(small.tables())


def test_a_fault_is_one_sentence_and_exit_code_one(shop: state.Tables, folder: Path) -> None:
    tables = small.tables()
    tables["users"]["ana_lopez"]["email"] = None
    (folder / "users.json").write_text(json.dumps(tables["users"]))
    failed = console("load", str(folder))
    assert failed.exit_code == 1
    assert "users.json, record ana_lopez: email: " in failed.output and "Traceback" not in failed.output
    (folder / "users.json").unlink()
    failed = console("load", str(folder))
    assert failed.exit_code == 1 and "is not there" in failed.output
    assert state.export(db.session()) == shop


def test_clearing_asks_first(shop: state.Tables, folder: Path) -> None:
    assert console("clear", answer="n\n").exit_code == 1
    assert state.export(db.session()) == shop
    assert console("clear", answer="y\n").exit_code == 0
    db.session.remove()
    assert state.export(db.session()) == {"users": {}, "orders": {}, "products": {}}
