"""`console expire`: end the waiting of actions that nobody decides."""

from __future__ import annotations

import re
from datetime import timedelta

import click

from console import governance, people
from console.cli.database import opened
from console.db import now
from console.errors import NotFound
from console.governance import Ended, find_actor
from console.presenters.endings import Outcome, summary
from console.presenters.labels import count
from console.presenters.times import span

UNITS = {"d": "days", "h": "hours", "m": "minutes"}


class Age(click.ParamType[timedelta]):
    """`72h`, `3d` or `90m`."""

    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([1-9][0-9]{0,5})([dhm])", str(value).strip())
        if not found:
            self.fail(f"{value} is no age; 72h, 3d or 90m is one.", param, ctx)
        return timedelta(**{UNITS[found[2]]: int(found[1])})


@click.command()
@click.option("--older-than", type=Age(), required=True, help="For how long it has waited: 72h, 3d, 90m.")
@click.option("--tool", help="Only actions of this tool.")
@click.option("--dry-run", is_flag=True, help="Say what would end, and end nothing.")
@click.option(
    "--as", "email", help="The admin whose name the trail gives; without, it says that the console did it."
)
def expire(older_than: timedelta, tool: str | None, dry_run: bool, email: str | None) -> None:
    """End the waiting of actions that nobody has decided for long. Nothing of them will run."""
    with opened():
        actor_id = _actor(email)
        old = list(governance.old_lanes(older_than, tool_ref=tool))
        for lane in old:
            click.echo(f"{lane.id:>8}  {span((now() - lane.created_at).total_seconds()):>5}  {lane.title}")
        if not old:
            click.echo(f"Nothing{f' of {tool}' if tool else ''} has waited that long.")
            return
        if dry_run:
            click.echo(f"{count(len(old), 'action')} would end.")
            return
        reason = f"Nobody had decided it for {span(older_than.total_seconds())}, so nothing will run."
        ended = governance.expire_each([lane.id for lane in old], actor_id=actor_id, reason=reason)
        click.echo(summary([_outcome(one) for one in ended]))


def _actor(email: str | None) -> str:
    """The admin that an email names, or the console itself. Raises NotFound."""
    if email is None:
        return "system"
    found = people.find_operator(email)
    if found is None:
        raise NotFound(f"There is no account for {email}.")
    return found.actor_id


def _outcome(one: Ended) -> Outcome:
    lane = one.lane
    if one.refusal is None or lane is None:
        return Outcome(one.lane_id, lane, "", ended=one.refusal is None)
    who = find_actor(lane.decided_by).name.split()[0] if lane.decided_by else ""
    return Outcome(one.lane_id, lane, one.refusal.sentence, lapsed=not who, who=who)
