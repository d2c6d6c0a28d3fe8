"""Two admins at once: one of them is left, one change is not lost, one account has the email, one use has the link."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from console import people
from console.db import db
from console.errors import Conflict, Forbidden
from console.models import Operator, Role
from console.people import LinkGone
from tests.conftest import Cast
from tests.races.crowd import crowd, sorted_out

REFUSALS = (Conflict, Forbidden)


def admins() -> int:
    db.session.rollback()
    wanted = select(func.count()).where(Operator.active, Operator.role == Role.ADMIN)
    return db.session.scalar(wanted) or 0


def demote(who: int, actor: int) -> Any:
    email, name = f"persona{who}@example.com", f"Persona {who}"
    return partial(
        people.change_operator,
        who,
        f"operator:{actor}",
        email=email,
        name=name,
        role=Role.OPERATOR,
        scopes=[],
    )


def test_admins_who_end_each_other_leave_one(app: Flask, cast: Cast) -> None:
    cast.ben.role = Role.ADMIN
    db.session.commit()
    ada, ben = cast.ada.id, cast.ben.id
    with crowd(app, 4) as team:
        for number in range(20):
            db.session.execute(
                db.text("UPDATE operators SET role = 'admin', active = true WHERE id IN (1, 2)")
            )
            db.session.commit()
            end = partial(people.deactivate, f"operator:{ada}", f"operator:{ben}")
            verbs = [demote(ada, ben), demote(ben, ada)] if number % 2 else [end, demote(ben, ada)]
            answers = team.at_once(*verbs)
            assert sum(isinstance(answer, REFUSALS) for answer in answers) == 1, answers
            assert admins() == 1


def test_of_changes_from_the_same_page_one_is_kept_and_the_others_are_told(app: Flask, cast: Cast) -> None:
    ben, email = cast.ben.id, cast.ben.email
    with crowd(app) as team:
        for version in range(1, 11):
            changes = [
                partial(
                    people.change_operator,
                    ben,
                    "operator:1",
                    email=email,
                    name=f"Ben {version} {number}",
                    role=Role.OPERATOR,
                    scopes=[],
                    version=version,
                )
                for number in range(6)
            ]
            won, refused = sorted_out(team.at_once(*changes), Conflict)
            assert len(won) == 1 and len(refused) == 5
            db.session.rollback()
            found = db.session.get(Operator, ben, populate_existing=True)
            assert found is not None and (found.name, found.version) == (won[0].name, version + 1)


def test_an_email_gets_one_account_and_a_name_one_token(app: Flask, cast: Cast) -> None:
    with crowd(app) as team:
        for number in range(5):
            invite = partial(people.invite, f"new{number}@example.com", "New", actor_id="operator:1")
            won, _ = sorted_out(team.at_once(*[invite] * 6), Conflict)
            assert len(won) == 1
            create = partial(people.create_agent, f"agent-{number}", actor_id="operator:1")
            won, _ = sorted_out(team.at_once(*[create] * 6), Conflict)
            assert len(won) == 1


def test_a_link_is_used_once_whoever_else_has_it(app: Flask, cast: Cast) -> None:
    with crowd(app, 4) as team:
        for number in range(3):
            _, token = people.make_link(cast.ben.id, "operator:1")
            uses = [partial(people.use_link, token, f"a long password {number} {one}") for one in range(4)]
            won, refused = sorted_out(team.at_once(*uses), LinkGone)
            assert len(won) == 1 and len(refused) == 3


def test_a_link_is_not_used_by_who_is_deactivated_meanwhile(app: Flask, cast: Cast) -> None:
    ben = cast.ben.id
    with crowd(app, 2) as team:
        for _ in range(5):
            people.activate(f"operator:{ben}", "operator:1")
            _, token = people.make_link(ben, "operator:1")
            use = partial(people.use_link, token, "a long enough password")
            end = partial(people.deactivate, f"operator:{ben}", "operator:1")
            sorted_out(team.at_once(use, end), LinkGone)
            assert people.list_sign_ins(ben) == [] and people.link_of(ben) is None
