"""Signing in through a real provider: who comes in, who does not, and where they are led."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from console import create_app
from console.config import Settings
from console.db import db
from console.errors import ConfigurationError
from console.models import AuditEvent, Operator, SignIn
from tests.browserless import Client
from tests.conftest import Cast
from tests.oidc_provider import Provider
from tests.views.forms import HTMX
from tests.views.oidc import BACK, BEN, come_back, go, oidc, sign_in


def failures() -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.event_type == "sign_in_failed")))


def test_who_has_an_account_comes_in_and_is_known_by_the_subject_from_then_on(
    browser: Client, provider: Provider, cast: Cast
) -> None:
    answer = sign_in(browser, "/inbox?view=mine")
    assert (answer.status_code, answer.location) == (303, "/inbox?view=mine")
    assert "Ben Weiss" in browser.get("/inbox").text
    row = db.session.scalars(select(SignIn)).one()
    assert (row.operator_id, row.method) == (cast.ben.id, "oidc")
    provider.person |= {"email": "renamed@elsewhere.example", "email_verified": False}
    assert sign_in(browser).status_code == 303
    assert provider.problems == []
    events = [event.event_type for event in db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))]
    assert events == ["identity_linked", "signed_in", "signed_in"]


def test_the_question_carries_pkce_state_and_nonce_and_no_secret(browser: Client, provider: Provider) -> None:
    away = browser.get("/login/oidc")
    asked = parse_qs(urlsplit(away.location).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
    assert len(asked["state"][0]) >= 20 and len(asked["nonce"][0]) >= 20
    assert asked["redirect_uri"] == [BACK] and "client_secret" not in asked


def test_reading_the_way_back_signs_nobody_in(browser: Client) -> None:
    address = go(browser).removeprefix("http://localhost")
    assert browser.get(address).status_code == browser.head(address).status_code == 200
    assert db.session.scalar(select(SignIn)) is None
    assert browser.get("/inbox").status_code == 302


def test_an_email_that_only_the_userinfo_page_says_is_enough(browser: Client, provider: Provider) -> None:
    provider.in_userinfo_alone = ("email", "email_verified")
    assert sign_in(browser).status_code == 303


@pytest.mark.parametrize(
    ("person", "says"),
    [
        ({"email_verified": False}, "did not confirm your email"),
        ({"email_verified": "true"}, "did not confirm your email"),
        ({"email_verified": None}, "did not confirm your email"),
        ({"email": None}, "did not confirm your email"),
        ({"email": "nobody@example.com"}, "There is no active account for nobody@example.com here."),
        ({"email": "left@example.com"}, "There is no active account for left@example.com here."),
        ({"email": "cleo@example.com"}, "belongs to another identity"),
    ],
)
def test_whom_the_console_does_not_know_stays_out_and_leaves_a_line(
    browser: Client, provider: Provider, cast: Cast, person: dict[str, Any], says: str
) -> None:
    cast.cleo.oidc_issuer, cast.cleo.oidc_subject = provider.issuer, "c-1"
    left = Operator(name="Left", email="left@example.com", active=False)
    db.session.add(left)
    db.session.commit()
    provider.person = {name: value for name, value in (BEN | person).items() if value is not None}
    answer = sign_in(browser)
    assert answer.status_code == 403 and says in answer.text
    assert db.session.scalar(select(SignIn)) is None
    (line,) = failures()
    assert "nobody@" not in str(vars(line))


def test_a_deactivated_account_stays_out_although_it_is_linked(
    browser: Client, provider: Provider, cast: Cast
) -> None:
    sign_in(browser)
    cast.ben.active = False
    db.session.commit()
    assert sign_in(browser).status_code == 403


def test_an_answer_is_good_once_and_in_one_browser(browser: Client, desk_app: Flask) -> None:
    address = go(browser)
    assert come_back(Client(desk_app), address).status_code == 422, "another browser"
    assert come_back(browser, address).status_code == 303
    again = come_back(browser, address)
    assert again.status_code == 422 and "begun in another browser, twice, or long ago" in again.text


def test_the_cookie_keeps_one_question_at_a_time(browser: Client) -> None:
    for _ in range(5):
        browser.get("/login/oidc")
    with browser.session_transaction() as cookie:
        assert len([key for key in cookie if key.startswith("_state_")]) == 1


def test_no_from_the_provider_is_said_calmly_and_none_of_its_words_are_shown(
    browser: Client, provider: Provider
) -> None:
    provider.refuses = "access_denied"
    answer = sign_in(browser)
    assert answer.status_code == 403 and "did not sign you in" in answer.text
    assert "<b>No" not in answer.text and "access_denied" not in answer.text


def test_a_provider_that_is_away_is_said_to_be(settings: Settings, cast: Cast) -> None:
    away = Client(create_app(settings.model_copy(update=oidc("http://127.0.0.1:1"))))
    answer = away.get("/login/oidc")
    assert answer.status_code == 503 and "sign in with your password" in answer.text


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_elsewhere_after_signing_in(browser: Client, target: str) -> None:
    assert sign_in(browser, target).location == "/inbox"


def test_the_forms_may_post_to_nobody_but_us(browser: Client) -> None:
    page = browser.get("/login")
    assert 'href="/login/oidc?next=' in page.text
    assert "form-action 'self';" in page.headers["Content-Security-Policy"]
    assert 'target="_blank"' in browser.get("/login", headers=HTMX).text


def test_a_page_whose_sign_in_ended_goes_on_after_one_in_another_tab(browser: Client, cast: Cast) -> None:
    assert browser.get("/login?meanwhile=yes", headers=HTMX).status_code == 204
    sign_in(browser)
    answer = browser.get("/login?meanwhile=yes", headers=HTMX)
    assert answer.status_code == 200 and answer.headers["X-Signed-In"] == str(cast.ben.id)
    assert answer.headers["X-CSRF-Token"]


def test_without_a_provider_there_is_no_button_and_no_page(app: Flask, cast: Cast) -> None:
    plain = Client(app)
    assert "/login/oidc" not in plain.get("/login").text
    assert plain.get("/login/oidc").status_code == 404


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"CONSOLE_OIDC_ISSUER": "http://id.example"}, "CONSOLE_OIDC_ISSUER: must begin with https://"),
        ({"CONSOLE_OIDC_ISSUER": "https://id.example"}, "needs CONSOLE_OIDC_CLIENT_ID"),
    ],
)
def test_a_provider_that_is_half_set_up_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], says: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=says):
        Settings.from_env()
