"""Proposing: the durable intent, once per idempotency key, with what was true when it was asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from console import metrics
from console.db import db, is_id, now, transaction
from console.governance.canonical import digest, storable
from console.governance.errors import NotFound
from console.governance.lanes import Enqueue, locked_proposal, open_automatic_lane, request_approval
from console.governance.policy import policy
from console.governance.reads import get_latest_approval
from console.governance.transitions import record, tell
from console.governance.validation import (
    Blocked,
    Validated,
    dump,
    granted_scopes,
    labelled_rows,
    validate,
)
from console.masking import masked
from console.models import Conversation, EventType, ProposalStatus, ToolApproval, ToolProposal
from console.tools import ApprovalMode, Tool, ToolContext
from console.tools.registry import registry


@dataclass(frozen=True)
class Submission:
    """What came of an attempt: the proposal, its lane if it has one, and why not if it was blocked."""

    proposal: ToolProposal | None
    lane: ToolApproval | None
    blocked: Blocked | None


def propose(tool_ref: str, actor_id: str, context: ToolContext) -> ToolProposal | Blocked:
    """Record the intent to call a tool; never runs it and never enqueues.

    The same key returns the first proposal. A blocked attempt is recorded once per key and outcome and comes back as
    Blocked; an unknown tool leaves no row. Raises NotFound when the conversation does not exist.
    """
    outcome = validate(tool_ref, actor_id, context)
    metrics.proposed(outcome.outcome if isinstance(outcome, Blocked) else "created")
    if isinstance(outcome, Blocked) and outcome.outcome == "unsupported":
        return outcome
    with transaction():
        _require_conversation(context.conversation_id)
        if isinstance(outcome, Blocked):
            first = _asked_before(tool_ref, actor_id, context, outcome)
            return first or replace(outcome, proposal=_record_blocked(tool_ref, actor_id, context, outcome))
        return _record_valid(outcome, context)


def submit(
    tool_ref: str, actor_id: str, context: ToolContext, *, enqueue: Enqueue | None = None
) -> Submission:
    """Propose, and then by mode: open a lane, run by policy, or stop there. One transaction."""
    with transaction():
        proposal = propose(tool_ref, actor_id, context)
        if isinstance(proposal, Blocked):
            return Submission(proposal.proposal, None, proposal)
        lane = get_latest_approval(proposal.id)
        if lane is None:
            # Of N callers that found no lane, those who waited here find the one that the first has opened.
            locked_proposal(proposal.id)
            lane = get_latest_approval(proposal.id)
        if lane is None and proposal.approval_mode == ApprovalMode.REQUIRES_APPROVAL:
            lane = request_approval(proposal, enqueue=enqueue)
        elif lane is None and proposal.approval_mode == ApprovalMode.AUTO:
            lane = open_automatic_lane(proposal, enqueue=enqueue)
        return Submission(proposal, lane, None)


def idempotency_key(tool_ref: str, actor_id: str, context: ToolContext, input: Any) -> str:
    """SHA-256 over who asks for what, where `conversation_id` is no part of it."""
    return digest(
        {
            "tool_ref": tool_ref,
            "actor_id": actor_id,
            "account_id": context.account_id,
            "input": input,
            "idempotency_token": context.idempotency_token,
        }
    )


def _asked_before(
    tool_ref: str, actor_id: str, context: ToolContext, blocked: Blocked
) -> ToolProposal | None:
    """What the same key was given when it was still allowed: asked again, it is the same proposal."""
    if blocked.input is None:
        return None
    key = idempotency_key(tool_ref, actor_id, context, dump(blocked.input))
    return db.session.scalar(
        select(ToolProposal).where(
            ToolProposal.idempotency_key == key, ToolProposal.status != ProposalStatus.BLOCKED
        )
    )


def _require_conversation(conversation_id: int | None) -> None:
    if conversation_id is None:
        return
    if not is_id(conversation_id) or db.session.get(Conversation, conversation_id) is None:
        raise NotFound("This conversation does not exist, or no longer does.")


def _record_valid(valid: Validated, context: ToolContext) -> ToolProposal:
    values = _common(valid.tool, valid.actor_id, context, valid.parameters) | {
        "status": ProposalStatus.PROPOSED,
        "approval_mode": valid.approval_mode,
        "title": _snapshot(valid.tool.headline, valid.input, valid.tool.title),
        "consequence": _snapshot(valid.tool.preview, valid.input, valid.tool.description),
        "input_snapshot": valid.input_snapshot,
        "scope_snapshot": valid.scope_snapshot,
        "policy_snapshot": valid.policy_snapshot,
    }
    return _insert_once(values, EventType.PROPOSAL_CREATED)


def _record_blocked(tool_ref: str, actor_id: str, context: ToolContext, blocked: Blocked) -> ToolProposal:
    tool = registry().get(tool_ref)
    assert tool is not None, "an unknown tool is not recorded"
    parameters = _as_typed(context.tool_params)
    rules = policy().rules_for(tool, parameters)
    values = _common(tool, actor_id, context, masked(parameters), keyed_by=parameters) | {
        "status": ProposalStatus.BLOCKED,
        "approval_mode": rules.mode,
        "title": tool.title,
        "consequence": tool.description,
        "input_snapshot": {"rows": labelled_rows(tool, parameters)},
        "scope_snapshot": {"needed": list(tool.scopes), "granted": sorted(granted_scopes(context))},
        "policy_snapshot": rules.model_dump(mode="json") | {"risk_tier": str(tool.risk_tier)},
        "blocked_outcome": blocked.outcome,
        "reason": blocked.sentence,
        "errors": dict(blocked.errors),
    }
    return _insert_once(values, EventType.PROPOSAL_BLOCKED)


def _common(
    tool: Tool, actor_id: str, context: ToolContext, parameters: Any, keyed_by: Any = None
) -> dict[str, Any]:
    key_input = parameters if keyed_by is None else keyed_by
    return {
        "tool_ref": tool.ref,
        "actor_id": storable(actor_id),
        "account_id": storable(context.account_id),
        "conversation_id": context.conversation_id,
        "input": parameters,
        "idempotency_key": idempotency_key(tool.ref, actor_id, context, key_input),
        "risk_tier": tool.risk_tier,
        "attempts": 0,
        "created_at": now(),
    }


def _as_typed(parameters: Any) -> dict[str, Any]:
    """What was asked with, as far as it can be written down at all."""
    try:
        kept: dict[str, Any] = storable(dict(parameters))
        return kept
    except (TypeError, ValueError, RecursionError):
        return {}


def _snapshot(sentence_for: Any, input: Any, fallback: str) -> str:
    """What the tool says of this input; its general words when it fails to say anything."""
    try:
        sentence = str(storable(sentence_for(input)))
    except Exception:
        return fallback
    return sentence if sentence.strip() else fallback


def _insert_once(values: dict[str, Any], event: EventType) -> ToolProposal:
    """Insert unless the key is taken, and record the event only then; concurrent callers all get the one row."""
    new_id = db.session.scalar(
        insert(ToolProposal).values(values).on_conflict_do_nothing().returning(ToolProposal.id)
    )
    blocked = values["status"] == ProposalStatus.BLOCKED
    found = db.session.scalars(
        select(ToolProposal).where(
            ToolProposal.idempotency_key == values["idempotency_key"],
            ToolProposal.blocked_outcome == values["blocked_outcome"]
            if blocked
            else ToolProposal.status != ProposalStatus.BLOCKED,
        )
    ).one()
    if new_id is not None:
        record(found, event, found.actor_id, reason=found.reason)
        db.session.flush()
        tell(found.conversation_id)
    return found
