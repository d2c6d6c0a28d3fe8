"""What every answer carries and every request must satisfy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from console import create_app
from console.config import Settings
from tests.browserless import Client
from tests.conftest import Cast
from tests.views.test_session import HTMX, sign_in, token

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ben(client: FlaskClient, cast: Cast) -> FlaskClient:
    sign_in(client)
    return client


def draft(client: FlaskClient, body: str = "b", **headers: str) -> int:
    data = {"key": "conversation:1:reply", "body": body, "csrf_token": token(client)}
    return client.post("/drafts", data=data, headers={**HTMX, **headers}).status_code


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/healthz", "/static/sprite.svg"])
def test_every_answer_carries_the_policy(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_template_needs_more_than_the_policy_gives() -> None:
    for file in (ROOT / "templates").rglob("*.html"):
        text = re.sub(r"\{[{%#].*?[}%#]\}", "", file.read_text(), flags=re.DOTALL)
        for forbidden in ("<style", " style=", "<script>", "hx-on", "javascript:", " onclick="):
            assert forbidden not in text, f"{file.name}: {forbidden}"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(client: FlaskClient) -> None:
    cookie = client.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_production_cookies_travel_encrypted_only(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"environment": "production"}))
    assert "Secure" in Client(app).get("/login", base_url="https://desk.example").headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 204), ("none", 204)]
)
def test_another_site_changes_nothing(ben: FlaskClient, site: str, status: int) -> None:
    assert draft(ben, **{"Sec-Fetch-Site": site}) == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost", 204),
        ("https://localhost", 204),
        ("https://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("http://localhost:8001", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_where_a_browser_tells_no_more_than_its_origin_that_counts(
    ben: FlaskClient, origin: str, status: int
) -> None:
    assert draft(ben, Origin=origin) == status


def test_a_form_without_its_token_is_refused_and_the_page_gets_the_one_of_today(ben: FlaskClient) -> None:
    answer = ben.post("/drafts", data={"key": "conversation:1:note", "body": "b"}, headers=HTMX)
    assert (answer.status_code, answer.headers["X-Problem"]) == (400, "stale_form")
    assert "Press the button once more" in answer.text
    again = ben.post(
        "/drafts",
        data={"key": "conversation:1:note", "body": "b"},
        headers={**HTMX, "X-CSRFToken": answer.headers["X-CSRF-Token"]},
    )
    assert again.status_code == 204


def test_one_token_serves_a_page_all_day(ben: FlaskClient) -> None:
    kept = {**HTMX, "X-CSRFToken": token(ben)}
    for number in range(4):
        assert (
            ben.post(
                "/drafts", data={"key": "conversation:1:note", "body": f"{number}"}, headers=kept
            ).status_code
            == 204
        )


def test_a_body_that_is_too_large_is_413(ben: FlaskClient) -> None:
    assert draft(ben, "x" * 10_000_000) == 413
    assert "larger than this page takes" in ben.post("/login", data={"email": "x" * 2_000_000}).text


@pytest.mark.parametrize("path", ["/inbox?q=%00", "/conversations/%00", "/login?next=%00"])
def test_nul_in_an_address_is_400(ben: FlaskClient, path: str) -> None:
    assert ben.get(path).status_code == 400


def test_nul_in_a_form_is_400_with_a_sentence(ben: FlaskClient) -> None:
    assert draft(ben, "a\0b") == 400
    assert ben.post("/login", data={"email\0": "x"}).status_code == 400


def test_an_unknown_address_and_a_wrong_method_are_said_so(ben: FlaskClient) -> None:
    assert ben.get("/nowhere").status_code == 404
    assert ben.post("/nowhere").status_code == 404
    wrong = ben.get("/drafts")
    assert (wrong.status_code, "POST" in wrong.headers["Allow"]) == (405, True)


def test_a_failure_is_calm_and_tells_its_number_and_nothing_else(settings: Settings, cast: Cast) -> None:
    app = create_app(settings)
    app.add_url_rule("/broken", "health.broken", lambda: 1 / 0)

    client = Client(app)
    sign_in(client)
    for headers in ({}, HTMX):
        answer = client.get("/broken", headers=headers)
        assert answer.status_code == 500
        assert answer.headers["X-Request-ID"] in answer.text
        assert "ZeroDivisionError" not in answer.text
        assert ("<html" in answer.text) is (not headers)


def test_customer_data_is_not_kept_by_browsers_and_files_are(app: Flask, ben: FlaskClient) -> None:
    assert ben.get("/navigation").headers["Cache-Control"] == "no-store"
    with app.test_request_context():
        from console.assets import asset, stylesheet

        paths = [asset("js/keys.js"), stylesheet()]
    for path in paths:
        assert "immutable" in ben.get(path).headers["Cache-Control"]


def test_the_one_stylesheet_holds_every_component(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        from console.assets import stylesheet

        text = client.get(stylesheet()).text
    assert "@import" not in text
    for file in (ROOT / "static" / "css").glob("*.css"):
        if file.name != "app.css":
            assert file.read_text().strip() in text, file.name


def test_a_fragment_that_did_not_change_is_304(ben: FlaskClient) -> None:
    first = ben.get("/navigation?at=inbox", headers=HTMX)
    again = ben.get("/navigation?at=inbox", headers={**HTMX, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_vendored_files_are_the_ones_that_were_checked() -> None:
    import hashlib

    for folder in (ROOT / "static" / "vendor").iterdir():
        lines = (folder / "SHA256SUMS").read_text().split("\n")
        checked = dict(reversed(line.split("  ")) for line in lines if line)
        files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
        assert files == set(checked) | {"SHA256SUMS"}
        for name, digest in checked.items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
