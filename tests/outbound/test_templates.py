"""Templates: made by admins, versioned, checked when they are saved and never when it is too late."""

from __future__ import annotations

from typing import Any

import pytest

from console import errors, outbound
from console.outbound import NotFound, Segment, TemplateProblem
from tests.desk import Ears
from tests.outbound.desk import Outbox

PLAIN: dict[str, Any] = {"name": "Plain", "subject": "S", "body": "B"}


def test_a_template_is_made_and_listed_by_name(outbox: Outbox, ears: Ears) -> None:
    ears.heard()
    made = outbound.create_template(outbox.ada, name=" apology ", subject=" S ", body="One\r\nTwo\n")
    assert (made.template.name, made.version, made.subject, made.body) == ("apology", 1, "S", "One\nTwo")
    assert [one.template.name for one in outbound.list_templates()] == ["apology", "Lost pallet"]
    assert ears.heard() == ["templates"] and outbox.log() == ["template_created"]


def test_every_change_is_a_version_that_stays(outbox: Outbox) -> None:
    first = outbound.get_template(outbox.template_id)
    same = outbound.change_template(
        outbox.template_id, outbox.ada, name="Lost pallet", subject=first.subject, body=first.body
    )
    assert same.version == 1
    changed = outbound.change_template(outbox.template_id, outbox.ada, **PLAIN, version=1)
    assert (changed.version, outbound.get_template(outbox.template_id).subject) == (2, "S")
    assert outbound.get_template(outbox.template_id, 1).subject == first.subject
    assert [one.version for one in outbound.list_versions(outbox.template_id)] == [2, 1]
    assert outbox.log() == ["template_changed"]


def test_a_change_of_something_that_changed_meanwhile_is_refused(outbox: Outbox) -> None:
    outbound.change_template(outbox.template_id, outbox.ada, **PLAIN, version=1)
    with pytest.raises(errors.Conflict, match="at version 2"):
        outbound.change_template(outbox.template_id, outbox.ada, name="X", subject="X", body="X", version=1)


def test_an_archived_template_is_offered_no_more_and_can_be_restored(outbox: Outbox) -> None:
    for _ in range(2):
        outbound.archive_template(outbox.template_id, outbox.ada)
    assert outbound.list_templates() == []
    assert [one.template_id for one in outbound.list_templates(archived=True)] == [outbox.template_id]
    for _ in range(2):
        outbound.restore_template(outbox.template_id, outbox.ada)
    assert len(outbound.list_templates()) == 1
    assert outbox.log() == ["template_archived", "template_restored"]


def test_only_admins_change_templates(outbox: Outbox) -> None:
    for actor in (outbox.ben, "agent:iris", "system"):
        for act in (
            lambda actor=actor: outbound.create_template(actor, **PLAIN),
            lambda actor=actor: outbound.change_template(outbox.template_id, actor, **PLAIN),
            lambda actor=actor: outbound.archive_template(outbox.template_id, actor),
            lambda actor=actor: outbound.restore_template(outbox.template_id, actor),
        ):
            with pytest.raises(errors.Forbidden):
                act()
    assert set(outbox.log()) <= {"refused"}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{{ customer.nmae }}", "“customer.nmae” is no placeholder"),
        ("{{ config }}", "“config” is no placeholder"),
        ("{{ customer }}", "“customer” is no placeholder"),
        ("{{ customer.__class__ }}", "is no placeholder"),
        ("{{ customer.name.__class__.__mro__ }}", "Only placeholders"),
        ("{{ customer['name'] }}", "Only placeholders"),
        ("{{ 7*7 }}", "Only placeholders"),
        ("{{ 9**9**9**9 }}", "Only placeholders"),
        ("{{ 'a' }}", "Only placeholders"),
        ("{{ customer.name|upper }}", "Only placeholders"),
        ("{{ customer.name() }}", "Only placeholders"),
        ("one\n{{ customer.name or 'you' }}", "(line 2)"),
        ("{% if customer.name %}x{% endif %}", "Only placeholders"),
        ("{% for x in range(9) %}{% endfor %}", "Only placeholders"),
        ("{% include 'x' %}", "Only placeholders"),
        ("{% set x = 1 %}", "Only placeholders"),
        ("one\n{{ customer.name", "Line 2"),
        ("{% endif %}", "Line 1"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "Line 1"),
        ("{{ " + "customer" + ".a" * 5000 + " }}", "Only placeholders"),
        ("", "empty is not sent"),
        (" \u200b\n", "empty is not sent"),
        ("a\x00b", "NUL"),
        ("x" * 20_001, "at most 20,000"),
    ],
)
def test_a_body_that_would_not_do_is_an_error_when_it_is_saved(outbox: Outbox, body: str, why: str) -> None:
    for save in (
        lambda: outbound.create_template(outbox.ada, name="N", subject="S", body=body),
        lambda: outbound.change_template(outbox.template_id, outbox.ada, name="N", subject="S", body=body),
    ):
        with pytest.raises(TemplateProblem) as problem:
            save()
        assert why in problem.value.fields["body"] and list(problem.value.fields) == ["body"]
    assert len(outbound.list_templates()) == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "LOST PALLET"}, "name"),
        ({"subject": ""}, "subject"),
        ({"subject": "a\nBcc: b"}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"subject": "{{ 7*7 }}"}, "subject"),
    ],
)
def test_every_field_says_what_is_wrong_with_it(outbox: Outbox, fields: dict[str, str], field: str) -> None:
    with pytest.raises(TemplateProblem) as problem:
        outbound.create_template(outbox.ada, **PLAIN | fields)
    assert list(problem.value.fields) == [field]


def test_a_template_is_shown_as_a_real_customer_would_get_it(outbox: Outbox) -> None:
    version = outbound.get_template(outbox.template_id)
    shown = outbound.render(version, outbox.conversation("Riya Chen", "r@example.com"), outbox.ada)
    assert (shown.to, shown.address, shown.problem) == ("Riya Chen", "r@example.com", None)
    assert shown.subject == [Segment("Riya", True), Segment(", your parcel", False)]
    still_open = outbound.render(version, outbox.cast.conversation.id, outbox.ada)
    assert still_open.subject[0] == Segment("Riya", True) and "resolved" in (still_open.problem or "")


def test_a_text_that_is_not_saved_yet_is_shown_or_says_what_is_wrong(outbox: Outbox) -> None:
    one = outbox.conversation()
    assert outbound.render_text("S", "{{ conversation.id }}", one, outbox.ada).body == [
        Segment(str(one), True)
    ]
    with pytest.raises(TemplateProblem):
        outbound.render_text("S", "{{ x }}", one, outbox.ada)
    with pytest.raises(NotFound):
        outbound.render_text("S", "B", 4711, outbox.ada)


def test_what_is_not_there(outbox: Outbox) -> None:
    for number in (4711, 0, 1 << 70):
        with pytest.raises(NotFound):
            outbound.get_template(number)
        with pytest.raises(NotFound):
            outbound.change_template(number, outbox.ada, **PLAIN)
    with pytest.raises(NotFound):
        outbound.get_template(outbox.template_id, 2)
