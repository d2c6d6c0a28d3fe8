"""Plays the demo's follow-ups through the public verbs: templates, bulk sends with what came of them, single ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID

from flask import current_app
from pydantic import Field

from console import outbound
from console.channels import FailureCode, PermanentFailure, UncertainFailure, load_channel
from console.demo.script import DATA, Ago, Part, read
from console.models import Delivery
from console.outbound import BatchTooLarge, claims
from console.outbound.claims import Claimed, Result

CLAIM = 1
SECONDS = 0.4
SILENCE = UncertainFailure(
    "The mail server took the message and did not answer. It may or may not have arrived.",
    FailureCode.NO_ANSWER,
)
LIMITS = {"max_batch_size": 25, "undo_seconds": 10}
"""The story was written for these, whatever this deployment allows."""


class Template(Part):
    id: str
    at: Ago
    by: str
    name: str
    subject: str
    body: str


class Send(Part):
    """A bulk send; to everybody is more than one may be."""

    at: Ago
    by: str
    template: str
    to: tuple[str, ...] | Literal["everybody"]
    fails: dict[str, str] = {}
    """Whose mailbox refused it, and how."""
    lost: tuple[str, ...] = ()
    """Of whom nobody knows whether it arrived."""
    undone: Ago | None = None
    """How long after the confirmation it was undone."""


class Single(Part):
    at: Ago
    by: str
    template: str
    to: str
    wait: Ago = Field(default=timedelta(), alias="in")


class Followups:
    """One performance of them, on the agenda of the play."""

    def __init__(
        self,
        threads: Mapping[str, int],
        actor: Callable[[str], str],
        send: Callable[..., None],
    ) -> None:
        self.threads, self.actor, self.send = threads, actor, send
        self.envelopes: dict[timedelta, UUID] = {}
        self.templates: dict[str, int] = {}
        self.fails: dict[int, str] = {}
        self.lost: set[int] = set()

    def steps(self) -> Iterator[tuple[timedelta, Callable[[], None]]]:
        """What happens, and how long ago."""
        story = read(DATA / "followups.toml")
        for made in map(Template.model_validate, story["template"]):
            yield made.at, partial(self._make, made)
        for many in map(Send.model_validate, story["send"]):
            yield many.at, partial(self._send, many)
            if many.undone is not None:
                yield many.at - many.undone, partial(self._undo, many)
        for one in map(Single.model_validate, story["single"]):
            yield one.at, partial(self._trigger, one)

    def work(self, job: str, about: Any) -> None:
        """As the job does, without a claim's lock: nobody else sees these rows before the commit."""
        alone = job.endswith("deliver")
        which = Delivery.id == about if alone else Delivery.envelope_id == about
        claimed = claims.take(CLAIM, which, limit=LIMITS["max_batch_size"])
        claims.settle(CLAIM, [Result(one, self._answer(one), SECONDS) for one in claimed])

    def _answer(self, claimed: Claimed) -> str | Exception:
        conversation_id = claimed.outgoing.conversation_id
        if conversation_id in self.fails:
            return PermanentFailure(self.fails[conversation_id], FailureCode.ADDRESS)
        return SILENCE if conversation_id in self.lost else f"250 2.0.0 queued as {claimed.outgoing.key}"

    def _make(self, made: Template) -> None:
        there = {one.template.name: one.template_id for one in outbound.list_templates()}
        self.templates[made.id] = there.get(made.name) or (
            outbound.create_template(
                self.actor(made.by), name=made.name, subject=made.subject, body=made.body
            ).template_id
        )

    def _send(self, many: Send) -> None:
        names = self.threads if many.to == "everybody" else many.to
        ids, actor = [self.threads[name] for name in names], self.actor(many.by)
        if many.to == "everybody":
            body = outbound.get_template(self.templates[many.template]).body
            with suppress(BatchTooLarge):
                outbound.bulk_trigger(
                    ids, template_id=self.templates[many.template], rendered_body=body, actor=actor
                )
            return
        self.fails = {self.threads[name]: why for name, why in many.fails.items()}
        self.lost = {self.threads[name] for name in many.lost}
        shown = outbound.preview(ids, template_id=self.templates[many.template], actor=actor)
        self.envelopes[many.at] = outbound.confirm(shown.token, actor, enqueue=self.send).id

    def _undo(self, many: Send) -> None:
        outbound.undo(self.envelopes[many.at], self.actor(many.by))

    def _trigger(self, one: Single) -> None:
        outbound.trigger(
            self.threads[one.to],
            template_id=self.templates[one.template],
            schedule_in=one.wait,
            actor=self.actor(one.by),
            enqueue=self.send,
        )


@contextmanager
def as_the_story_goes() -> Iterator[None]:
    """A channel that sends nothing, and the limits for which the story was written, for the length of a step."""
    app = current_app
    before = app.config["SETTINGS"], app.extensions["console_channel"]
    app.config["SETTINGS"] = before[0].model_copy(update=LIMITS)
    app.extensions["console_channel"] = load_channel(before[0].model_copy(update={"channel": "log"}))
    try:
        yield
    finally:
        app.config["SETTINGS"], app.extensions["console_channel"] = before
