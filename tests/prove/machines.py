"""Two machines with one PostgreSQL and one Valkey behind a balancer without sticky sessions: each request may meet
another one, one of them is lost and replaced under work, and both are upgraded, with a migration, while operators work.

    python -m tests.prove.parts machines [--short]

The machines are network namespaces that the program makes itself, as root; where it cannot, the claims say that they
were not tried, and do not count as held.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.prove.claims import Claim, Protection
from tests.prove.machines_net import missing
from tests.prove.machines_people import Browser
from tests.prove.machines_site import PEOPLE, Site, site
from tests.prove.machines_trials import lost, walked
from tests.prove.machines_upgrade import upgraded
from tests.prove.machines_work import LONG, SHORT, Found, Scale

PROTECTIONS = (
    Protection(
        "machines_need_no_sticky_sessions",
        "console/__init__.py",
        'SECRET_KEY=settings.secret_key or "development-only"',
        'SECRET_KEY=__import__("secrets").token_hex()',
    ),
    Protection(
        "machines_one_lost_and_replaced",
        "console/db.py",
        '    event.listen(engine, "connect", _have_loss_noticed)\n',
        "",
    ),
    Protection(
        "machines_upgraded_while_operators_work",
        "migrations/env.py",
        '    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})\n',
        "",
    ),
)
Trial = Callable[[Site, list[Browser], Scale], Found]
TRIALS: tuple[tuple[str, str, Trial], ...] = (
    (
        "machines_need_no_sticky_sessions",
        "With each request on another machine everything works: sign-in, tokens, drafts, decisions, bulk sends, "
        "streams.",
        walked,
    ),
    (
        "machines_one_lost_and_replaced",
        "A machine that is lost in the middle of its work takes nothing with it: what was answered with success is "
        "there once, every lane ends, and pages go on with the other machine.",
        lost,
    ),
    (
        "machines_upgraded_while_operators_work",
        "Both machines are upgraded, one after the other, with a migration, while operators work: none of "
        "them is refused.",
        upgraded,
    ),
)


def prove(short: bool) -> list[Claim]:
    """Build the site, try each, and leave nothing behind."""
    reason = missing()
    if reason:
        return [Claim(name, promise, "Nothing.", [reason]) for name, promise, _ in TRIALS]
    scale = SHORT if short else LONG
    with site() as built:
        browsers = [Browser(built.port, number) for number in range(PEOPLE)]
        return [_tried(name, promise, trial, built, browsers, scale) for name, promise, trial in TRIALS]


def _tried(
    name: str, promise: str, trial: Trial, built: Site, browsers: list[Browser], scale: Scale
) -> Claim:
    try:
        found = trial(built, browsers, scale)
    except Exception as error:
        return Claim(name, promise, "Broken off.", [f"{type(error).__name__}: {error}"])
    return Claim(name, promise, found.done, found.broken, found.figures)
