"""The lines that the storm's claims rest on."""

from __future__ import annotations

from tests.prove.claims import Protection

LANES, EXECUTION = "console/governance/lanes.py", "console/governance/execution.py"
RELOCK = "return db.session.get(ToolApproval, approval_id, {}populate_existing=True)"

PROTECTIONS = (
    Protection(
        "ran_once",
        EXECUTION,
        'effect_key=sha256(f"{proposal.idempotency_key}:lane:{lane.id}".encode()).hexdigest(),',
        'effect_key=sha256(f"{proposal.idempotency_key}:lane:{lane.id}:{lane.starts}".encode()).hexdigest(),',
    ),
    Protection(
        "unsafe_never_twice",
        EXECUTION,
        "if lane.attempt_open and _may_not_repeat(lane):",
        "if lane.attempt_open and False:",
    ),
    Protection(
        "approved_by_someone_entitled",
        "console/governance/actors.py",
        "if rules.four_eyes and actor.id in (lane.proposal.actor_id, lane.requested_by):",
        "if False:",
    ),
    Protection(
        "trail_whole",
        LANES,
        RELOCK.format("with_for_update=lock, "),
        RELOCK.format(""),
    ),
    Protection(
        "answers_kept",
        "console/embedded/postgres.py",
        "**({} if durable else FAST),",
        "**FAST,",
    ),
    Protection(
        "messages_once",
        "console/conversations/writing.py",
        "    if not token:\n        return None",
        "    if token:\n        return None",
    ),
    Protection(
        "delivered_at_most_once",
        "console/outbound/claims.py",
        "return Verdict(Step.LOST, result, reason=answer.sentence)",
        "return Verdict(Step.POSTPONED, result, reason=answer.sentence, moment=now())",
    ),
    Protection(
        "drained",
        "jobs/sweep.py",
        '_send("jobs.actions.execute", recovery.waiting_to_run())',
        "0",
    ),
    Protection(
        "comes_back",
        "console/cli/up.py",
        "            revive(kept, patient=True)\n",
        "",
    ),
    Protection(
        "never_early",
        EXECUTION,
        "or lane.status != LaneStatus.PENDING or lane.expires_at > now():",
        "or lane.status != LaneStatus.PENDING:",
    ),
)
