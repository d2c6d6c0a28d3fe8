"""`console expire`: what has waited for too long ends, by the same verbs as on the page."""

from __future__ import annotations

import pytest

from console import governance
from tests.cli.conftest import Command
from tests.desk import Desk


@pytest.fixture
def waiting(desk: Desk) -> list[int]:
    """Two adjustments and a refund that have waited for four days, and one that has not."""
    lanes = [desk.pending(), desk.pending(amount=2), desk.pending("refund", amount=48)]
    desk.tamper(
        "UPDATE tool_approvals SET created_at = now() - interval '4 days', expires_at = now() + interval '1 day'"
    )
    desk.pending(amount=9)
    return [lane.id for lane in lanes]


def statuses(waiting: list[int]) -> list[str]:
    return [str(lane.status) for one in waiting if (lane := governance.get_approval(one))]


def test_a_dry_run_says_what_would_end_and_ends_nothing(waiting: list[int], command: Command) -> None:
    done = command("expire", "--older-than", "72h", "--dry-run")
    assert done.exit_code == 0 and "Refund of 48" in done.output and "Adjustment of 9" not in done.output
    assert done.output.endswith("3 actions would end.\n")
    assert statuses(waiting) == ["pending"] * 3


def test_what_is_old_ends_and_the_trail_says_who_and_why(
    waiting: list[int],
    command: Command,
    desk: Desk,
) -> None:
    done = command("expire", "--older-than", "3d", "--as", "Ada@Example.com")
    assert done.exit_code == 0 and done.output.endswith("3 expired.\n")
    assert statuses(waiting) == ["expired"] * 3
    lane = governance.get_approval(waiting[0])
    assert lane is not None and lane.decided_by == desk.ada
    event = governance.list_events(lane.tool_proposal_id)[-1]
    assert (event.actor_id, event.reason) == (
        desk.ada,
        "Nobody had decided it for 3 d, so nothing will run.",
    )


def test_of_one_tool_alone(waiting: list[int], command: Command) -> None:
    done = command("expire", "--older-than", "72h", "--tool", "refund")
    assert done.output.endswith("1 expired.\n")
    assert statuses(waiting) == ["pending", "pending", "expired"]


def test_what_was_decided_meanwhile_is_counted_apart(
    waiting: list[int],
    command: Command,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = governance.old_lanes

    def and_ben_approves_one(*args: object, **words: object) -> object:
        found = list(read(*args, **words))  # type: ignore[arg-type]
        governance.approve(waiting[0], desk.ben, enqueue=desk.enqueued)
        return found

    monkeypatch.setattr(governance, "old_lanes", and_ben_approves_one)
    done = command("expire", "--older-than", "72h")
    assert done.output.endswith("2 expired, 1 was decided meanwhile by Ben.\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--older-than", "72"), "72 is no age; 72h, 3d or 90m is one."),
        (("--older-than", "72h", "--as", "zoe@example.com"), "There is no account for zoe@example.com."),
        (("--older-than", "72h", "--as", "ben@example.com"), "Only an admin can end the waiting"),
        ((), "Missing option '--older-than'"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(
    waiting: list[int],
    command: Command,
    words: tuple[str, ...],
    sentence: str,
) -> None:
    done = command("expire", *words)
    assert done.exit_code != 0 and sentence in done.output and "Traceback" not in done.output
    assert statuses(waiting) == ["pending"] * 3


def test_what_a_tool_that_is_gone_left_behind_can_be_ended(
    waiting: list[int], command: Command, desk: Desk
) -> None:
    desk.tamper("UPDATE tool_approvals SET tool_ref = 'gone' WHERE id = :id", id=waiting[1])
    assert command("expire", "--older-than", "72h", "--tool", "gone").output.endswith("1 expired.\n")
    assert command("expire", "--older-than", "72h", "--tool", "gone").output == (
        "Nothing of gone has waited that long.\n"
    )


def test_nothing_that_old_is_no_failure(desk: Desk, command: Command) -> None:
    done = command("expire", "--older-than", "72h")
    assert (done.exit_code, done.output) == (0, "Nothing has waited that long.\n")
