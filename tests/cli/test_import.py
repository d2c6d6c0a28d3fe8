"""`console import`: what is loaded, what is refused line by line, and what a second run does."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import func, select

from console import conversations
from console.cli import imports
from console.conversations import Filters
from console.db import db
from console.models import Conversation, Customer, Message

SHARED = Path(__file__).parents[3] / "shared" / "data" / "conversations"
Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Run:
    @contextmanager
    def opened() -> Iterator[Flask]:
        yield app

    monkeypatch.setattr(imports, "opened", opened)

    def invoke(*files: Path) -> Result:
        result = CliRunner().invoke(imports.import_conversations, [str(file) for file in files])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


def line(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "external_id": f"desk-{number}",
        "subject": f"Question {number}",
        "status": "open",
        "customer": {"name": "Riya Chen", "email": "riya@example.com", "id": "riya_1"},
        "messages": [
            {"role": "customer", "text": "Two charges!", "time": "2026-05-01T09:30:00Z"},
            {"role": "agent", "text": "I am looking.", "time": 1777628460, "author": "Ben"},
            {"role": "internal_note", "text": "Known bug.", "time": "2026-05-01T12:00:00+02:00"},
        ],
        **changes,
    }


def write(path: Path, *records: Any) -> Path:
    content = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in records)
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_conversation_is_loaded_as_it_stands(run: Run, tmp_path: Path) -> None:
    result = run(write(tmp_path / "a.jsonl", line(channel="chat"), line(2, status="resolved")))
    assert (result.exit_code, result.stdout) == (0, "2 new (6 messages), 0 unchanged, 0 bad.\n")
    assert count(Customer) == 1
    first, second = db.session.scalars(select(Conversation).order_by(Conversation.external_id))
    assert (first.subject, first.channel, first.status) == ("Question 1", "chat", "open")
    assert (first.last_message_preview, first.last_message_role) == ("I am looking.", "operator")
    assert second.resolved_at is not None
    entries = conversations.timeline(first.id).entries
    assert [(e.role, e.body, e.author_name) for e in entries] == [
        ("customer", "Two charges!", "Riya Chen"),
        ("operator", "I am looking.", "Ben"),
        ("internal_note", "Known bug.", ""),
    ]


def test_what_is_loaded_is_counted_and_found(run: Run, tmp_path: Path) -> None:
    run(write(tmp_path / "a.jsonl.gz", *(line(n) for n in range(450))))
    assert conversations.counts(1).open == 450
    assert len(conversations.inbox(1, Filters(view="all", q="charges question 77")).rows) == 1


def test_a_second_run_loads_nothing(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", line(1), line(2))
    run(path)
    result = run(path, write(tmp_path / "b.jsonl", line(2), line(3)))
    assert result.exit_code == 0
    assert result.stdout == "1 new (3 messages), 3 unchanged, 0 bad.\n"
    assert (count(Conversation), count(Message)) == (3, 9)


MESSAGE = line()["messages"][0]
BAD: list[tuple[Any, str]] = [
    ("{", "not JSON"),
    ("[]", "not a JSON object"),
    ("null", "not a JSON object"),
    ("[" * 100_000, "nested too deeply"),
    ({**line(), "subject": None}, "subject must be text"),
    ({k: v for k, v in line().items() if k != "external_id"}, "external_id is missing"),
    ({k: v for k, v in line().items() if k != "customer"}, "customer is missing"),
    (line(customer={"email": "x"}), "customer.name is missing"),
    (line(customer="Riya"), "customer must be an object"),
    (line(status="closed"), "status must be"),
    (line(messages=[]), "no messages"),
    (line(messages="x"), "messages must be a list"),
    (line(messages=[{**MESSAGE, "role": "robot"}]), "messages 1.role must be"),
    (line(messages=[MESSAGE, {**MESSAGE, "time": "yesterday"}]), "messages 2.time is not a time"),
    (line(messages=[{**MESSAGE, "time": "9999-12-31T23:59:59-14:00"}]), "time"),
    (line(messages=[{**MESSAGE, "time": 10**30}]), "time"),
    (line(messages=[{**MESSAGE, "time": "1960-01-01T00:00:00Z"}]), "before 1970"),
    (line(messages=[{**MESSAGE, "text": "a\x00b"}]), "cannot be stored"),
    (line(messages=[{**MESSAGE, "text": "\ud800"}]), "cannot be stored"),
    (line(messages=[{**MESSAGE, "text": " \n"}]), "is empty"),
    (line(messages=[{**MESSAGE, "text": "x" * 20_001}]), "at most 20,000"),
    (line(subject="x" * 301), "at most 300"),
    (line(external_id="x" * 201), "at most 200"),
    (line(external_id="desk-ok"), "used before, in line 1"),
    ({"id": "t", "turns": "x"}, "turns must be a list"),
    ({"id": "t", "turns": [{"role": "robot", "text": "x"}]}, "turn 1 has no role"),
    ({"id": "t", "turns": [{"role": "action", "text": ""}]}, "which action"),
    ({"id": "t", "turns": [{"role": "agent", "text": "x", "ts": 1e300}]}, "beyond every calendar"),
    ({"id": "t", "turns": [{"role": "agent", "text": "x", "ts": "1"}]}, "Unix seconds"),
    ({"turns": []}, "id is missing"),
    (
        {"id": "t", "turns": [{"role": "action", "text": "", "action": {"name": "x", "values": ["\x00"]}}]},
        "line 2",
    ),
]


@pytest.mark.parametrize(("record", "reason"), BAD)
def test_a_bad_line_is_named_and_the_rest_is_loaded(
    run: Run, tmp_path: Path, record: Any, reason: str
) -> None:
    result = run(write(tmp_path / "a.jsonl", line(external_id="desk-ok"), record, line(3)))
    assert result.exit_code == 1
    assert "line 2:" in result.stderr and reason in result.stderr, result.stderr
    assert result.stderr.count("\n") == 1 and "Traceback" not in result.stderr
    assert count(Conversation) == 2 and "1 bad" in result.stdout


def test_bytes_that_are_no_text_and_empty_lines(run: Run, tmp_path: Path) -> None:
    good = json.dumps(line()).encode()
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + good + b"\r\n\r\n\xff\xfe\n   \n")
    result = run(path)
    assert "1 new" in result.stdout and "line 3: it is not UTF-8" in result.stderr


def test_a_line_beyond_every_measure_is_passed_over(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.imports.files.MAX_LINE_BYTES", 5_000)
    result = run(write(tmp_path / "a.jsonl", line(1), "x" * 40_000, line(2)))
    assert "2 new" in result.stdout and "line 2: it is longer than" in result.stderr


def test_a_file_that_cannot_be_read_is_a_sentence(run: Run, tmp_path: Path) -> None:
    whole = write(tmp_path / "a.jsonl.gz", *(line(n) for n in range(3_000)))
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    result = run(tmp_path / "none.jsonl", tmp_path, cut)
    assert result.exit_code == 2
    assert result.stderr.count("could not be read") == 2 and "is damaged" in result.stderr
    assert 0 < count(Conversation) < 3_000
    assert run(whole).exit_code == 0 and count(Conversation) == 3_000


def test_memory_does_not_grow_with_the_file(run: Run, tmp_path: Path) -> None:
    run(write(tmp_path / "warm.jsonl", *(line(n, external_id=f"w{n}") for n in range(300))))
    peaks = []
    for size in (600, 3_000):
        path = write(tmp_path / f"{size}.jsonl", *(line(n, external_id=f"{size}-{n}") for n in range(size)))
        tracemalloc.start()
        run(path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3, peaks


def test_actions_become_sentences_and_secrets_become_dots(run: Run, tmp_path: Path) -> None:
    call = {
        "name": "bank_fraud_report", "kind": "write", "result": {"Confirmation": "Submitted."},
        "values": {"FullName": "Riya Chen", "PIN": 4711, "SecurityAnswer1": "Rex", "Amount": "api.is_at_least(15)"},
    }  # fmt: skip
    talk = [
        {"role": "customer", "text": "I am Riya", "ts": 1589375697},
        {"role": "action", "text": "", "action": call, "ts": 1589375700},
        {"role": "agent", "text": "Done.", "ts": 1589375690},
    ]
    flow = {"flow": "account_access", "subflow": "reset_2fa"}
    run(
        write(
            tmp_path / "a.jsonl",
            {"id": "s", "topic": {"tasks": ["bank_fraud_report"]}, "turns": talk},
            {"id": "a", "topic": flow, "turns": [{"role": "action", "text": "…", "action": {
                "name": "pull-up-account", "values": ["crystal minh"]}}, {"role": "agent", "text": "Hi"}]},
        )
    )  # fmt: skip
    star, abcd = (
        db.session.scalars(select(Conversation).where(Conversation.external_id == name)).one()
        for name in ("s", "a")
    )
    assert (star.subject, abcd.subject) == ("Fraud report", "Account access: reset 2fa")
    assert (star.status, abcd.status) == ("resolved", "resolved")
    names = {c.id: c.name for c in db.session.scalars(select(Customer))}
    assert (names[star.customer_id], names[abcd.customer_id]) == ("Riya Chen", "Crystal Minh")
    said = conversations.timeline(star.id).entries
    assert said[1].body == (
        "Asked for a fraud report: full name Riya Chen, pin •••, security answer1 •••, amount at least 15. "
        "Answer: Submitted."
    )
    assert "4711" not in said[1].body and "Rex" not in said[1].body
    assert [entry.created_at for entry in said] == sorted(entry.created_at for entry in said)
    told = conversations.timeline(abcd.id).entries
    assert (
        told[0].body == "Looked up the account of crystal minh." and told[0].created_at < told[1].created_at
    )


@pytest.mark.skipif(not SHARED.exists(), reason="the published conversations are not beside this checkout")
def test_the_published_sets_load_without_a_bad_line(run: Run) -> None:
    result = run(*sorted(SHARED.glob("*.jsonl.gz")))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "6,043 new (138,426 messages), 0 unchanged, 0 bad.\n"
    counts = conversations.counts(1)
    assert (counts.all, counts.resolved) == (6_043, 6_043)
    assert db.session.scalar(select(func.count()).where(Message.role == "action")) == 7_308 + 17_123
