"""The queue of approvals at 50 and at 50,000 pending lanes, and the stale lanes, beside the floor page in the same run.

python -m tests.bench.approvals [--lanes 50] [--lanes 50000] [--rounds 100]

The floor is tests/bench/floor.py's. All are asked over HTTP, in turn, so that a busy machine slows all of them.
"""

from __future__ import annotations

import json
from statistics import median

import click
import psycopg
from sqlalchemy import delete, select

from console import governance
from console.db import db, transaction
from console.governance import ToolContext
from console.governance.tallies import fold_tallies
from console.models import ApiToken, Conversation, Operator, Role, ToolApproval, ToolProposal
from tests.bench.conversation import cookie, counted
from tests.bench.crowd import fill
from tests.bench.floor import caller, in_turn, ratio, served
from tests.bench.inbox import TOKEN, people
from tests.bench.stack import spread, stack

PAGES = {
    "needs me": "/approvals",
    "all": "/approvals?whose=all",
    "a rare tool": "/approvals?whose=all&tool=transfer_to_human_agents",
    "high risk": "/approvals?whose=all&risk=high_write",
    "a rare requester": "/approvals?whose=all&requester=agent:rare",
    "two filters": "/approvals?tool=internal_note&requester=agent:iris",
    "stale lanes": "/admin/lanes",
}
ASKED = (
    ("internal_note", {"body": "The customer called twice; the second parcel is at the neighbour's."}),
    ("cancel_pending_order", {"order_id": "#W20437", "reason": "ordered by mistake"}),
    ("transfer_to_human_agents", {"summary": "Asks for a person."}),
)
CONVERSATIONS = 2000

# What was asked in earnest, many times over, each in a conversation of its own.
_COPIES = """
WITH asked AS (
    INSERT INTO tool_proposals (tool_ref, actor_id, conversation_id, input, idempotency_key, status, risk_tier,
        approval_mode, title, consequence, input_snapshot, scope_snapshot, policy_snapshot, attempts, created_at)
    SELECT p.tool_ref, CASE WHEN n %% 1000 = 0 THEN 'agent:rare' ELSE p.actor_id END, 1 + n %% %(conversations)s,
           p.input, lpad(n::text, 64, '0'), p.status, p.risk_tier, p.approval_mode, p.title, p.consequence,
           p.input_snapshot, p.scope_snapshot, p.policy_snapshot, 0, now()
      FROM generate_series(1, %(lanes)s) n
      JOIN LATERAL (SELECT * FROM tool_proposals WHERE id =
          (%(ids)s::bigint[])[CASE WHEN n %% 1000 = 1 THEN 3 ELSE 1 + n %% 2 END]) p ON true
    RETURNING id, conversation_id, actor_id, tool_ref)
INSERT INTO tool_approvals (tool_proposal_id, conversation_id, status, version, digest, policy_snapshot, requested_by,
    expires_at, attempt, attempt_open, starts, created_at, updated_at)
SELECT asked.id, asked.conversation_id, 'pending', 1, a.digest, a.policy_snapshot, asked.actor_id,
       now() + (7200 + asked.id * 7919 %% 160000) * interval '1 second', 0, false, 0,
       now() - (asked.id * 104729 %% 160000) * interval '1 second', now()
  FROM asked JOIN tool_approvals a ON a.tool_proposal_id = ANY(%(ids)s::bigint[]) AND a.tool_ref = asked.tool_ref
"""


def pour(database_url: str, lanes: int) -> None:
    """Fill the queue with `lanes`, copies of three that were asked by the verb."""
    agent = ApiToken(name="iris", scopes=["orders:refund"])
    with transaction():
        # Of those that come with the conversations no tool is there.
        db.session.execute(delete(ToolApproval))
        db.session.execute(delete(ToolProposal))
        db.session.add_all([agent, ApiToken(name="rare", scopes=["orders:refund"])])
        db.session.get_one(Operator, 1).role = Role.ADMIN
    place = db.session.scalars(select(Conversation.id).limit(1)).one()
    ids = []
    for tool_ref, parameters in ASKED:
        context = ToolContext(tool_params=parameters, scopes=frozenset(agent.scopes), conversation_id=place)
        lane = governance.submit(tool_ref, agent.actor_id, context, enqueue=lambda *_, **__: None).lane
        assert lane is not None, tool_ref
        ids.append(lane.tool_proposal_id)
    url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(url) as connection:
        connection.execute(_COPIES, {"lanes": lanes, "conversations": CONVERSATIONS, "ids": ids})
    fold_tallies()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def measure(lanes: int, rounds: int) -> dict[str, float]:
    """Print one size; returns the medians of every page and of the floor page."""
    with stack(workers=False) as running:
        app, port = running.app, running.settings.port
        with app.app_context():
            people()
            fill(running.settings.database_url, CONVERSATIONS)
            pour(running.settings.database_url, lanes)
        signed_in = cookie(app, TOKEN)
        click.echo(f"{lanes:,} pending lanes")
        found = {}
        with served(running.settings) as floor:
            for words, path in PAGES.items():
                with app.app_context(), counted([]) as statements:
                    app.test_client(use_cookies=False).get(path, headers={"Cookie": signed_in})
                pages, floors = in_turn(rounds, (caller(port, path, signed_in), caller(floor, "/floor")))
                click.echo(f"  {words:17} {spread(pages)}, {len(statements)} queries")
                click.echo(f"  {'to the floor':17} {ratio(pages, floors)} (at most 3)")
                found |= {words: median(pages), "floor": median(floors)}
    return found


@click.command()
@click.option("--lanes", multiple=True, type=int, default=(50, 50_000), show_default=True)
@click.option("--rounds", default=100, show_default=True)
def main(lanes: tuple[int, ...], rounds: int) -> None:
    """Measure each size in a database of its own, and how the largest compares to the smallest."""
    sizes = [measure(number, rounds) for number in lanes]
    for words in PAGES if len(sizes) > 1 else ():
        plain = sizes[-1][words] / sizes[0][words]
        even = plain / (sizes[-1]["floor"] / sizes[0]["floor"])
        click.echo(f"largest to smallest, {words}: {plain:.2f}, {even:.2f} with the floor as the measure")
    click.echo(json.dumps(sizes))


if __name__ == "__main__":
    main()
