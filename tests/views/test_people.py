"""The pages of people: without a script, with what was typed kept, and with secrets in one answer alone."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from console import people
from console.db import db
from console.models import ApiToken, AuditEvent, Operator, PasswordLink
from tests.browserless import Client
from tests.conftest import Cast
from tests.desk import Desk
from tests.views.conftest import As
from tests.views.forms import HTMX, Page, read, send
from tests.views.test_session import sign_in

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(as_: As) -> FlaskClient:
    return as_("ada")


def secret(html: str) -> str:
    found = re.search(r'id="secret" value="([^"]+)"', html)
    assert found, html
    return found[1]


def test_from_the_invitation_to_the_first_page(app: Flask, ada: FlaskClient) -> None:
    form = read(ada, "/admin/people/new").form("/admin/people")
    answer = send(ada, form, name="Noor Aziz", email="noor@shop.example", scopes="orders:refund")
    assert answer.status_code == 201
    link = secret(answer.text)
    assert link.startswith("http://localhost/password?token=")
    assert link not in ada.get("/admin/people").text and "Invited" in ada.get("/admin/people").text
    noor = Client(app)
    page = read(noor, link.removeprefix("http://localhost"))
    assert "Welcome, Noor Aziz" in page.text and "noor@shop.example" in page.text
    done = send(noor, page.form("/password"), password=PASSWORD, again=PASSWORD)
    assert (done.status_code, done.location) == (303, "/login")
    assert "Your password is set" in noor.get("/login").text
    assert sign_in(noor, "noor@shop.example", PASSWORD).status_code == 303
    assert noor.get("/inbox").status_code == 200
    found = people.find_operator("noor@shop.example")
    assert found is not None and found.scopes == ["orders:refund"]


def test_a_link_that_is_used_up_says_so_calmly(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    answer = send(ada, read(ada, f"/admin/people/{cast.ben.id}").form("/link"))
    link = secret(answer.text).removeprefix("http://localhost")
    ben = Client(app)
    page = read(ben, link)
    assert "Choose another password" in page.text
    assert send(ben, page.form("/password"), password="short", again="short").status_code == 422
    different = send(ben, page.form("/password"), password=PASSWORD, again="another one, as long")
    assert different.status_code == 422 and "are not the same" in different.text
    assert PASSWORD not in different.text
    assert send(ben, page.form("/password"), password=PASSWORD, again=PASSWORD).status_code == 303
    for again in (ben.get(link), send(ben, page.form("/password"), password=PASSWORD, again=PASSWORD)):
        assert again.status_code == 410 and "Ask an admin for a new one" in again.text
    assert ben.get("/password").status_code == 410


def test_no_log_and_no_page_keeps_a_token(
    ada: FlaskClient, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = send(ada, read(ada, f"/admin/people/{cast.ben.id}").form("/link"))
    token = secret(answer.text).split("token=")[1]
    ada.get(f"/password?token={token}")
    assert token not in capsys.readouterr().out
    assert token not in ada.get(f"/admin/people/{cast.ben.id}").text
    assert token not in str([vars(row) for row in db.session.scalars(select(AuditEvent))])


def test_a_wrong_invitation_comes_back_as_it_was_typed(ada: FlaskClient) -> None:
    form = read(ada, "/admin/people/new").form("/admin/people")
    wrong = send(ada, form, name="Noor <b>", email="noor", role="admin", scopes="orders:refund")
    assert wrong.status_code == 422 and "noor is no email address" in wrong.text
    page = Page(wrong.text)
    assert page.form("/admin/people").values | {"csrf_token": ""} == {
        "csrf_token": "",
        "name": "Noor <b>",
        "email": "noor",
        "role": "admin",
        "scopes": "orders:refund",
    }
    taken = send(ada, form, name="Ben", email="ben@example.com")
    assert taken.status_code == 409 and "There is an account for ben@example.com already." in taken.text
    assert send(ada, form, name="X", email="x@example.com", role="owner").status_code == 422
    assert send(ada, form, name="X", email="x@example.com", scopes="everything").status_code == 422
    assert db.session.scalar(select(PasswordLink)) is None


def test_a_change_is_saved_and_one_from_an_old_page_says_how_it_is_now(ada: FlaskClient, cast: Cast) -> None:
    form = read(ada, f"/admin/people/{cast.ben.id}").form(f"/people/{cast.ben.id}")
    assert form.values["version"] == "1"
    saved = send(ada, form, role="admin")
    assert (saved.status_code, saved.location) == (303, f"/admin/people/{cast.ben.id}")
    assert "Ben Weiss is changed." in ada.get("/admin/people").text
    late = send(ada, form, name="Benedikt")
    assert late.status_code == 409
    for words in (
        "Somebody changed Ben Weiss since you opened this page",
        "The role is now Admin.",
        "Benedikt",
    ):
        assert words in late.text, words
    again = send(ada, Page(late.text).form(f"/people/{cast.ben.id}"), role="admin")
    assert again.status_code == 303
    assert people.get_operator(cast.ben.id).name == "Benedikt"


def test_what_ends_with_somebody_is_on_the_page_before_the_button(
    ada: FlaskClient, cast: Cast, desk: Desk
) -> None:
    desk.approved(amount=7)
    page = read(ada, f"/admin/people/{cast.ben.id}")
    assert "1 action that Ben asked for or approved has not run yet." in page.text
    assert "Adjustment of 7" in page.text
    done = send(ada, page.form("/deactivation"))
    assert (done.status_code, done.location) == (303, f"/admin/people/{cast.ben.id}")
    assert (
        "Ben Weiss" not in Page(ada.get("/admin/people").text).text.split("Agents")[0].split("Signed in")[1]
    )
    assert "Ben Weiss" in ada.get("/admin/people?deactivated=1").text
    assert send(ada, read(ada, f"/admin/people/{cast.ben.id}").form("/activation")).status_code == 303


def test_the_last_admin_reads_why_nothing_was_changed(ada: FlaskClient, cast: Cast) -> None:
    page = read(ada, f"/admin/people/{cast.ada.id}")
    refused = send(ada, page.form("/deactivation"))
    assert refused.status_code == 409 and "This is the last active admin" in refused.text
    demoted = send(ada, page.form(f"/people/{cast.ada.id}"), role="operator")
    assert demoted.status_code == 409 and "This is the last active admin" in demoted.text
    assert ada.get("/admin/people").status_code == 200


def test_how_somebody_stands_is_a_part_of_its_own_and_tells_of_another_admins_change(
    ada: FlaskClient, cast: Cast
) -> None:
    here = f"/admin/people/{cast.ben.id}?seen=1"
    first = ada.get(here, headers=HTMX)
    assert first.status_code == 200 and first.text.lstrip().startswith("<aside")
    assert ada.get(here, headers={**HTMX, "If-None-Match": first.headers["ETag"]}).status_code == 304
    people.grant(cast.ben.actor_id, people.SYSTEM, ["orders:refund"])
    people.revoke(cast.ben.actor_id, people.SYSTEM, ["orders:refund"])
    assert "Somebody changed this account since you opened the page." in ada.get(here, headers=HTMX).text


def test_sign_ins_of_somebody_are_listed_and_ended(ada: FlaskClient, as_: As, cast: Cast) -> None:
    ben = as_("ben")
    page = read(ada, f"/admin/people/{cast.ben.id}")
    assert send(ada, page.form("/sign-out")).status_code == 303
    assert ben.get("/inbox").status_code == 302
    assert "Nowhere now." in ada.get(f"/admin/people/{cast.ben.id}").text


def test_an_identity_is_shown_and_released(ada: FlaskClient, cast: Cast) -> None:
    cast.ben.oidc_issuer, cast.ben.oidc_subject = "https://id.example", "b-7"
    db.session.commit()
    page = read(ada, f"/admin/people/{cast.ben.id}")
    assert "Known to https://id.example" in page.text and "b-7" not in page.text
    assert send(ada, page.form("/identity")).status_code == 303
    assert people.get_operator(cast.ben.id).oidc_subject is None


def test_people_are_found_and_paged_by_name(
    ada: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.config["SETTINGS"].model_copy(update={"page_size": 2})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    db.session.add_all([Operator(name=name, email=f"{name}@x.example") for name in ("anna", "Bea", "100%")])
    db.session.commit()
    seen, path = [], "/admin/people"
    while path:
        html = ada.get(path).text
        seen += re.findall(r'<span class="people-name__name">([^<]+)</span> <span', html)
        further = re.search(r'href="([^"]+)" rel="next"', html)
        path = further[1].replace("&amp;", "&") if further else ""
    assert seen == ["100%", "Ada Okafor", "anna", "Bea", "Ben Weiss", "Cleo Marchetti"]
    assert "100%" in ada.get("/admin/people?q=%25").text and "Bea" not in ada.get("/admin/people?q=%25").text
    assert "Nobody is called so" in ada.get("/admin/people?q=zzz").text


def test_a_page_of_people_takes_few_queries(ada: FlaskClient, cast: Cast, statements: list[str]) -> None:
    db.session.add_all([Operator(name=f"N{number}", email=f"n{number}@x.example") for number in range(60)])
    db.session.commit()
    statements.clear()
    ada.get("/admin/people", headers=HTMX)
    assert len(statements) <= 4, statements


def test_a_token_of_an_agent_is_in_one_answer_alone(ada: FlaskClient) -> None:
    made = send(
        ada, read(ada, "/admin/people/agents/new").form("/agents"), name="otto", scopes="orders:refund"
    )
    assert made.status_code == 201
    token = secret(made.text)
    assert token.startswith("console_")
    page = read(ada, "/admin/people/agents/otto")
    assert token not in page.text
    again = secret(send(ada, page.form("/token")).text)
    assert again != token
    found = db.session.scalars(select(ApiToken).where(ApiToken.name == "otto")).one()
    assert found.token_hash == people.hash_token(again)
    assert send(ada, page.form("/deactivation")).status_code == 303
    assert "It counts for nothing" in ada.get("/admin/people/agents/otto").text


def test_an_agents_form_keeps_what_was_typed(ada: FlaskClient) -> None:
    form = read(ada, "/admin/people/agents/new").form("/agents")
    wrong = send(ada, form, name="Otto", scopes="orders:refund")
    assert wrong.status_code == 422 and 'value="Otto"' in wrong.text
    assert Page(wrong.text).form("/agents").values["scopes"] == "orders:refund"
    assert send(ada, form, name="iris").status_code == 409
    page = read(ada, "/admin/people/agents/iris").form("/agents/iris")
    del page.values["scopes"]
    assert send(ada, page).status_code == 303
    late = send(ada, page, scopes="orders:refund")
    assert late.status_code == 409 and "Somebody changed iris" in late.text
