"""One's own account: another password for who knows the present one, and where one is signed in."""

from __future__ import annotations

from flask import Flask

from console import create_app, people
from console.config import Settings
from console.db import db
from tests.browserless import Client
from tests.conftest import PASSWORD as OLD
from tests.conftest import Cast
from tests.views.conftest import As
from tests.views.forms import HTMX, read, send
from tests.views.test_session import sign_in

NEW = "correct horse battery"


def test_a_password_is_changed_here_and_ends_what_is_open_elsewhere(as_: As, app: Flask) -> None:
    here, there = as_("ben"), as_("ben")
    done = send(here, read(here, "/account").form("/password"), current=OLD, password=NEW, again=NEW)
    assert (done.status_code, done.location) == (303, "/account")
    assert here.get("/inbox").status_code == 200 and there.get("/inbox").status_code == 302
    assert sign_in(Client(app), password=OLD).status_code == 422
    assert sign_in(Client(app), password=NEW).status_code == 303


def test_what_is_wrong_is_said_at_its_field_and_no_password_comes_back(as_: As) -> None:
    ben = as_("ben")
    form = read(ben, "/account").form("/password")
    for typed, says in (
        ({"current": "not it", "password": NEW, "again": NEW}, "This is not your current password."),
        ({"current": OLD, "password": "short", "again": "short"}, "at least 12 are needed"),
        ({"current": OLD, "password": NEW, "again": "another one, as long"}, "are not the same"),
        ({"current": OLD}, "at least 12 are needed"),
    ):
        answer = send(ben, form, **typed)
        assert answer.status_code == 422 and says in answer.text
        assert NEW not in answer.text and OLD not in answer.text


def test_guessing_the_present_password_is_limited(settings: Settings, cast: Cast) -> None:
    ben = Client(create_app(settings.model_copy(update={"login_limit": "4 per minute"})))
    sign_in(ben)
    form = read(ben, "/account").form("/password")
    codes = [send(ben, form, current="no", password=NEW, again=NEW).status_code for _ in range(5)]
    assert codes == [422, 422, 422, 422, 429]


def test_sign_ins_are_listed_and_others_ended(as_: As) -> None:
    here, there, third = as_("ben"), as_("ben"), as_("ben")
    page = read(here, "/account")
    assert page.text.count("An unknown browser") == 3 and page.text.count("Here") == 1
    assert send(here, page.form("/sign-out")).status_code == 303
    assert sorted(other.get("/inbox").status_code for other in (there, third)) == [200, 302]
    everywhere = [form for form in page.forms if form.action.endswith("/sign-out")][-1]
    assert "sign_in" not in everywhere.values
    assert send(here, everywhere).status_code == 303
    assert [client.get("/inbox").status_code for client in (here, there, third)] == [200, 302, 302]
    part = here.get("/account", headers=HTMX)
    assert part.text.lstrip().startswith("<aside") and "ETag" in part.headers


def test_nobody_signs_another_out_here(as_: As, cast: Cast) -> None:
    ben, cleo = as_("ben"), as_("cleo")
    form = read(cleo, "/account").form("/account/password")
    theirs = people.list_sign_ins(cast.ben.id)[0].id
    token = form.values["csrf_token"]
    answer = cleo.post("/account/sign-out", data={"csrf_token": token, "sign_in": str(theirs)})
    assert answer.status_code == 303 and ben.get("/inbox").status_code == 200


def test_who_comes_through_the_provider_has_no_password_to_change(as_: As, cast: Cast) -> None:
    ben = as_("ben")
    cast.ben.password_hash = None
    db.session.commit()
    page = ben.get("/account").text
    assert "through your identity provider" in page and 'name="current"' not in page
