"""The exports of the audit log from both crowds: how fast rows come, early and late, and what the web process holds."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

from tests.bench.audit import children, peak
from tests.prove.growth_costs import Side

PARTS = 10
FEWEST = 20_000
"""Rows of a part whose time says something."""
FEW = "?event=signed_in&actor=operator:2"
"""What is asked for first, so that the process has everything that it needs for an export."""


class Export(NamedTuple):
    """One file, read to its end."""

    rows: int
    seconds: float
    grown: int
    """MB that the web process held at most, above what it held before."""
    late: float
    """How much longer a row takes at the end of the file than at its beginning, the small crowd's file as measure;
    1 for a file of which most waits in buffers when it is asked for."""


def export(small: Side, large: Side, address: str, rows: int) -> Export:
    """Read the large crowd's file in ten parts, and the small one's whole after each, so that noise hits both."""
    _read(large, address.partition("?")[0] + FEW)
    for pid in _web(large):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = {pid: peak(pid) for pid in _web(large)}
    paces, total, spent = [], 0, 0.0
    for lines, seconds in _parts(large, address, rows // PARTS):
        total, spent = total + lines, spent + seconds
        few, pause = _read(small, address)
        if lines >= max(FEWEST, rows // PARTS // 2):
            paces.append((seconds / lines) / (pause / few))
    grown = max(peak(pid) - held for pid, held in before.items())
    third = len(paces) // 3
    late = median(paces[-third:]) / median(paces[:third]) if third else 1.0
    return Export(total, spent, grown, late)


def _parts(side: Side, address: str, rows: int) -> Iterator[tuple[int, float]]:
    """Lines and seconds of each stretch of about so many rows."""
    answer, lines, started = _answer(side, address), 0, perf_counter()
    while part := answer.read(1 << 18):
        lines += part.count(b"\n")
        if lines >= rows:
            yield lines, perf_counter() - started
            lines, started = 0, perf_counter()
    if lines:
        yield lines, perf_counter() - started


def _read(side: Side, address: str) -> tuple[int, float]:
    started, lines = perf_counter(), 0
    answer = _answer(side, address)
    while part := answer.read(1 << 18):
        lines += part.count(b"\n")
    return lines, perf_counter() - started


def _answer(side: Side, address: str) -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", side.port, timeout=120)
    connection.request("GET", address, headers={"Cookie": side.cookie})
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    return answer


def _web(side: Side) -> list[int]:
    [master] = [one.handle.pid for one in side.running.processes if one.name == "web" and one.handle]
    return children(master)
