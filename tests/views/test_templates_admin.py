"""Templates in the admins' room: written, previewed with a real conversation, changed, archived; by admins alone."""

from __future__ import annotations

import pytest

from console import outbound
from console.models import TemplateVersion
from tests.outbound.desk import Outbox
from tests.views.conftest import As
from tests.views.forms import HTMX, read, send

GOOD = {
    "name": "Second parcel",
    "subject": "For {{ customer.first_name }}",
    "body": "Hello {{ customer.name }}",
}


def test_a_template_is_written_changed_and_kept_in_versions(as_: As, outbox: Outbox) -> None:
    client = as_("ada")
    answer = send(client, read(client, "/admin/templates/new").form("/admin/templates"), **GOOD)
    assert answer.status_code == 303
    here = str(answer.location)
    page = read(client, here)
    assert "“Second parcel” is there, and can be sent." in page.text and "Save version 2" in page.text
    form = page.form(here, version="1")
    assert form.values["body"] == GOOD["body"]
    changed = send(client, form, htmx=True, body="Good day {{ customer.name }}")
    assert changed.headers["HX-Redirect"] == here
    page = read(client, here)
    assert "Version 2 is in use." in page.text and "Version 1" in page.text
    old = read(client, f"{here}?version=1")
    assert "as you wrote it" in old.text and GOOD["body"] in old.text and "Save version" not in old.text
    assert read(client, f"{here}?version=9", 404)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"body": "Hi {{ customer.nam }}"}, "is no placeholder"),
        ({"body": "Hi {% for x in y %}"}, "placeholder"),
        ({"subject": ""}, ""),
        ({"name": "lost PALLET"}, ""),
        ({"body": "x" * 20_001}, ""),
    ],
)
def test_what_cannot_be_saved_comes_back_as_it_was_typed(
    as_: As, outbox: Outbox, typed: dict[str, str], words: str
) -> None:
    client = as_("ada")
    form = read(client, "/admin/templates/new").form("/admin/templates")
    for htmx in (False, True):
        answer = send(client, form, htmx=htmx, **GOOD | typed)
        assert answer.status_code == 422 and words in answer.text
        assert "Not saved." in answer.text and 'class="field__error"' in answer.text
        assert ("<html" in answer.text) is not htmx
    assert outbox.count(TemplateVersion) == 1


def test_of_two_who_change_it_the_second_is_told(as_: As, outbox: Outbox) -> None:
    client, here = as_("ada"), f"/admin/templates/{outbox.template_id}"
    form = read(client, here).form(here, version="1")
    outbound.change_template(outbox.template_id, outbox.ada, name="Lost pallet", subject="A", body="B")
    for htmx in (False, True):
        answer = send(client, form, htmx=htmx, body="What I typed")
        assert answer.status_code == 409 and "Somebody changed this template meanwhile" in answer.text
        assert "What I typed" in answer.text
    assert outbox.count(TemplateVersion) == 2


def test_the_preview_shows_a_real_customer_and_escapes_what_they_are_called(as_: As, outbox: Outbox) -> None:
    first, second = outbox.conversation("Sofia Marin"), outbox.conversation("<b>Kwame</b>")
    client = as_("ada")
    form = read(client, "/admin/templates/new").form("/admin/templates")
    form.action = "/admin/templates/preview"
    html = send(client, form, htmx=True, **GOOD, conversation_id=str(second)).text
    assert "&lt;b&gt;Kwame&lt;/b&gt;" in html and "<b>Kwame" not in html and 'id="template-preview"' in html
    html = send(client, form, htmx=True, **GOOD, conversation_id=str(first)).text
    assert 'For <mark class="merge">Sofia</mark>' in html
    html = send(client, form, htmx=True, **GOOD | {"body": "{{ nothing }}"}).text
    assert "is no placeholder" in html
    whole = send(client, form, **GOOD, conversation_id=str(first)).text
    assert "<html" in whole and 'For <mark class="merge">Sofia</mark>' in whole
    assert 'value="Second parcel"' in whole
    assert outbox.count(TemplateVersion) == 1


def test_a_preview_says_when_the_customer_would_be_left_out(as_: As, outbox: Outbox) -> None:
    number, client = outbox.conversation("Eve", email=None), as_("ada")
    form = read(client, "/admin/templates/new").form("/admin/templates")
    form.action = "/admin/templates/preview"
    html = send(client, form, htmx=True, **GOOD, conversation_id=str(number)).text
    assert "Eve would be left out." in html and "No address of this customer is known." in html


def test_archived_it_is_offered_no_more_until_it_is_brought_back(as_: As, outbox: Outbox) -> None:
    client, here = as_("ada"), f"/admin/templates/{outbox.template_id}"
    send(client, read(client, here).form("/archive"))
    assert "Lost pallet" not in client.get("/admin/templates").text
    assert "Lost pallet" in client.get("/admin/templates?archived=1").text
    assert "There is no template yet" in client.get("/bulk/new?conversation_ids=1").text
    send(client, read(client, here).form("/restore"))
    assert "Lost pallet" in client.get("/admin/templates").text


def test_only_admins_see_and_change_templates(as_: As, outbox: Outbox) -> None:
    ben, here = as_("ben"), f"/admin/templates/{outbox.template_id}"
    assert 'href="/admin"' not in ben.get("/inbox").text and 'href="/admin"' in as_("ada").get("/inbox").text
    for path in ("/admin", "/admin/templates", "/admin/templates/new", here):
        assert ben.get(path).status_code == 403, path
    form = read(ben, "/inbox").form("/bulk/preview")
    for path in ("/admin/templates", here, f"{here}/archive", f"{here}/restore", "/admin/templates/preview"):
        form.action = path
        assert send(ben, form, **GOOD).status_code == 403, path
    assert outbox.count(TemplateVersion) == 1


def test_the_room_begins_with_its_first_page_and_the_list_is_live(as_: As, outbox: Outbox) -> None:
    client = as_("ada")
    assert client.get("/admin").location == "/admin/templates"
    first = client.get("/admin/templates", headers=HTMX)
    assert first.text.lstrip().startswith('<section id="templates"') and "templates from:body" in first.text
    again = {**HTMX, "If-None-Match": first.headers["ETag"]}
    assert client.get("/admin/templates", headers=again).status_code == 304
    assert read(client, "/admin/templates/4711", 404)
