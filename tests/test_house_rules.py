"""The rules of the house, read from the source: arrows, the one place for a thing, lengths, and what pages may hold."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("console/**/*.py"), *ROOT.glob("jobs/**/*.py")])
TEMPLATES = sorted(ROOT.glob("templates/**/*.html"))
SCRIPTS = sorted(ROOT.glob("static/js/**/*.js"))
STYLES = sorted(ROOT.glob("static/css/**/*.css"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def calls(path: Path) -> Iterator[tuple[str, str, ast.Call]]:
    """Every call: what it is called on, the last name, and the node."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func.value), node.func.attr, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "", node.func.id, node


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 50 and len(TEMPLATES) > 10 and SCRIPTS and STYLES


def test_the_arrows_between_the_rooms_point_one_way() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_governance_is_entered_through_its_facade() -> None:
    rules = {"policy", "policy_file", "conditions"}
    for path in SOURCES:
        here = name(path)
        if here.startswith("console/governance/"):
            continue
        open_here = rules | (
            {"execution", "recovery"} if here.startswith(("jobs/", "console/demo/")) else set()
        )
        for node in ast.walk(tree(path)):
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            if module.startswith("console.governance."):
                assert module.removeprefix("console.governance.") in open_here, here
        if not here.startswith(("console/models/", "console/trail/")):
            assert not re.search(
                r"\b(tool_approvals|tool_proposals|tool_action_events)\b", path.read_text()
            ), here
            assert not re.search(
                r"select\((ToolApproval|ToolProposal|ToolActionEvent)\b", path.read_text()
            ), here


def test_a_tool_is_run_in_one_place_alone() -> None:
    processes_and_servers = {"subprocess", "asyncio", "context", "app", "embedded", "uvicorn"}
    places = {
        name(path)
        for path in SOURCES
        for owner, verb, _ in calls(path)
        if verb == "run" and owner.split(".")[0] not in processes_and_servers
    }
    assert places == {"jobs/actions.py"}


def test_nobody_but_the_transition_table_gives_a_lane_its_status() -> None:
    others = {"conversation", "proposal", "lane.proposal", "response", "answer"}
    for path in SOURCES:
        # The shop knows nothing of lanes; its orders have a status too.
        if name(path) == "console/governance/transitions.py" or name(path).startswith("console/shop/"):
            continue
        for node in ast.walk(tree(path)):
            targets = node.targets if isinstance(node, ast.Assign) else []
            parts = [part for target in targets for part in ast.walk(target)]
            given = [part for part in parts if isinstance(part, ast.Attribute) and part.attr == "status"]
            assert {ast.unparse(part.value) for part in given} <= others, name(path)
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "ToolApproval",
                "update(ToolApproval).values",
            ):
                assert "status" not in [keyword.arg for keyword in node.keywords], name(path)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "update":
                assert "ToolApproval" not in [ast.unparse(argument) for argument in node.args], name(path)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "setattr":
                pytest.fail(f"{name(path)} sets an attribute by its name")


def test_nobody_but_the_transition_table_gives_a_delivery_its_state() -> None:
    for path in SOURCES:
        if name(path) == "console/outbound/transitions.py":
            continue
        for node in ast.walk(tree(path)):
            targets = node.targets if isinstance(node, ast.Assign) else []
            parts = [part for target in targets for part in ast.walk(target)]
            assert not [part for part in parts if isinstance(part, ast.Attribute) and part.attr == "state"], (
                name(path)
            )
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("update", "insert", "delete"):
                assert "Delivery" not in [ast.unparse(argument) for argument in node.args], name(path)
            assert not (isinstance(node, ast.Call) and ast.unparse(node.func) == "Delivery"), name(path)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.search(r"\b(?:INTO|UPDATE|FROM ONLY) deliveries\b", node.value), name(path)


def test_a_message_leaves_in_one_place_alone() -> None:
    places = {
        name(path)
        for path in SOURCES
        for owner, verb, _ in calls(path)
        if (verb == "send" and owner == "session") or (verb == "session" and owner in ("way", "channel()"))
    }
    assert places == {"jobs/deliveries.py"}


def test_nothing_commits_but_transaction_itself() -> None:
    places = {name(path) for path in SOURCES for owner, verb, _ in calls(path) if verb == "commit"}
    # A worker's lock is a connection of its own, taken and given back around the transactions.
    assert places <= {"console/db.py", "console/locks.py"}


def test_time_is_read_from_the_one_clock() -> None:
    forbidden = {
        ("datetime", "now"),
        ("datetime", "utcnow"),
        ("date", "today"),
        ("datetime.datetime", "now"),
        ("func", "now"),
    }
    # The queue compares with what RQ wrote, by the clock that RQ reads.
    places = {name(p) for p in SOURCES for owner, verb, _ in calls(p) if (owner, verb) in forbidden}
    assert places <= {"console/db.py", "console/queue.py"}


def test_views_and_commands_do_not_query_the_tables_of_governance_and_outbound() -> None:
    tables = {"ToolProposal", "ToolApproval", "ToolActionEvent"}
    tables |= {
        "BulkEnvelope",
        "BulkPreview",
        "Delivery",
        "EnvelopeCount",
        "MessageTemplate",
        "TemplateVersion",
    }
    asking = {"select", "update", "delete", "insert", "query"}
    for path in SOURCES:
        if not name(path).startswith(("console/views/", "console/cli/", "console/conversations/", "jobs/")):
            continue
        for _, verb, call in calls(path):
            words = {ast.unparse(argument).split(".")[0] for argument in call.args}
            assert not (verb in asking and words & tables), f"{name(path)} asks {words & tables} itself"


def test_a_view_that_answers_get_opens_no_transaction() -> None:
    for path in sorted(ROOT.glob("console/views/*.py")):
        for function in ast.walk(tree(path)):
            if not isinstance(function, ast.FunctionDef):
                continue
            marks = [ast.unparse(mark) for mark in function.decorator_list]
            if any(".get(" in mark or ".route(" in mark for mark in marks) and not any(
                "POST" in m for m in marks
            ):
                inside = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
                assert "transaction" not in inside, f"{name(path)}: {function.name}"


def test_every_public_function_says_what_it_is_for() -> None:
    silent = []
    for path in SOURCES:
        for node in tree(path).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                small = isinstance(node, ast.ClassDef) and _is_plain(node)
                if not small and ast.get_docstring(node) is None:
                    silent.append(f"{name(path)}: {node.name}")
    assert silent == []


def _is_plain(node: ast.ClassDef) -> bool:
    """An enumeration, an error that only carries its sentence, or a tool, which describes itself to people."""
    if any(ast.unparse(part).startswith("description = ") for part in node.body):
        return True
    return all(isinstance(part, (ast.Assign, ast.AnnAssign, ast.Expr, ast.Pass)) for part in node.body)


@pytest.mark.parametrize(
    ("paths", "most"),
    [
        (SOURCES, 300),
        (TEMPLATES, 120),
        (SCRIPTS, 250),
        (STYLES, 250),
        (sorted(ROOT.glob("tests/**/*.py")), 300),
    ],
    ids=["python", "templates", "scripts", "styles", "tests"],
)
def test_no_file_is_too_long(paths: list[Path], most: int) -> None:
    assert [name(path) for path in paths if len(path.read_text().splitlines()) > most] == []


def test_no_function_is_too_long() -> None:
    long = [
        f"{name(path)}: {node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or 0) - node.lineno >= 40
    ]
    assert long == []


def markup(path: Path) -> str:
    """A template without its comments, its filters kept: `style="left"` in a call is no attribute of an element."""
    words = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)
    return re.sub(
        r"{[{%].*?[%}]}",
        lambda m: " ".join(re.findall(r"\|\s*safe\b|autoescape \w+", m[0])),
        words,
        flags=re.DOTALL,
    )


FORBIDDEN_IN_PAGES = {
    "an inline script": r"<script(?![^>]*\bsrc=)",
    "an inline style": r"<style\b|\sstyle\s*=",
    "an inline handler": r"\son[a-z]+\s*=\s*[\"'{]",
    "unescaped text": r"\|\s*safe\b|\bautoescape\s+false|\bMarkup\(",
    "what needs eval": r"hx-on\b|\bjs:|javascript:|hx-trigger=[\"'][^\"']*\[",
    "another host": r"(?:src|href|action)\s*=\s*[\"']https?://",
}


@pytest.mark.parametrize("what", FORBIDDEN_IN_PAGES)
def test_no_page_holds_what_the_content_security_policy_forbids(what: str) -> None:
    pattern = re.compile(FORBIDDEN_IN_PAGES[what], re.IGNORECASE)
    assert [name(path) for path in TEMPLATES if pattern.search(markup(path))] == []


def test_every_partial_says_first_what_it_needs() -> None:
    partials = [path for path in TEMPLATES if path.name.startswith("_")]
    assert [name(path) for path in partials if not path.read_text().startswith("{#")] == []


def test_no_script_needs_eval() -> None:
    pattern = re.compile(r"\beval\(|new Function\(|innerHTML\s*=|insertAdjacentHTML|document\.write")
    assert [name(path) for path in SCRIPTS if pattern.search(path.read_text())] == []


def test_pinned_requirements_have_hashes_and_name_no_host() -> None:
    for path in (ROOT / "requirements.txt", ROOT / "requirements-dev.txt"):
        words = path.read_text()
        assert "://" not in words and "--index-url" not in words and "--trusted-host" not in words
        pins = re.findall(r"^[A-Za-z0-9_.\[\]-]+==[^\s\\;]+", words, re.MULTILINE)
        assert len(pins) > 10 and words.count("--hash=sha256:") >= len(pins)


def test_vendored_files_are_what_they_were() -> None:
    sums = sorted(ROOT.glob("static/vendor/*/SHA256SUMS"))
    assert sums
    for listing in sums:
        folder = listing.parent
        assert "@" in folder.name and (folder / "LICENSE").is_file()
        listed = {
            file: digest for digest, file in (line.split() for line in listing.read_text().splitlines())
        }
        for path in sorted(folder.rglob("*")):
            file = path.relative_to(folder).as_posix()
            if path.is_file() and file not in ("SHA256SUMS", "LICENSE"):
                assert listed[file.lstrip("*")] == hashlib.sha256(path.read_bytes()).hexdigest(), file
