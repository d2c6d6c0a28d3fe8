"""The migrations make exactly what the models say, one after the other, forward."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from console.db import db

VERSIONS = sorted((Path(__file__).parents[1] / "migrations" / "versions").glob("*.py"))


def constants(path: Path) -> dict[str, object]:
    assigned = (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign))
    return {
        ast.unparse(node.targets[0]): node.value.value
        for node in assigned
        if isinstance(node.value, ast.Constant)
    }


def test_the_migrations_make_what_the_models_say(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_schemas": True,
                "include_name": lambda name, kind, parents: kind != "schema" or name in (None, "shop"),
            },
        )
        assert compare_metadata(context, db.metadata) == []


def test_the_migrations_are_one_line_and_named_by_number_verb_and_noun() -> None:
    assert VERSIONS
    before = None
    for path in VERSIONS:
        assert re.fullmatch(r"\d{4}_[a-z]+(_[a-z0-9]+)+", path.stem), path.name
        found = constants(path)
        assert found["revision"] == path.stem[:4] and found["down_revision"] == before
        before = found["revision"]


def test_no_migration_goes_back() -> None:
    """Forward only: a step back would drop what people decided."""
    for path in VERSIONS:
        functions = {
            node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)
        }
        assert "upgrade" in functions
        back = functions.get("downgrade")
        assert back is None or "raise" in ast.unparse(back), f"{path.name} goes back"
