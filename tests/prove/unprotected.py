"""See each claim fail: take the line out that protects it, in a copy of the source, and run its part in short.

python -m tests.prove.unprotected [--report FILE] [CLAIM or PART …]
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.prove.claims import Protection
from tests.prove.parts import ROOT, Part, Run, every
from tests.prove.report import cell

HEAD = """\
# What fails without the line it rests on

| claim | taken out | seen |
| --- | --- | --- |
"""
MOST_WORDS = 200
COPIED = ("console", "jobs", "migrations", "static", "templates", "tests", "pyproject.toml")


@contextmanager
def without(protection: Protection) -> Iterator[Path]:
    """A copy of the source without that line; raises ClickException when the line is not there exactly once."""
    with TemporaryDirectory(prefix="console-unprotected-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, root / name)
        changed = root / protection.path
        text = changed.read_text()
        if text.count(protection.line) != 1:
            raise click.ClickException(f"{protection.path} does not have this once: {protection.line}")
        changed.write_text(text.replace(protection.line, protection.instead))
        yield root


def seen_broken(part: Part, protection: Protection) -> list[str]:
    """Run the part on the changed copy; what was broken of the claim there."""
    with without(protection) as root:
        # What is broken may also be slow.
        claims = Run(part, short=True, root=root, patience=4).claims()
    return [line for claim in claims if claim.name == protection.claim for line in claim.broken]


def row(protection: Protection, broken: Sequence[str]) -> str:
    """A line of the report: what was taken out, and the first that was seen to break."""
    seen = broken[0][:MOST_WORDS] if broken else "**STILL HOLDS**"
    cells = f"`{protection.claim}`", f"`{protection.line}` in `{protection.path}`", seen
    return f"| {' | '.join(map(cell, cells))} |"


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--report", type=click.Path(path_type=Path), default=Path("var/unprotected.md"), show_default=True
)
def main(names: tuple[str, ...], report: Path) -> None:
    """Exit with 1 when a claim holds although its protecting line is gone. NAMES are of claims or of whole parts."""
    chosen = [
        (part, protection)
        for part in every()
        for protection in part.protections
        if not names or part.name in names or protection.claim in names
    ]
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(HEAD)
    silent = []
    for part, protection in chosen:
        broken = seen_broken(part, protection)
        click.echo(f"{'seen failing' if broken else 'STILL HOLDS'}: {protection.claim} ({protection.path})")
        with report.open("a") as file:
            file.write(row(protection, broken) + "\n")
        silent += [] if broken else [protection.claim]
    sys.exit(bool(silent))


if __name__ == "__main__":
    main()
