"""See each claim fail: take the line out that protects it, in a copy of the source, and run its part in short.

python -m tests.prove.unprotected [CLAIM …]
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.prove.claims import Protection
from tests.prove.parts import ROOT, Part, Run, every

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


def seen_broken(part: Part, protection: Protection) -> bool:
    """Run the part on the changed copy; whether the claim was broken there."""
    with without(protection) as root:
        # What is broken may also be slow.
        claims = Run(part, short=True, root=root, patience=4).claims()
    return any(claim.name == protection.claim and not claim.held for claim in claims)


@click.command()
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...]) -> None:
    """Exit with 1 when a claim holds although its protecting line is gone."""
    silent = []
    parts = {part.name: part for part in every()}
    chosen = [parts[name] for name in names if name in parts]
    for part in chosen if names and len(chosen) == len(names) else parts.values():
        for protection in part.protections:
            if names and protection.claim not in names and part not in chosen:
                continue
            broken = seen_broken(part, protection)
            click.echo(
                f"{'seen failing' if broken else 'STILL HOLDS'}: {protection.claim} ({protection.path})"
            )
            silent += [] if broken else [protection.claim]
    sys.exit(bool(silent))


if __name__ == "__main__":
    main()
