"""`console audit verify`: says whether everything is as it was written, and exits with 1 when it is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from console import governance
from console.cli import main
from console.config import Settings
from console.trail import checking
from tests.desk import Desk
from tests.trail.tampering import tamper

Verify = Callable[[], Result]


@pytest.fixture
def verify(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Run `console audit verify` on the tests' servers."""
    monkeypatch.setenv("CONSOLE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("CONSOLE_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("CONSOLE_SECRET_KEY", settings.secret_key)
    return lambda: CliRunner().invoke(main, ["audit", "verify"])


def test_a_whole_trail_is_said_to_be_whole(desk: Desk, verify: Verify) -> None:
    lane = desk.pending()
    governance.approve(lane.id, desk.ben, enqueue=desk.enqueued)
    done = verify()
    assert (done.exit_code, done.output) == (
        0,
        "Looked at 3 events of 1 proposals and 0 lines of the log: everything is as it was written.\n",
    )


def test_nothing_at_all_is_whole(verify: Verify) -> None:
    assert verify().exit_code == 0


def test_what_was_changed_is_named_and_the_exit_code_says_so(desk: Desk, verify: Verify) -> None:
    for _ in range(3):
        desk.pending()
    tamper(
        "UPDATE tool_action_events SET actor_id = 'operator:9' WHERE id = 2",
        "DELETE FROM tool_action_events WHERE id = 3",
        "DELETE FROM tool_action_events WHERE id = 6",
    )
    done = verify()
    assert done.exit_code == 1
    assert [line for line in done.stdout.splitlines() if "lane" not in line] == [
        "Event 2 of proposal 1 was changed after it was written.",
        "Proposal 2 has no event 1 of its trail any more: taken out.",
        "Event 6 of proposal 3 was taken away from the end.",
    ]
    assert "things are not as written." in done.stderr


def test_however_long_it_is_it_is_read_a_little_at_a_time(
    desk: Desk,
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checking, "FETCHED_AT_ONCE", 2)
    for _ in range(7):
        desk.pending()
    done = verify()
    assert done.exit_code == 0 and done.output.startswith("Looked at 14 events of 7 proposals")
