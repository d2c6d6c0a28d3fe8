"""Every address and every field against what nobody would type: an answer with the right status, never a failure."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import Rule

from console import create_app
from console.config import Settings
from console.db import db
from console.models import Message, Operator, ToolApproval, ToolProposal
from console.people import passwords
from tests.conftest import PASSWORD_HASH, Cast
from tests.desk import Desk
from tests.outbound.desk import Outbox
from tests.views.addresses import FORMS, QUERIES
from tests.views.conftest import As
from tests.views.forms import HTMX, read
from tests.views.test_session import token

CALM = {200, 201, 204, 302, 303, 308, 400, 401, 403, 404, 405, 409, 410, 413, 422}
MARKUP = "</textarea><script>alert(1)</script>{{ 1000003 * 1000033 }}'; DROP TABLE messages; --"
WRONG: tuple[str | bytes, ...] = (
    "", " \u200b", "one", "-1", "1.5", str(2**63), "9" * 5000, "٣", "1e309", "a\0b", b"\xff\xfe", "\u202e",
    MARKUP, "a\r\nSet-Cookie: a=b", "//evil.example", "/\\evil.example", "//[", "http://[", "javascript:alert(1)",
    "[" * 5000, "x" * 20_001,
)  # fmt: skip
IDS = ("0", "-1", str(2**63 - 1), str(2**63), "9" * 100, "one", "%00", "%ff%fe", "1%0a", "1.0", "..%2f")


@pytest.fixture
def whom(as_: As, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], FlaskClient]:
    """Who may go to an address: Ben, and Ada where admins alone are let in."""
    # Hundreds of wrong sign-ins: hashing is not what these tests are about.
    monkeypatch.setattr(passwords, "_nobodys_hash", lambda: PASSWORD_HASH)
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    ben, ada = as_("ben"), as_("ada")
    return lambda path: ada if path.startswith("/admin") else ben


@pytest.fixture
def ben(whom: Callable[[str], FlaskClient]) -> FlaskClient:
    return whom("/")


@pytest.fixture
def places(desk: Desk, outbox: Outbox) -> dict[str, Any]:
    envelope, preview = outbox.submitted(1), outbox.preview(outbox.conversations(2))
    return {
        "conversation": desk.conversation_id,
        "lane": desk.pending("refund").id,
        "template": outbox.template_id,
        "envelope": envelope.id,
        "preview": preview.envelope_id,
        "delivery": outbox.deliveries()[0].id,
        "operator": desk.cast.cleo.id,
    }


def is_calm(answer: Any, about: object) -> None:
    """The answer is one that a person can live with, and sends nobody elsewhere."""
    text = answer.get_data(as_text=True)
    assert answer.status_code in CALM, f"{about}: {answer.status_code}"
    assert "Traceback" not in text and "<script>alert" not in text and "1000036000099" not in text, about
    place = answer.headers.get("Location", "/")
    assert place.startswith("/") and not place.startswith(("//", "/\\")), f"{about} leads to {place}"
    assert "a=b" not in answer.headers.getlist("Set-Cookie"), about


def addresses(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            yield rule


def test_each_form_of_the_console_is_in_this_table(app: Flask) -> None:
    plain = [path.replace("{envelope}", "<uuid:envelope_id>") for path in FORMS]
    known = {path.replace("{", "<int:").replace("}", "_id>").replace("/iris", "/<name>") for path in plain}
    assert {rule.rule for rule in addresses(app) if "POST" in (rule.methods or ())} <= known


def test_an_id_of_any_kind_in_any_address(app: Flask, whom: Callable[[str], FlaskClient]) -> None:
    for rule in addresses(app):
        if not rule.arguments:
            continue
        for wrong in IDS:
            path = rule.rule
            for argument in rule.arguments:
                for kind in ("", "int:", "path:", "uuid:"):
                    path = path.replace(f"<{kind}{argument}>", wrong)
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            client = whom(path)
            data = {"csrf_token": token(client)} if method == "POST" else None
            answer = client.open(path, method=method, data=data)
            is_calm(answer, (method, path))
            assert answer.status_code in (400, 404, 422), (method, path, answer.status_code)


def test_a_method_that_an_address_does_not_have(app: Flask, ben: FlaskClient) -> None:
    csrf = token(ben)
    for rule in addresses(app):
        if rule.arguments:
            continue
        for method in {"PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"}:
            answer = ben.open(rule.rule, method=method, data={"csrf_token": csrf})
            assert answer.status_code == 405 and "GET" in answer.headers["Allow"] + "GET", (method, rule.rule)


@pytest.mark.parametrize("path", QUERIES)
def test_a_wrong_query(whom: Callable[[str], FlaskClient], places: dict[str, Any], path: str) -> None:
    for name in QUERIES[path]:
        for wrong in WRONG:
            if path == "/live" and wrong == "":
                continue
            headers = HTMX if len(wrong) % 2 else {}
            answer = whom(path).get(path.format(**places), query_string={name: wrong}, headers=headers)
            is_calm(answer, (path, name, wrong[:20], headers))


@pytest.mark.parametrize("path", [path for path in FORMS if path != "/logout"])
def test_a_wrong_field(whom: Callable[[str], FlaskClient], places: dict[str, Any], path: str) -> None:
    client = whom(path)
    csrf = token(client)
    for number, wrong in enumerate(WRONG):
        for name in FORMS[path]:
            data: dict[str, Any] = {"csrf_token": csrf, **FORMS[path], name: wrong}
            answer = client.post(path.format(**places), data=data, headers=HTMX if number % 2 else {})
            is_calm(answer, (path, name, wrong[:20]))
    db.session.rollback()
    assert db.session.get_one(ToolApproval, places["lane"]).status == "pending"


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_fields_or_with_each_twice(
    ben: FlaskClient, places: dict[str, int], path: str
) -> None:
    csrf = token(ben)
    address = path.format(**places)
    for data in ({"csrf_token": csrf}, {"csrf_token": csrf, **{name: ["a", MARKUP] for name in FORMS[path]}}):
        is_calm(ben.post(address, data=data), path)
        csrf = token(ben)
    is_calm(ben.post(address, json={"csrf_token": csrf, "body": [[[]]]}), path)
    is_calm(ben.post(address, data={"csrf_token": csrf, "body": (io.BytesIO(b"\xff"), "a\0.txt")}), path)


@pytest.mark.parametrize("path", FORMS)
def test_signed_out_or_from_elsewhere_nothing_changes(
    app: Flask, client: FlaskClient, ben: FlaskClient, places: dict[str, int], path: str
) -> None:
    def rows() -> list[int]:
        db.session.rollback()
        return [db.session.scalar(select(func.count()).select_from(m)) or 0 for m in (Message, ToolProposal)]

    before, address = rows(), path.format(**places)
    mine, theirs = token(ben), token(client)
    signed_out = client.post(address, data={"csrf_token": theirs, **FORMS[path]})
    public = path.startswith(("/log", "/password"))
    assert signed_out.status_code in ((303, 410, 422) if public else (401,))
    for forged in ("", "x" * 5000, theirs):
        assert ben.post(address, data={**FORMS[path], "csrf_token": forged}).status_code == 400
    for site in ("cross-site", "same-site", "\xff"):
        data = {**FORMS[path], "csrf_token": mine}
        assert ben.post(address, data=data, headers={"Sec-Fetch-Site": site}).status_code == 403
    assert rows() == before


def test_a_multipart_body_that_is_none(ben: FlaskClient) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    for body in (b"--x\r\nnothing", b"--x\r\n" + b"a" * 2_000_000, part * 2000):
        answer = ben.post("/drafts", data=body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code in (400, 413)


class Stream(io.BytesIO):
    """What a server hands on of a body without a length."""

    def __init__(self, body: bytes, breaks: bool = False) -> None:
        super().__init__(body)
        self.breaks = breaks

    def readinto(self, buffer: Any, /) -> int:
        if self.breaks:
            raise RuntimeError("Invalid chunk size: b'zz'")
        return super().readinto(buffer)


@pytest.mark.parametrize(
    ("length", "breaks", "status"), [(10, False, 204), (1_000_000, False, 413), (10, True, 400)]
)
def test_a_body_without_a_length_is_taken_whole_or_not_at_all(
    ben: FlaskClient, length: int, breaks: bool, status: int
) -> None:
    body = f"csrf_token={token(ben)}&key=conversation:1:reply&body=".encode() + b"a" * length
    environ = {"wsgi.input": Stream(body, breaks), "wsgi.input_terminated": True}
    environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    answer = ben.post("/drafts", content_type="application/x-www-form-urlencoded", environ_overrides=environ)
    assert answer.status_code == status


def test_a_last_message_that_cannot_be(ben: FlaskClient, cast: Cast) -> None:
    form = read(ben, f"/conversations/{cast.conversation.id}").form("/messages")
    for seen in (str(2**63), "9" * 40, "9" * 5000, "-5", "one"):
        answer = ben.post(form.action, data=form.values | {"body": f"Seen {seen[:40]}", "seen": seen})
        assert answer.status_code == 303, seen[:40]


HEADERS = (
    {"If-None-Match": 'W/"'},
    {"If-None-Match": '"' + "a" * 3000},
    {"Range": "bytes=99999999999-"},
    {"If-Modified-Since": "Sun, 99 Foo 99999 00:00:00 GMT"},
    {"HX-Target": MARKUP.replace("\n", ""), "HX-Current-URL": "javascript:alert(1)"},
    {"HX-Request": "true", "HX-History-Restore-Request": "true"},
    {"X-HTTP-Method-Override": "DELETE", "X-Forwarded-Host": "evil.example", "X-Request-ID": "\u00ff" * 9},
    {"Host": "evil.example"},
    {"Host": "[::"},
    {"Accept-Language": ";;;q=x", "Accept": "\u00ff"},
)


def test_a_wrong_header(ben: FlaskClient, cast: Cast) -> None:
    for headers in HEADERS:
        for path in ("/inbox", f"/conversations/{cast.conversation.id}/rail", "/login", "/static/sprite.svg"):
            answer = ben.get(path, headers=headers)
            assert answer.status_code < 500 and "evil" not in str(answer.headers), (path, headers)


def test_a_form_of_a_stranger_that_says_to_come_from_no_address(app: Flask, cast: Cast) -> None:
    answer = app.test_client().post("/drafts", data={"body": "b"}, headers={"Referer": "http://["})
    assert answer.status_code == 401


def test_a_wrong_cookie_is_nobody(app: Flask, cast: Cast) -> None:
    nobody = app.test_client(use_cookies=False)
    for cookie in ("", "a", "..", "." * 3000, "eyJfdXNlcl9pZCI6MX0.aa.bb", "\u00ff"):
        answer = nobody.get("/inbox", headers={"Cookie": f"console={cookie}"})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=/inbox")


def test_an_operator_who_is_gone_is_nobody(app: Flask, ben: FlaskClient, cast: Cast) -> None:
    db.session.delete(db.session.get_one(Operator, cast.ben.id))
    db.session.commit()
    assert ben.get("/inbox").status_code == 302
    assert ben.get("/live?topics=inbox").status_code == 401


def test_a_database_that_is_away_is_said_and_not_a_failure(
    settings: Settings, ben: FlaskClient, cast: Cast
) -> None:
    away = create_app(settings.model_copy(update={"database_url": "postgresql+psycopg://x@127.0.0.1:1/x"}))
    there = ben.get_cookie("console")
    assert there is not None
    other = away.test_client()
    other.set_cookie("console", there.value)
    for headers in ({}, HTMX):
        answer = other.get(f"/conversations/{cast.conversation.id}", headers=headers)
        assert answer.status_code == 503 and "nothing was changed" in answer.text
