"""Who may do what: one row for every address, job and command. What is not in here may nobody add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from console import outbound
from console.assets import stylesheet
from console.db import db
from console.models import Operator
from tests.authorisation.world import Part, Who, World

FINE = frozenset({200, 201, 204, 302, 303})


def anyone(_who: Who) -> bool:
    return True


def signed_in(who: Who) -> bool:
    return who is not None and who.active


def admin(who: Who) -> bool:
    return signed_in(who) and who is not None and who.role == "admin"


def decider(who: Who) -> bool:
    """Of what takes four eyes: whoever works here and did not ask for it. Scopes are for asking."""
    return signed_in(who) and who is not None and not who.proposer


def asker(who: Who) -> bool:
    return signed_in(who) and who is not None and who.scoped


class Row(NamedTuple):
    """Who may, what stands in the address and in the form, and which answers mean that it was done."""

    may: Callable[[Who], bool]
    address: Part = lambda world, who: {}
    form: Part = lambda world, who: {}
    done: frozenset[int] = FINE


def fixed(**values: Any) -> Part:
    return lambda world, who: values


def here(world: World, _who: Who) -> dict[str, Any]:
    return {"conversation_id": world.conversation_id}


def noor(world: World, _who: Who) -> dict[str, Any]:
    return {"operator_id": world.noor_id}


def iris(_world: World, _who: Who) -> dict[str, Any]:
    return {"name": "iris"}


def template(world: World, _who: Who) -> dict[str, Any]:
    return {"template_id": world.template_id}


def envelope(world: World, _who: Who) -> dict[str, Any]:
    return {"envelope_id": world.envelope_id}


def lane(world: World, who: Who) -> dict[str, Any]:
    return {"lane_id": world.lane(who).id}


def a_waiting_lane(world: World, who: Who) -> dict[str, Any]:
    return {"lane": world.lane(who).id}


def lanes_to_end(world: World, who: Who) -> dict[str, Any]:
    return {"lane_ids": str(world.lane(who).id)}


def bound(world: World, _who: Who) -> dict[str, Any]:
    """What a card's form carries, of the lane that was made last."""
    db.session.rollback()
    digest = db.session.execute(
        db.text("SELECT digest FROM tool_approvals ORDER BY id DESC LIMIT 1")
    ).scalar()
    return {"version": 1, "digest": digest, "reason": "Because."}


def delivery(state: str) -> Part:
    return lambda world, who: {"delivery_id": world.delivery(state)}


def preview(world: World, who: Who) -> dict[str, Any]:
    """A preview of their own; for who has none, somebody's."""
    actor = world.actor_id(who) if signed_in(who) else world.outbox.ben
    found = outbound.preview([world.outbox.conversation()], template_id=world.template_id, actor=actor)
    return {"envelope_id": UUID(str(found.envelope_id)), "token": found.token}


def address_of_preview(world: World, who: Who) -> dict[str, Any]:
    return {"envelope_id": preview(world, who)["envelope_id"]}


def selection(world: World, _who: Who) -> dict[str, Any]:
    return {"conversation_ids": str(world.outbox.conversation()), "template_id": world.template_id}


def person(world: World, _who: Who) -> dict[str, Any]:
    """Another name for Noor, by a page that is up to date."""
    db.session.rollback()
    found = db.session.get(Operator, world.noor_id, populate_existing=True)
    assert found is not None
    world.made += 1
    return {
        "name": f"Noor {world.made}",
        "email": found.email,
        "role": "operator",
        "version": found.version,
    }


def somebody(world: World, _who: Who) -> dict[str, Any]:
    world.made += 1
    return {"name": "New", "email": f"new{world.made}@example.com", "role": "operator"}


def an_agent(world: World, _who: Who) -> dict[str, Any]:
    world.made += 1
    return {"name": f"agent-{world.made}"}


def a_link(world: World, _who: Who) -> dict[str, Any]:
    return {"token": world.link(), "password": "a long enough password", "again": "a long enough password"}


def an_event(world: World, who: Who) -> dict[str, Any]:
    """Any event of the trail."""
    world.lane(who)
    db.session.rollback()
    return {"event_id": db.session.scalar(db.text("SELECT min(id) FROM tool_action_events"))}


def a_template(world: World, _who: Who) -> dict[str, Any]:
    world.made += 1
    return {"name": f"Template {world.made}", "subject": "About it", "body": "It is so."}


def an_ask(world: World, _who: Who) -> dict[str, Any]:
    world.made += 1
    return {"tool_ref": "refund", "token": f"token-{world.made}", "amount": "3", "does": "work"}


def styles(world: World, _who: Who) -> dict[str, Any]:
    with world.app.test_request_context():
        return {"digest": stylesheet().split("/")[-2]}


LIMITED = FINE | {422}
"""Whoever may come in may also be told that what was typed does not hold."""
OPEN = fixed(email="nobody@example.com", password="not theirs", code="x", state="y")

ROUTES: Mapping[str, Row] = {
    "static": Row(anyone, fixed(filename="favicon.svg")),
    "assets.css": Row(anyone, styles),
    "health.alive": Row(anyone),
    "health.ready": Row(anyone, done=FINE | {503}),
    "health.numbers": Row(anyone),
    "session.login": Row(anyone),
    "session.sign_in": Row(anyone, form=OPEN, done=LIMITED),
    "session.logout": Row(anyone),
    "oidc.start": Row(anyone, done=frozenset({404})),
    "oidc.back": Row(anyone),
    "oidc.finish": Row(anyone, form=OPEN, done=LIMITED),
    "passwords.choose": Row(anyone, form=a_link),
    "passwords.keep": Row(anyone, form=a_link),
    "navigation.home": Row(signed_in),
    "navigation.show": Row(signed_in),
    "live.stream": Row(signed_in, form=fixed(topics="inbox")),
    "drafts.keep": Row(signed_in, form=fixed(key="conversation:1:reply", body="Half a sentence")),
    "account.show": Row(signed_in),
    "account.change_password": Row(signed_in, form=fixed(current="not it"), done=frozenset({422})),
    "account.sign_out": Row(signed_in),
    "inbox.index": Row(signed_in),
    "selection.assign": Row(signed_in, form=selection),
    "selection.resolve": Row(signed_in, form=selection),
    "conversations.show": Row(signed_in, here),
    "conversations.header": Row(signed_in, here),
    "conversations.timeline": Row(signed_in, here),
    "conversations.rail": Row(signed_in, here),
    "conversations.typing": Row(signed_in, here),
    "conversations.send": Row(signed_in, here, fixed(kind="internal_note", body="Noted.")),
    "conversations.resolution": Row(signed_in, here, fixed(status="open")),
    "conversations.assignment": Row(signed_in, here, fixed(assignee_id="")),
    "proposals.create": Row(asker, here, an_ask),
    "lanes.show": Row(signed_in, lane),
    "lanes.history": Row(signed_in, lane),
    "lanes.approve": Row(decider, lane, bound),
    "lanes.reject": Row(decider, lane, bound),
    "lanes.defer": Row(decider, lane, bound),
    "followups.new": Row(signed_in, here),
    "followups.create": Row(signed_in, here),
    "bulk.choose": Row(signed_in, form=selection),
    "bulk.make": Row(signed_in, form=selection),
    "bulk.show": Row(signed_in, address_of_preview),
    "bulk.recipients": Row(signed_in, address_of_preview),
    "bulk.confirm": Row(signed_in, form=preview),
    "envelopes.index": Row(signed_in),
    "envelopes.show": Row(signed_in, envelope),
    "envelopes.undo": Row(signed_in, envelope),
    "envelopes.cancel_rest": Row(signed_in, envelope),
    "envelopes.retry": Row(signed_in, envelope),
    "deliveries.cancel": Row(signed_in, delivery("pending")),
    "deliveries.retry": Row(signed_in, delivery("failed")),
    "deliveries.mark_sent": Row(signed_in, delivery("uncertain")),
    "deliveries.repeat": Row(signed_in, delivery("uncertain")),
    "approvals.index": Row(signed_in),
    "approvals.focus": Row(signed_in, form=a_waiting_lane),
    "audit.index": Row(signed_in),
    "audit.news": Row(signed_in, form=fixed(after="1-1")),
    "audit.show": Row(signed_in, an_event),
    "audit.as_csv": Row(signed_in),
    "audit.as_jsonl": Row(signed_in),
    "admin.home": Row(admin),
    "operators.index": Row(admin),
    "operators.new": Row(admin),
    "operators.invite": Row(admin, form=somebody),
    "operators.show": Row(admin, noor),
    "operators.change": Row(admin, noor, person),
    "operators.deactivate": Row(admin, noor),
    "operators.activate": Row(admin, noor),
    "operators.sign_out": Row(admin, noor),
    "operators.make_link": Row(admin, noor),
    "operators.release_identity": Row(admin, noor),
    "agents.new": Row(admin),
    "agents.create": Row(admin, form=an_agent),
    "agents.show": Row(admin, iris),
    "agents.change": Row(admin, iris, fixed(scopes="orders:refund")),
    "agents.renew": Row(admin, iris),
    "agents.deactivate": Row(admin, iris),
    "agents.activate": Row(admin, iris),
    "lanes_admin.index": Row(admin),
    "lanes_admin.confirm": Row(admin, form=lanes_to_end),
    "lanes_admin.expire": Row(admin, form=lanes_to_end),
    "lanes_admin.expired": Row(admin, form=lanes_to_end),
    "lanes_admin.start": Row(admin, lane),
    "policy.show": Row(admin),
    "policy.try_out": Row(admin, form=fixed(tool_ref="adjust", amount="1", does="work")),
    "templates.index": Row(admin),
    "templates.new": Row(admin),
    "templates.create": Row(admin, form=a_template),
    "templates.show": Row(admin, template),
    "templates.change": Row(admin, template, a_template),
    "templates.archive": Row(admin, template),
    "templates.restore": Row(admin, template),
    "templates.preview": Row(admin, form=a_template),
}
