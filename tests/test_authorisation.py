"""Who may do what, tried: (role, scopes, proposer or not, active or not, signed out) by every address, job and command.

A new address, job or command is refused here until tests/authorisation/table.py says who may use it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import jobs
from console import governance, live, people
from console.cli import main
from console.config import Settings
from console.db import db
from console.models import AuditEvent, Operator, ToolApproval
from jobs import actions, deliveries, pruning, sweep
from tests.authorisation.programs import ASKS_NOBODY, COMMANDS, JOBS, LOOKS_AGAIN, NO_JOB, SYSTEM
from tests.authorisation.table import ROUTES, Row
from tests.authorisation.world import EVERYBODY, SIGNED_OUT, Persona, Who, World
from tests.desk import Desk
from tests.outbound.conftest import outbox, postbox  # noqa: F401 (fixtures)
from tests.outbound.desk import Outbox

ALL: tuple[Who, ...] = (SIGNED_OUT, *EVERYBODY)
KEPT = {
    "proposals.create": {"tool_proposals", "tool_action_events", "trail_heads"},
    "lanes.reject": {"drafts"},
    "lanes.defer": {"drafts"},
}
"""What a refusal may write: the wish, as blocked, and the reason that somebody typed."""


@pytest.fixture
def world(app: Flask, desk: Desk, outbox: Outbox) -> Iterator[World]:  # noqa: F811
    yield World(app, desk, outbox)
    app.extensions["live"].stop()
    live.init_app(app)


def rules(app: Flask) -> dict[str, Rule]:
    """Every address by its endpoint, which no two share."""
    found = list(app.url_map.iter_rules())
    assert len({rule.endpoint for rule in found}) == len(found)
    return {rule.endpoint: rule for rule in found}


def ask(world: World, endpoint: str, row: Row, who: Who) -> TestResponse:
    """What somebody gets who asks for it, with everything right but themselves."""
    rule = rules(world.app)[endpoint]
    client, token = world.browser(who)
    with world.app.test_request_context():
        path = world.app.url_for(endpoint, **row.address(world, who))
    form = row.form(world, who)
    db.session.rollback()
    if "POST" in (rule.methods or ()):
        return client.post(path, data=form | {"csrf_token": token})
    answer = client.get(path, query_string=form)
    if answer.is_streamed:
        answer.close()
    return answer


def test_every_address_is_in_the_table(app: Flask) -> None:
    assert set(rules(app)) == set(ROUTES)


@pytest.mark.parametrize("endpoint", ROUTES)
def test_an_address_does_for_each_what_the_table_says(world: World, endpoint: str) -> None:
    row = ROUTES[endpoint]
    for who in ALL:
        if row.may(who):
            answer = ask(world, endpoint, row, who)
            assert answer.status_code in row.done, f"{who}: {answer.status_code} {answer.text[:2000]}"
            assert not (answer.location or "").startswith("/login?"), str(who)


@pytest.mark.parametrize("endpoint", [name for name, row in ROUTES.items() if not row.may(SIGNED_OUT)])
def test_who_may_not_is_refused_and_changes_nothing(world: World, endpoint: str) -> None:
    row, made = ROUTES[endpoint], {}
    for who in ALL:
        # What the request is about is made first: it is the request that must change nothing.
        made[who] = Row(row.may, _kept(row.address(world, who)), _kept(row.form(world, who)), row.done)
    before = world.fingerprint()
    for who in ALL:
        if row.may(who):
            continue
        answer = ask(world, endpoint, made[who], who)
        out = who is None or not who.active
        # A page leads to the sign-in and back; a form is answered with it, and a stream can be led nowhere.
        led = out and answer.request.method == "GET" and endpoint != "live.stream"
        assert answer.status_code == (302 if led else 401 if out else 403), f"{who}: {answer.status_code}"
        assert (answer.location or "").startswith("/login") is led, str(who)
    after = world.fingerprint()
    assert {table for table in before if before[table] != after[table]} <= KEPT.get(endpoint, set())


def _kept(values: dict[str, object]):  # type: ignore[no-untyped-def]
    return lambda world, who: values


def test_only_what_is_public_answers_without_a_sign_in(app: Flask) -> None:
    from console.views.session import PUBLIC

    assert {name for name, row in ROUTES.items() if row.may(SIGNED_OUT)} == PUBLIC


def jobs_there_are() -> set[str]:
    """Every public function in the package of jobs; read, not imported: a worker's module starts one."""
    return {
        f"jobs.{path.stem}.{part.name}"
        for path in Path(jobs.__path__[0]).glob("*.py")
        for part in ast.parse(path.read_text()).body
        if isinstance(part, ast.FunctionDef) and not part.name.startswith("_")
    }


def test_every_job_is_in_the_table() -> None:
    assert jobs_there_are() == set(JOBS)
    assert set(JOBS.values()) <= {NO_JOB, LOOKS_AGAIN, ASKS_NOBODY}


@pytest.mark.parametrize("who", EVERYBODY, ids=str)
@pytest.mark.parametrize("job", [actions.resume, actions.execute], ids=["resume", "execute"])
def test_a_job_runs_nothing_for_an_asker_who_may_not_ask_any_more(
    world: World, job: object, who: Persona
) -> None:
    lane = world.asked_by(world.actor_id(who))
    governance.approve(lane.id, world.desk.ada, enqueue=world.desk.enqueued)
    _until(job, lane, world)
    may = who.active and who.scoped
    assert world.desk.fresh(lane).status == ("invalidated" if not may else _after(job)), str(who)


@pytest.mark.parametrize("who", EVERYBODY, ids=str)
@pytest.mark.parametrize("job", [actions.resume, actions.execute], ids=["resume", "execute"])
def test_a_job_runs_nothing_that_was_decided_by_who_may_not_decide(
    world: World, job: object, who: Persona
) -> None:
    lane = world.lane(who)
    governance.approve(lane.id, world.desk.ada, enqueue=world.desk.enqueued)
    decided = """
        UPDATE tool_approvals SET decided_by = :actor,
               votes = jsonb_build_array(jsonb_build_object('by', CAST(:actor AS text), 'at', now()))
         WHERE id = :id
    """
    world.desk.tamper(decided, actor=world.actor_id(who), id=lane.id)
    if who.proposer and not who.scoped:
        world.desk.tamper("UPDATE operators SET scopes = '{orders:refund}' WHERE id = :id", id=world.ids[who])
    _until(job, lane, world)
    may = who.active and not who.proposer
    assert world.desk.fresh(lane).status == ("invalidated" if not may else _after(job)), str(who)


def _until(job: object, lane: ToolApproval, world: World) -> None:
    """Run the job; for the later one, as if the earlier one had let the lane pass."""
    if job is actions.execute:
        world.desk.tamper("UPDATE tool_approvals SET status = 'execution_pending' WHERE id = :id", id=lane.id)
    db.session.remove()
    job(lane.id)  # type: ignore[operator]


def _after(job: object) -> str:
    return "executed" if job is actions.execute else "execution_pending"


def test_the_other_jobs_decide_nothing(world: World) -> None:
    lane = world.asked_by(world.desk.iris)
    delivery, envelope = world.delivery(), str(world.envelope_id)
    db.session.remove()
    runs = {
        "jobs.actions.expire": lambda: actions.expire(lane.id),
        "jobs.deliveries.deliver": lambda: deliveries.deliver(delivery),
        "jobs.deliveries.drain": lambda: deliveries.drain(envelope),
        "jobs.deliveries.wake": lambda: deliveries.wake(envelope),
        "jobs.pruning.prune": pruning.prune,
        "jobs.sweep.sweep": sweep.sweep,
    }
    assert set(runs) == {name for name, kind in JOBS.items() if kind == ASKS_NOBODY}
    for name, run in runs.items():
        run()
        found = world.desk.fresh(lane)
        assert (found.status, found.decided_by) == ("pending", None), name


def commands_there_are() -> set[str]:
    found = set()
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        inner = sorted(command.commands) if isinstance(command, click.Group) else []
        found |= {f"{name} {part}" for part in inner} or {name}
    return found


def test_every_command_is_in_the_table() -> None:
    assert commands_there_are() == set(COMMANDS)


def test_the_command_line_acts_as_the_system_and_decides_nothing(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSOLE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("CONSOLE_REDIS_URL", settings.redis_url)
    lane = world.asked_by(world.desk.iris)
    noor, typed = "noor@example.com", "a long enough password\n"
    words = {
        "create-operator": ["mo@example.com", "--name", "Mo", "--password-stdin"],
        "create-agent": ["otto"],
        "deactivate": [noor],
        "activate": [noor],
        "grant": [noor, "orders:refund"],
        "revoke": [noor, "orders:refund"],
        "set-password": [noor, "--password-stdin"],
    }
    assert set(words) == {name for name, kind in COMMANDS.items() if kind == SYSTEM}
    newest = db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.id.desc())).first() or 0
    db.session.remove()
    for name, rest in words.items():
        done = CliRunner().invoke(main, [name, *rest], input=typed)
        assert done.exit_code == 0, done.output
    wanted = select(AuditEvent.actor_id).where(AuditEvent.id > newest)
    actors = list(db.session.scalars(wanted))
    assert len(actors) == len(words) and set(actors) == {people.SYSTEM}
    assert world.desk.fresh(lane).status == "pending"
    assert db.session.scalar(select(Operator).where(Operator.email == "mo@example.com")) is not None
