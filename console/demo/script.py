"""What the demo's files say: people, conversations and actions, each with how long ago it happened."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

DATA = Path(__file__).parent / "data"
DEMO_IDS = "demo-"
"""How the external ids of the demo's conversations begin."""
UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def read_ago(words: object) -> timedelta:
    """`2d 4h 30m` as a duration. Raises ValueError."""
    parts = re.findall(r"(\d+)([dhms])(?:\s|$)", str(words))
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != str(words).replace(" ", ""):
        raise ValueError(f"{words!r} is no duration such as 2d 4h 30m")
    return timedelta(**{UNITS[unit]: int(number) for number, unit in parts})


Ago = Annotated[timedelta, BeforeValidator(read_ago)]
"""How long before the moment of loading."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(Part):
    name: str
    email: str
    role: Literal["operator", "admin"] = "operator"
    scopes: tuple[str, ...] = ()
    since: Ago
    left: Ago | None = None
    """When the account was deactivated."""


class Agent(Part):
    scopes: tuple[str, ...] = ()
    since: Ago
    revoked: Ago | None = None
    """When all of its scopes were taken away."""


class People(Part):
    operators: dict[str, Person]
    agents: dict[str, Agent]


class Action(Part):
    """Something that is asked for, and what comes of it."""

    at: Ago
    by: str
    tool: str
    input: dict[str, Any]
    then: tuple[tuple[Ago, str, str], ...] = ()
    """When, what (`approve ben`, `reject`, `defer ben for 2d`, `return`, `again`, `recover`), and the words with it."""
    queue_away: Ago | None = None
    """How long the queue was away after the approval."""
    worker_dies: bool = False
    """The worker is lost inside the run; `recover` is when another one finds out."""
    carrier_away: bool = False
    """The carrier's address answers to nobody while this runs."""
    later: str = ""
    """What the customer writes when this has lapsed and the demo is started once more."""


class Thread(Part):
    """One conversation."""

    id: str
    customer: str
    subject: str
    channel: Literal["email", "chat", "phone"] = "email"
    said: tuple[tuple[Ago, str] | tuple[Ago, str, str], ...] = Field(min_length=1)
    """When, who (`customer`, `ben`, `note ben`) and the words; or when and what (`assign ben`, `resolve ben`)."""
    action: tuple[Action, ...] = ()

    @property
    def external_id(self) -> str:
        return DEMO_IDS + self.id


def read_people() -> People:
    """Who works at the desk."""
    return People.model_validate(read(DATA / "people.toml"))


def read_script() -> list[Thread]:
    """Every conversation, in the order of the files."""
    return [
        Thread.model_validate(thread)
        for path in sorted((DATA / "conversations").glob("*.toml"))
        for thread in read(path)["conversation"]
    ]


def read(path: Path) -> dict[str, Any]:
    """One file of the demo, as TOML says it."""
    return tomllib.loads(path.read_text(encoding="utf-8"))
