"""Signing in, staying in, and being out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update

from console import create_app
from console.config import Settings
from console.db import db
from console.models import Operator, SignIn
from console.views.session import local_path
from tests.browserless import Client
from tests.conftest import PASSWORD, Cast, Clock

HTMX = {"HX-Request": "true"}


def token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login", headers=HTMX).text)
    assert found
    return found[1]


def sign_in(
    client: FlaskClient, email: str = "ben@example.com", password: str = PASSWORD, **form: str
) -> Any:
    headers = HTMX if form.pop("over_page", "") else {}
    form = {"email": email, "password": password, "csrf_token": token(client), **form}
    return client.post("/login", data=form, headers=headers)


def test_sign_in_leads_to_where_one_was_going(client: FlaskClient, cast: Cast) -> None:
    asked = client.get("/navigation?at=inbox")
    assert (asked.status_code, asked.location) == (302, "/login?next=/navigation?at=inbox")
    answer = sign_in(client, next="/navigation?at=inbox")
    assert (answer.status_code, answer.location) == (303, "/navigation?at=inbox")
    assert client.get("/navigation?at=inbox").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\\b",
        "/\n/evil",
        "",
        None,
    ],
)
def test_next_is_only_ever_a_path_of_ours(target: str | None) -> None:
    assert local_path(target) == "/inbox"


def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(client: FlaskClient, cast: Cast) -> None:
    wrong, unknown = sign_in(client, password="nope"), sign_in(client, email="nobody@example.com")
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert "do not belong together" in wrong.text
    assert 'value="ben@example.com"' in wrong.text

    def body(answer: Any) -> str:
        return re.sub(r'value="[^"]*"', "", answer.text)

    assert body(wrong) == body(unknown)


@pytest.mark.parametrize("email", ["", "x" * 400, "ben@example.com"])
def test_empty_and_endless_input_is_refused_calmly(client: FlaskClient, cast: Cast, email: str) -> None:
    answer = sign_in(client, email=email, password="p" * 5000 if email.startswith("ben") else "p")
    assert answer.status_code == 422


def test_the_email_is_known_in_any_case(client: FlaskClient, cast: Cast) -> None:
    assert sign_in(client, email="BEN@Example.com ").status_code == 303


def test_an_inactive_operator_neither_comes_in_nor_stays(client: FlaskClient, cast: Cast) -> None:
    sign_in(client)
    cast.ben.active = False
    db.session.commit()
    assert client.get("/navigation").status_code == 302
    assert sign_in(client).status_code == 422


def test_the_cookie_holds_a_token_and_the_database_only_its_hash(client: FlaskClient, cast: Cast) -> None:
    sign_in(client)
    with client.session_transaction() as cookie:
        held = cookie["_user_id"]
    row = db.session.scalars(select(SignIn)).one()
    assert row.operator_id == cast.ben.id
    assert held not in row.token_hash
    assert len(row.token_hash) == 64


def test_a_cookie_from_before_does_not_become_signed_in(client: FlaskClient, cast: Cast) -> None:
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "planted"
        cookie["csrf_token"] = "planted"
    sign_in(client)
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != "planted"
        assert cookie.get("csrf_token") != "planted"


def test_a_second_sign_in_ends_the_first(client: FlaskClient, cast: Cast) -> None:
    sign_in(client)
    sign_in(client, over_page="yes")
    assert [row.ended_at is None for row in db.session.scalars(select(SignIn).order_by(SignIn.id))] == [
        False,
        True,
    ]


def test_signing_out_ends_the_row_so_that_a_kept_cookie_is_worth_nothing(
    client: FlaskClient, cast: Cast
) -> None:
    sign_in(client)
    kept = client.get_cookie("console")
    assert kept
    assert client.post("/logout", data={"csrf_token": token(client)}).location == "/login"
    client.set_cookie("console", kept.value)
    assert client.get("/navigation").status_code == 302


def test_a_sign_in_ends_by_itself(client: FlaskClient, cast: Cast, clock: Clock) -> None:
    sign_in(client)
    clock.advance(hours=24 * 14, minutes=1)
    assert client.get("/navigation").status_code == 302


def test_the_operator_is_loaded_with_one_query(client: FlaskClient, cast: Cast) -> None:
    sign_in(client)
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    client.get("/login")
    event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in seen if statement.lstrip().startswith("SELECT")]) == 1


def test_a_part_of_a_page_gets_the_sign_in_to_lay_over_it(client: FlaskClient, cast: Cast) -> None:
    sign_in(client)
    db.session.query(SignIn).update({"ended_at": db.func.now()})
    db.session.commit()
    answer = client.get("/navigation", headers=HTMX)
    assert (answer.status_code, answer.headers["X-Problem"]) == (401, "signed_out")
    assert 'hx-post="/login"' in answer.text
    assert 'value="ben@example.com"' in answer.text
    assert client.get("/live?topics=inbox").status_code == 401


def test_an_ended_session_is_asked_to_sign_in_before_its_token_is_looked_at(
    client: FlaskClient, cast: Cast
) -> None:
    answer = client.post("/drafts", data={"key": "conversation:1:note", "body": "b"}, headers=HTMX)
    assert (answer.status_code, answer.headers["X-Problem"]) == (401, "signed_out")


def test_signing_in_over_the_page_gives_it_the_new_token(client: FlaskClient, cast: Cast) -> None:
    answer = sign_in(client, over_page="yes")
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["X-Signed-In"] == str(cast.ben.id)
    draft = {"key": "conversation:1:reply", "body": "kept"}
    kept = client.post("/drafts", data=draft, headers={**HTMX, "X-CSRFToken": answer.headers["X-CSRF-Token"]})
    assert kept.status_code == 204


def test_a_hash_made_with_older_parameters_is_renewed(client: FlaskClient, cast: Cast) -> None:
    old = cast.ben.password_hash
    sign_in(client)
    db.session.expire_all()
    renewed = db.session.get_one(Operator, cast.ben.id).password_hash
    assert renewed != old
    assert PasswordHasher().verify(renewed, PASSWORD)


@pytest.fixture
def strict(settings: Settings, cast: Cast) -> Flask:
    return create_app(settings.model_copy(update={"login_limit": "3 per minute"}))


def test_tries_are_limited_with_a_sentence(strict: Flask) -> None:
    client = Client(strict)
    answers = [sign_in(client, password="nope") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert "Wait a minute" in answers[-1].text
    assert 'value="ben@example.com"' in answers[-1].text


def test_tries_are_limited_when_the_queue_server_is_away(settings: Settings, cast: Cast) -> None:
    away = settings.model_copy(update={"login_limit": "2 per minute", "redis_url": "redis://127.0.0.1:1/0"})
    client = Client(create_app(away))
    assert [sign_in(client, password="nope").status_code for _ in range(3)] == [422, 422, 429]


def test_an_answer_that_was_under_way_does_not_put_an_older_sign_in_back(
    client: FlaskClient, cast: Cast
) -> None:
    sign_in(client)
    client.get("/inbox")  # gives the page its token
    assert client.get("/navigation", headers=HTMX).headers.get("Set-Cookie") is None
    db.session.execute(update(SignIn).values(ended_at=db.func.now()))
    db.session.commit()
    answer = client.get("/navigation", headers=HTMX)
    assert (answer.status_code, answer.headers.get("Set-Cookie")) == (401, None)
