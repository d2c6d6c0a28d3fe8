"""What the documents say is there, is there, and nothing that should be said is missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from console.cli import COMMANDS
from console.config import Settings
from console.governance.policy_file import load_policy
from console.tools import Tool, load_registry

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = sorted([README, *(ROOT / "docs").glob("*.md")])
MAX_PICTURE_BYTES = 250_000
ROOMS = ("jobs/", "templates/", "static/", "migrations/", "tests/", "docs/")


def table(heading: str) -> dict[str, list[str]]:
    """The first table under a heading of the README: its rows by their first cell."""
    after = README.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in after.splitlines() if line.startswith("| ")]
    return {row[0].strip().strip("`"): [cell.strip() for cell in row[1:]] for row in rows[2:]}


def section(heading: str) -> list[str]:
    return list(table(heading))


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.DOTALL)


def said_default(value: Any) -> str:
    """A default as the settings table writes it."""
    if value in ("", None):
        return ""
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"`{text}`"


def test_every_setting_is_in_the_table_with_its_default() -> None:
    fields = {f"CONSOLE_{name.upper()}": field.default for name, field in Settings.model_fields.items()}
    rows = table("Settings")
    assert set(rows) == set(fields)
    assert {name: row[0] for name, row in rows.items()} == {n: said_default(v) for n, v in fields.items()}


def test_every_command_is_in_the_table() -> None:
    assert {row.removeprefix("console ") for row in section("Commands")} == set(COMMANDS)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"(?:^    |[`“]|bin/)console ([a-z][a-z-]+)", path.read_text(), re.MULTILINE)
    assert set(named) <= set(COMMANDS)


def test_every_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in DOCUMENTS:
        named = set(re.findall(r"(?:^    |`)make ([a-z-]+)", path.read_text(), re.MULTILINE))
        assert named <= targets, path.name


def test_the_map_has_one_row_a_module() -> None:
    modules = {f"console/{path.name}" for path in (ROOT / "console").glob("*.py")}
    modules |= {f"console/{path.parent.name}/" for path in (ROOT / "console").glob("*/*.py")}
    after = README.read_text().split("\n## The map\n", 1)[1].split("\n### ", 1)[0]
    rows = re.findall(r"^\| `([^`]+)` \|", after, re.MULTILINE)
    assert sorted(rows) == sorted({*modules, *ROOMS})


def test_every_path_that_is_named_exists() -> None:
    for path in DOCUMENTS:
        for named in re.findall(
            r"`((?:console|jobs|templates|static|migrations|tests|docs)/[\w./-]*)`", path.read_text()
        ):
            assert (ROOT / named).exists(), f"{path.name} names {named}"


def test_every_function_that_the_one_minute_table_names_is_there() -> None:
    text = README.read_text()
    for function, path in re.findall(r"`(\w+)` in `([\w./]+\.py)`", text):
        assert f"def {function}(" in (ROOT / path).read_text(), f"{function} in {path}"


def test_every_dependency_has_a_reason() -> None:
    wanted = {
        re.split(r"[\[#\s]", line)[0]
        for line in (ROOT / "requirements.in").read_text().splitlines()
        if line and not line.startswith("#")
    }
    rows = table("What it is made of")
    assert set(rows) == wanted
    assert all(row[0] for row in rows.values())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        assert not file or (path.parent / file).exists(), target
        if anchor and not file:
            titles = {
                title.lower().replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            }
            assert anchor in titles, target


def test_pictures_are_small_and_used() -> None:
    pictures = list((ROOT / "docs" / "pictures").glob("*"))
    text = README.read_text()
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size <= MAX_PICTURE_BYTES, picture.name
        assert f"docs/pictures/{picture.name}" in text, picture.name


@pytest.mark.parametrize("path", [README, ROOT / "docs" / "tools.md"], ids=lambda path: path.name)
def test_tools_in_the_documents_are_tools(path: Path) -> None:
    (code,) = blocks(path, "python")
    names: dict[str, Any] = {"__name__": "document"}
    exec(code, names)
    (tool,) = [
        value for name, value in names.items() if isinstance(value, type) and value.__module__ == "document"
    ]
    assert issubclass(tool, Tool)
    assert tool().authorize("operator:1", None) is True


def test_policies_in_the_documents_load(tmp_path: Path, settings: Settings) -> None:
    tools = list(load_registry(settings.tools))
    for number, words in enumerate(blocks(ROOT / "docs" / "policy.md", "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(words)
        load_policy(file, tools)
    load_policy(ROOT / "docs" / "policy.example.toml", tools)
