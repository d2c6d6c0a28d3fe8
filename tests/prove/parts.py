"""The parts of the proof, and how one of them is run: in a process of its own, with an end to its time.

python -m tests.prove.parts NAME [--short]
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.prove.claims import Claim, Protection

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Part:
    """A module `tests.prove.NAME` with `prove(short: bool) -> list[Claim]` and `PROTECTIONS`."""

    name: str
    about: str
    minutes: float
    """It is ended after so long, and its claims count as broken."""
    short_minutes: float

    @property
    def protections(self) -> Sequence[Protection]:
        found: Sequence[Protection] = import_module(f"tests.prove.{self.name}").PROTECTIONS
        return found


# Those of one row run at the same time: they leave each other's processors and disk alone.
TURNS: tuple[tuple[Part, ...], ...] = (
    (Part("storm", "Faults: nothing lost, nothing doubled", 14, 3),),
    (
        Part("live", "Open pages end current, in even memory", 13, 3),
        Part("model", "The state machine is the one of the specification", 13, 2),
    ),
    (
        Part("interleavings", "Every pair of verbs on one lane, in every order", 7, 1),
        Part("hostile", "Hostile input changes nothing and shows nothing", 7, 2),
    ),
    (Part("machines", "Two machines: a node lost, an upgrade under work", 5, 4),),
    (Part("growth", "A page costs the same with a million conversations", 14, 3),),
)


def turns(short: bool) -> Sequence[Sequence[Part]]:
    """What runs after what; in the short form, which does not measure as strictly, the last two turns are one."""
    return [*TURNS[:-2], [*TURNS[-2], *TURNS[-1]]] if short else TURNS


def every() -> Iterator[Part]:
    """Every part, in order."""
    for turn in TURNS:
        yield from turn


class Run:
    """A part on its way."""

    def __init__(self, part: Part, *, short: bool, root: Path = ROOT, patience: float = 1) -> None:
        self.part, self.started = part, time.monotonic()
        self.limit = 60 * patience * (part.short_minutes if short else part.minutes)
        self.folder = TemporaryDirectory(prefix="console-prove-")
        self.answer = Path(self.folder.name) / "claims.json"
        command = [sys.executable, "-m", "tests.prove.parts", part.name, "--answer", str(self.answer)]
        self.process = subprocess.Popen(
            [*command, *(["--short"] if short else [])],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root)},
            start_new_session=True,
        )

    def claims(self) -> list[Claim]:
        """Wait for its end; a part that breaks off or takes too long is a claim that did not hold."""
        try:
            code = self.process.wait(max(1.0, self.limit - (time.monotonic() - self.started)))
            broken = f"ended with exit code {code} and no answer"
        except subprocess.TimeoutExpired:
            broken = f"not done after {self.limit / 60:.0f} minutes"
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, 9)
        with self.folder:
            if self.answer.exists():
                return [Claim(**one) for one in json.loads(self.answer.read_text())]
        return [Claim(f"{self.part.name}_finished", f"“{self.part.about}” comes to its end.", "", [broken])]


@click.command()
@click.argument("name")
@click.option("--short", is_flag=True, help="The form of a few seconds to a minute.")
@click.option("--answer", type=click.Path(path_type=Path), help="Where the claims are written, as JSON.")
def main(name: str, short: bool, answer: Path | None) -> None:
    """Run one part here and print its claims; exit with 1 if one did not hold."""
    # As on Ctrl-C, so that whatever a part started ends with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    claims: list[Claim] = import_module(f"tests.prove.{name}").prove(short)
    for claim in claims:
        click.echo(f"{'held  ' if claim.held else 'BROKEN'} {claim.name}: {claim.done} {claim.figures}")
        for line in claim.broken[:20]:
            click.echo(f"       {line}")
    if answer:
        answer.write_text(json.dumps([claim.as_json() for claim in claims]))
    sys.exit(not all(claim.held for claim in claims))


if __name__ == "__main__":
    main()
