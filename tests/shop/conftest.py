"""The shop of the tests: the small one, loaded and committed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from console.db import db, transaction
from console.shop import loader, state
from tests.shop import small


@pytest.fixture
def shop(app: Flask) -> state.Tables:
    """The small shop; returns its state as loaded."""
    with transaction():
        loader.replace(db.session(), small.tables())
    return state.export(db.session())


@pytest.fixture
def now_in_shop(shop: state.Tables) -> Callable[[], state.Tables]:
    """Reads the state of the small shop as it is now."""
    return lambda: state.export(db.session())
