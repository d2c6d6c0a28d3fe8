"""Executed lanes through two workers, beside empty jobs through the same worker class in the same run.

python -m tests.bench.lanes [--lanes 200] [--rounds 3]
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

import click
from redis import Redis
from rq import Queue
from rq.suspension import resume, suspend
from sqlalchemy import func, insert, select

from console import governance
from console.db import db
from console.governance import ToolContext
from console.models import Conversation, Customer, LaneStatus, Operator, Role, ToolApproval
from console.tools import RiskTier, RunContext, Tool
from tests.bench.stack import Stack, stack


def nothing(_: int) -> None:
    """The empty job."""


class WriteRow(Tool):
    """Writes one row and does nothing else."""

    risk_tier = RiskTier.LOW_WRITE
    title = "Write a row"
    description = "Writes one row."
    effects = "transactional"

    def authorize(self, actor: str, context: ToolContext) -> bool | str:
        return True

    def run(self, input: Any, actor_id: str, context: RunContext) -> Mapping[str, Any]:
        context.session.execute(insert(Customer).values(name="Bench", ref=context.run_key))
        return {"summary": "A row was written."}


@click.command()
@click.option("--lanes", default=200, show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(lanes: int, rounds: int) -> None:
    """Print jobs a second for both, and their ratio round by round."""
    tools = ("tests.bench.lanes:WriteRow",)
    with stack(web=False, tools=tools) as running, running.app.app_context():
        _wait_for_workers(running, 2)
        approver, conversation = _people()
        ratios = []
        for number in range(rounds):
            empty = 2 * lanes / _seconds_for_empty_jobs(running, 2 * lanes)
            executed = lanes / _seconds_for_lanes(running, approver, conversation, lanes, number)
            ratios.append(2 * executed / empty)
            click.echo(
                f"round {number + 1}: empty jobs {empty:.0f}/s; lanes {executed:.0f}/s "
                f"(two jobs each: {2 * executed:.0f} jobs/s); ratio of jobs {ratios[-1]:.2f}"
            )
        click.echo(f"median ratio {median(ratios):.2f} (at least 0.50 is wanted)")


def _people() -> tuple[str, int]:
    operator = Operator(
        email="bench@example.com", name="Bench", password_hash="-", role=Role.OPERATOR, scopes=[]
    )
    conversation = Conversation(customer=Customer(name="Bench"), subject="Bench")
    db.session.add_all([operator, conversation])
    db.session.commit()
    return operator.actor_id, conversation.id


def _wait_for_workers(running: Stack, count: int) -> None:
    connection = _redis(running)
    deadline = time.monotonic() + 60
    while connection.scard("rq:workers") < count and time.monotonic() < deadline:
        time.sleep(0.1)


def _redis(running: Stack) -> Redis:
    found: Redis = running.app.extensions["console_redis"]
    return found


def _seconds_for_empty_jobs(running: Stack, count: int) -> float:
    connection = _redis(running)
    queue = Queue("actions", connection=connection)
    suspend(connection)
    time.sleep(6)  # longer than a worker waits for a job before it looks whether it is suspended
    for number in range(count):
        queue.enqueue("tests.bench.lanes.nothing", number, result_ttl=0)
    started = time.perf_counter()
    resume(connection)
    while len(queue) or queue.started_job_registry.get_job_ids(cleanup=False):
        time.sleep(0.01)
    return time.perf_counter() - started


def _seconds_for_lanes(running: Stack, approver: str, conversation: int, count: int, number: int) -> float:
    connection = _redis(running)
    suspend(connection)
    time.sleep(6)
    for index in range(count):
        context = ToolContext(conversation_id=conversation, idempotency_token=f"{number}-{index}")
        lane = governance.submit("write_row", approver, context).lane
        assert lane is not None
        governance.approve(lane.id, approver)
    started = time.perf_counter()
    resume(connection)
    waiting = select(func.count()).where(ToolApproval.status != LaneStatus.EXECUTED)
    while db.session.scalar(waiting):
        db.session.rollback()
        time.sleep(0.02)
    db.session.rollback()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
