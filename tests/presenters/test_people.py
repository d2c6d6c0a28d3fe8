"""Words for people: states, browsers, what ends with somebody, and how an account is now."""

from __future__ import annotations

import pytest

from console.db import now
from console.models import ApiToken, Operator, Role, ToolApproval, ToolProposal
from console.presenters import people


def ben(**columns: object) -> Operator:
    as_is = {
        "name": "Ben Weiss",
        "email": "ben@example.com",
        "role": Role.OPERATOR,
        "scopes": [],
        "active": True,
    }
    return Operator(**as_is | columns)


@pytest.mark.parametrize(
    ("found", "link", "word"),
    [
        (ben(password_hash="x"), False, "Active"),
        (ben(password_hash="x"), True, "Active"),
        (ben(oidc_subject="x"), False, "Active"),
        (ben(), True, "Invited"),
        (ben(), False, "Cannot sign in yet"),
        (ben(active=False, password_hash="x"), False, "Deactivated"),
        (ApiToken(name="iris", active=True), False, "Active"),
        (ApiToken(name="iris", active=False), False, "Deactivated"),
    ],
)
def test_how_somebody_stands(found: Operator | ApiToken, link: bool, word: str) -> None:
    assert people.standing(found, now() if link else None).word == word


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/142.0 Safari/537.36",
            "Chrome on a Mac",
        ),
        ("curl/8.5", "An unknown browser"),
        ("something on Android", "A browser on Android"),
        ("", "An unknown browser"),
        ("<script>", "An unknown browser"),
    ],
)
def test_a_browser_as_people_say_it(said: str, words: str) -> None:
    assert people.browser(said) == words


def lanes(*titles: str) -> list[ToolApproval]:
    return [ToolApproval(proposal=ToolProposal(title=title)) for title in titles]


@pytest.mark.parametrize(
    ("count", "says"),
    [
        (0, "Nothing that Ben asked for or approved still waits to run."),
        (
            1,
            "1 action that Ben asked for or approved has not run yet. It will not run, and its card says why.",
        ),
        (7, "7 actions that Ben asked for or approved have not run yet. They will not run"),
        (100, "At least 100 actions that Ben"),
    ],
)
def test_what_ends_with_somebody_is_said_before_anyone_does_it(count: int, says: str) -> None:
    said = people.ending(ben(), lanes(*[f"Refund {number}" for number in range(count)]), 100)
    assert says in said.sentence and said.sentence.startswith(
        "Ben is signed out everywhere within five seconds"
    )
    assert len(said.titles) == min(count, 5) and said.more == max(0, count - 5)


def test_an_agent_is_not_signed_out_but_worth_nothing() -> None:
    assert people.ending(ApiToken(name="iris"), [], 100).sentence.startswith("Its token is worth nothing")


def test_scopes_that_nothing_asks_for_any_more_can_still_be_taken_away() -> None:
    choices = people.scope_choices(
        {"orders:refund": ["Refund", "Return"], "notes": ["Note"]}, ["gone", "notes"]
    )
    assert [(one.name, one.held) for one in choices] == [
        ("orders:refund", False),
        ("notes", True),
        ("gone", True),
    ]
    assert choices[0].asked_by == "Refund and Return" and "any more" in choices[2].asked_by


def test_how_an_account_is_now_is_said_where_it_differs() -> None:
    typed = {"name": "Ben Weiss", "email": "b@example.com", "role": "admin", "scopes": ["a"]}
    assert people.differences(ben(scopes=["b", "a"]), typed) == [
        "The email is now ben@example.com.",
        "The role is now Operator.",
        "The scopes are now a and b.",
    ]
