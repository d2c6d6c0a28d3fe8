"""A page costs the same with a million conversations: ten thousand and a hundred times as many, side by side.

The long form grows a crowd to 100,000 and then to 1,000,000 conversations, with 5 messages and 2 events each, and
compares it with one of 10,000 that stays; the short form compares 2,000 with 20,000, loosely in time, strictly in what
the database looks at. The plan of every statement of every page is written to var/prove-plans.txt.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import structlog

from console.trail import Seen, findings
from tests.bench.conversation import cookie
from tests.bench.floor import served
from tests.bench.stack import stack
from tests.prove.claims import Claim, Protection
from tests.prove.growth_costs import Cost, Read, Side, costs, reads, searched, swept
from tests.prove.growth_exports import Export, export
from tests.prove.growth_pages import pages, searches
from tests.prove.growth_plans import looked_at, touched
from tests.prove.growth_pour import Crowd, differences

PLANS = Path("var/prove-plans.txt")
SWEPT_AT_ONCE = 8
MOST_SEARCHED = 12_000
"""Rows that a search may look at: the newest conversations with their words, and what it finds beyond them."""
MOST_MEMORY = 16
"""MB that an export may add to a web process."""


class Scale(NamedTuple):
    """How large, how often, and how strict."""

    small: int
    sizes: tuple[int, ...]
    rounds: int
    step: int
    """Of the pages, every how many is timed; the database is asked about all of them."""
    flat: float
    search_ms: float
    late: float


SHORT = Scale(2_000, (20_000,), 6, 8, 2.0, 500, 3.0)
LONG = Scale(10_000, (100_000, 1_000_000), 40, 1, 1.2, 100, 1.2)

PROTECTIONS = (
    Protection(
        "pages_read_what_they_show",
        "migrations/versions/0010_index_filters.py",
        '    ("ix_conversations_came", "conversations", ["status", "channel", *NEWEST], None),\n',
        "",
    ),
    Protection(
        "pages_cost_the_same",
        "migrations/versions/0001_create_console.py",
        """sa.text("status IN ('pending', 'execution_failed')")""",
        """sa.text("status = 'none'")""",
    ),
    Protection(
        "pages_read_what_they_show",
        "console/conversations/walks.py",
        "({names}c.last_message_at, c.id) < (",
        "({names}c.last_message_at + interval '0', c.id) < (",
    ),
    Protection(
        "pages_read_what_they_show",
        "migrations/versions/0008_add_approvals_queue.py",
        '    "ix_tool_approvals_due_tool": (["tool_ref", "expires_at", "id"], PENDING),\n',
        "",
    ),
    Protection(
        "search_is_quick",
        "console/conversations/rows.py",
        "NEWEST_SEARCHED = 2_000",
        "NEWEST_SEARCHED = 2_000_000",
    ),
    Protection(
        "sweep_costs_the_same",
        "console/governance/recovery.py",
        ".order_by(order, ToolApproval.id).limit(limit)",
        ".order_by(order, ToolApproval.id)",
    ),
    Protection(
        "exports_stream",
        "console/views/audit.py",
        "content = write(batches, Faces(trail.known().people))",
        'content = iter([b"".join(write(batches, Faces(trail.known().people)))])',
    ),
    Protection(
        "a_long_past_is_whole",
        "migrations/versions/0006_chain_trail.py",
        "FROM jsonb_each(line - 'hash') WHERE jsonb_typeof(value) <> 'null'",
        "FROM jsonb_each(line - 'hash')",
    ),
)


def prove(short: bool) -> list[Claim]:
    """Grow, and measure at each size."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    scale = SHORT if short else LONG
    with _side(scale.small, scale.sizes[-1]) as small, _side(scale.small, scale.sizes[-1]) as large:
        small.crowd.grow(scale.small)
        with served(large.running.settings) as floor:
            grown = []
            for size in scale.sizes:
                started = perf_counter()
                large.crowd.grow(size)
                filled = perf_counter() - started
                paths = [pages(side.crowd) for side in (small, large)]
                timed = [dict([*its.items()][:: scale.step]) for its in paths]
                grown.append(costs(small, large, floor, timed, scale.rounds, scale.flat))
                _say(f"{size:,} conversations filled in {filled:.0f} s, pages measured")
            found = reads(small, large, paths)
            looked_for = reads(small, large, [searches(), searches()])
            times = searched(large, searches(), max(5, scale.rounds // 3))
            sweeping = swept(small, large, floor, scale.rounds, scale.flat)
            _say("searches and the sweep measured")
            files = _files(small, large)
            _say("exports read")
        past = _past(large)
    _write(grown[-1], [*found, *looked_for, sweeping[1]])
    size = scale.sizes[-1]
    return [
        _cost_the_same(grown, scale),
        _read_what_they_show(found, size),
        _search(times, looked_for, scale),
        _sweep(*sweeping, scale),
        _exports(files, scale),
        _whole(*past),
    ]


@contextmanager
def _side(size: int, most: int) -> Iterator[Side]:
    with stack(workers=False, sweep_batch=SWEPT_AT_ONCE) as running:
        crowd = Crowd(running.app, running.settings.database_url, most)
        yield Side(running, crowd, cookie(running.app, crowd.token))


def _files(small: Side, large: Side) -> dict[str, Export]:
    """All events as JSON Lines, and a fifth of them as CSV."""
    return {
        "JSON Lines": export(small, large, "/audit.jsonl", 2 * large.crowd.size),
        "CSV": export(small, large, "/audit.csv?event=proposal_created", large.crowd.size * 35 // 100),
    }


def _past(side: Side) -> tuple[Seen, list[str], float]:
    """What the product says of everything that was filled in."""
    started, seen = perf_counter(), Seen()
    with side.running.app.app_context():
        wrong = [str(one) for one in findings(seen)]
    return seen, wrong + differences(side.crowd), perf_counter() - started


def _cost_the_same(grown: Sequence[Sequence[Cost]], scale: Scale) -> Claim:
    last = grown[-1]
    dear = sorted(last, key=lambda cost: -cost.growth)[:3]
    far = sorted(last, key=lambda cost: -cost.to_floor)[:3]
    return Claim(
        "pages_cost_the_same",
        f"Every list, in every view and under every filter, and every conversation cost the same as {scale.small:,} "
        f"conversations grow to {scale.sizes[-1]:,}, within {scale.flat}.",
        f"{len(last)} pages asked {scale.rounds} times in both crowds and beside the floor page, in turn, "
        f"at {' and '.join(f'{size:,}' for size in scale.sizes)} conversations.",
        [
            f"{size:,}: {cost}"
            for size, pages in zip(scale.sizes, grown, strict=True)
            for cost in pages
            if cost.growth > scale.flat
        ],
        f"Growth: median {median(cost.growth for cost in last):.2f}, most {_named(dear, 'growth')}. "
        f"Floor page {median(last[0].floor):.1f} ms; furthest from it {_named(far, 'to_floor')}.",
    )


def _named(some: Sequence[Cost], figure: str) -> str:
    return ", ".join(f"{getattr(cost, figure):.2f} ({cost.name})" for cost in some)


def _read_what_they_show(found: Sequence[Read], size: int) -> Claim:
    statements = sum(len(one.statements) for one in found)
    most, far = (max(found, key=lambda one: figure(one.seen)) for figure in (looked_at, touched))
    return Claim(
        "pages_read_what_they_show",
        "No statement of a page reads a large table from end to end, and no page looks at more rows than among few, "
        "nor walks past more of an index.",
        f"{statements} statements of {len(found)} pages explained and run at {size:,} conversations, "
        "each as planned at first and as prepared for good.",
        [line for one in found for line in one.broken()],
        f"At most {looked_at(most.seen):,} rows are looked at ({most.name}), and {touched(far.seen):,} pages touched "
        f"({far.name}). The plans are in {PLANS}.",
    )


def _search(times: dict[str, list[float]], found: Sequence[Read], scale: Scale) -> Claim:
    slow = {words: median(its) for words, its in times.items() if median(its) > scale.search_ms}
    wide = [one for one in found if looked_at(one.seen) > MOST_SEARCHED]
    words, worst = max(((words, median(its)) for words, its in times.items()), key=lambda one: one[1])
    return Claim(
        "search_is_quick",
        f"A search answers within {scale.search_ms:.0f} ms, whether its words are common, rare or nowhere.",
        f"{len(times)} searches over {scale.sizes[-1]:,} conversations of 5 messages.",
        [f"{words}: {ms:.0f} ms" for words, ms in slow.items()]
        + [f"{one.name}: looks at {looked_at(one.seen):,} rows" for one in wide],
        f"Medians {min(median(its) for its in times.values()):.0f} to {worst:.0f} ms, the slowest “{words}”.",
    )


def _sweep(cost: Cost, read: Read, scale: Scale) -> Claim:
    given = max(one.given for plans in read.seen for one in plans)
    batch = [f"a statement gives {given} rows at once"] if given > SWEPT_AT_ONCE else []
    dear = [str(cost)] if cost.growth > scale.flat else []
    return Claim(
        "sweep_costs_the_same",
        f"The sweep costs the same among {scale.sizes[-1]:,} conversations and reads in batches.",
        f"{len(cost.large)} sweeps of either crowd, with as many stuck lanes in both; "
        f"{len(read.statements)} statements explained; batches of {SWEPT_AT_ONCE}.",
        [*dear, *batch, *read.broken()],
        f"{cost}; at most {given} rows at once.",
    )


def _exports(files: dict[str, Export], scale: Scale) -> Claim:
    broken = []
    for name, one in files.items():
        broken += [f"{name}: {one.grown} MB more in memory"] if one.grown > MOST_MEMORY else []
        broken += (
            [f"{name}: a row takes {one.late:.2f} times as long at the end"] if one.late > scale.late else []
        )
    return Claim(
        "exports_stream",
        f"An export takes no more than {MOST_MEMORY} MB, however long it is, and its last rows come like its first.",
        "; ".join(f"{one.rows:,} rows as {name}" for name, one in files.items())
        + ", the small crowd's beside it.",
        broken,
        "; ".join(
            f"{name}: {one.rows / one.seconds:,.0f} rows a second, {one.late:.2f} at the end, +{one.grown} MB"
            for name, one in files.items()
        ),
    )


def _whole(seen: Seen, wrong: list[str], seconds: float) -> Claim:
    return Claim(
        "a_long_past_is_whole",
        "All that was filled in is what the console itself would have kept: chains, seals, counts and words.",
        f"{seen.events:,} events of {seen.proposals:,} actions and {seen.lines:,} lines verified; "
        "counts and words compared.",
        wrong,
        f"{(seen.events + seen.lines) / seconds:,.0f} events a second.",
    )


def _write(measured: Sequence[Cost], found: Sequence[Read]) -> None:
    """The costs of all pages, and the plan of each statement, once."""
    PLANS.parent.mkdir(parents=True, exist_ok=True)
    known: dict[str, str] = {}
    with PLANS.open("w") as file:
        file.write("\n".join(str(cost) for cost in measured))
        for one in found:
            file.write(f"\n\n\n======== {one.name}: {looked_at(one.seen)} rows looked at\n")
            for statement, plans in zip(one.statements, one.seen, strict=True):
                first = known.setdefault(statement.statement, one.name)
                if first != one.name and "FROM (" not in statement.statement:
                    file.write(f"\n(a statement as of “{first}”)\n")
                    continue
                file.write(f"\n{statement.statement.strip()}\n\n")
                file.write(
                    "\n-- as prepared for good:\n".join(dict.fromkeys(plan.plan for plan in plans)) + "\n"
                )


def _say(words: str) -> None:
    logging.getLogger(__name__).warning(words)
