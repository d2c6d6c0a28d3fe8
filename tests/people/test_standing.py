"""Deactivating: sign-ins end, links end, and what they asked for does not run. And letting them work again."""

from __future__ import annotations

import pytest

from console import governance, people
from console.db import transaction
from console.errors import Forbidden, NotFound
from console.governance import execution
from tests.conftest import Cast
from tests.desk import Desk, Ears
from tests.people.conftest import Log, is_open, open_page
from tests.people.test_operators import STRANGERS


def test_who_is_deactivated_is_signed_out_and_their_link_is_worth_nothing(cast: Cast) -> None:
    row = open_page(cast.ben)
    _, token = people.make_link(cast.ben.id, cast.ada.actor_id)
    assert not people.deactivate(cast.ben.actor_id, cast.ada.actor_id).active
    assert not is_open(row)
    with pytest.raises(people.LinkGone):
        people.read_link(token)
    assert people.activate(cast.ben.actor_id, cast.ada.actor_id).active
    with pytest.raises(people.LinkGone):
        people.read_link(token)
    assert not is_open(row)


def test_a_second_press_changes_nothing(cast: Cast, log: Log) -> None:
    for _ in range(2):
        people.deactivate(cast.ben.actor_id, cast.ada.actor_id)
    for _ in range(2):
        people.activate(cast.ben.actor_id, cast.ada.actor_id)
    assert [line.event_type for line in log()] == ["operator_deactivated", "operator_activated"]


@pytest.mark.parametrize("who", ["operator:99", "agent:nobody", "operator:", "somebody", ""])
def test_somebody_who_is_not_there_is_said_so(cast: Cast, who: str) -> None:
    for verb in (people.deactivate, people.activate):
        with pytest.raises(NotFound):
            verb(who, cast.ada.actor_id)


@pytest.mark.parametrize("actor", [*STRANGERS, "operator:2"])
def test_nobody_but_an_admin_ends_or_grants_anything(cast: Cast, actor: str) -> None:
    for verb in (people.deactivate, people.activate):
        with pytest.raises(Forbidden):
            verb(cast.cleo.actor_id, actor)
    for change in (people.grant, people.revoke):
        with pytest.raises(Forbidden):
            change(cast.cleo.actor_id, actor, ["orders:refund"])
    assert people.get_operator(cast.cleo.id).version == 1


def test_it_is_in_the_log_under_the_admins_name(cast: Cast, log: Log) -> None:
    people.deactivate("agent:iris", cast.ada.actor_id)
    people.grant(cast.cleo.actor_id, cast.ada.actor_id, ["orders:refund"])
    agent, scopes = log()
    assert (agent.event_type, agent.actor_id) == ("agent_deactivated", cast.ada.actor_id)
    assert agent.details == {"agent": "iris"} and agent.reason == "The agent iris was deactivated."
    assert scopes.details == {"scopes": {"from": [], "to": ["orders:refund"]}}


def test_cards_hear_of_it_when_it_is_committed(cast: Cast, desk: Desk, ears: Ears) -> None:
    desk.pending()
    ears.heard()
    with pytest.raises(ZeroDivisionError), transaction():
        people.deactivate("agent:iris", cast.ada.actor_id)
        raise ZeroDivisionError
    assert ears.heard() == []
    people.deactivate("agent:iris", cast.ada.actor_id)
    assert set(ears.heard()) == {"people", "approvals", f"conversation:{desk.conversation_id}"}


def test_what_they_asked_for_and_what_they_approved_does_not_run(cast: Cast, desk: Desk) -> None:
    asked, approved = desk.submit("adjust", actor_id=desk.cleo).lane, desk.approved(amount=2)
    assert asked is not None
    governance.approve(asked.id, desk.ada, enqueue=desk.enqueued)
    assert {lane.id for lane in governance.list_unfinished(desk.cleo)} == {asked.id}
    assert {lane.id for lane in governance.list_unfinished(desk.ben)} == {approved.id}
    for who in (desk.cleo, desk.ben):
        people.deactivate(who, cast.ada.actor_id)
    for lane, name in ((asked, "Cleo Marchetti"), (approved, "Ben Weiss")):
        execution.resume(lane.id, enqueue=desk.enqueued)
        assert desk.fresh(lane).status == "invalidated"
        reason = governance.list_events(lane.tool_proposal_id)[-1].reason
        assert f"{name}, is no longer active" in (reason or "")
    assert governance.list_unfinished(desk.cleo) == []
