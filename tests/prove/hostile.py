"""Hostile input: every address and every field, by strangers, by other sites and by people with a sign-in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.prove.claims import Claim, Protection
from tests.prove.hostile_input.browser import browse
from tests.prove.hostile_input.cookies import cookies, fixed_before, guessed
from tests.prove.hostile_input.fuzzing import fuzz
from tests.prove.hostile_input.leading import lead
from tests.prove.hostile_input.marks import KINDS
from tests.prove.hostile_input.place import Place, Visitor, place
from tests.prove.hostile_input.planting import plant, worked_off
from tests.prove.hostile_input.quiet import quiet
from tests.prove.hostile_input.strangers import forged, reading, strangers
from tests.prove.hostile_input.walking import files, mails, searched, walk
from tests.prove.hostile_input.wire import attack, bodies, slow

SEED = 20_261_124


@dataclass(frozen=True)
class Scale:
    """How much of each is tried."""

    kinds: list[str]
    pages_each: int
    browser_pages: int
    reads: int
    posts: int
    strangers: int
    forged: int
    elsewhere: int
    cookies: int
    noise: int
    slow: int


LONG = Scale(list(KINDS), 8, 50, 15, 40, 10, 12, 1200, 150, 200, 300)
SHORT = Scale(["markup"], 2, 3, 2, 6, 2, 2, 60, 15, 10, 50)
PROMISES = {
    "no_request_fails": "No request, whatever is in it, ends in a failure or shows what is inside.",
    "every_answer_is_hardened": "Every answer, of an error too, carries the policy, the headers and the cookie flags.",
    "strangers_get_nothing": "Without a sign-in nothing is shown and nothing changes.",
    "reading_changes_nothing": "GET and HEAD change nothing.",
    "forms_need_their_token": "A form without its token, or with another one, changes nothing.",
    "other_sites_change_nothing": "What another site sends changes nothing, with the right token too.",
    "only_an_open_sign_in_lets_in": "A cookie altered, put together or of an ended sign-in lets nobody in.",
    "a_sign_in_starts_anew": "What was put into a browser before the sign-in is worth nothing after it.",
    "guesses_are_limited": "Guessing passwords is slowed down, whatever address a request claims to come from.",
    "nobody_is_led_elsewhere": "No answer leads out of the console.",
    "large_bodies_are_refused": "A body beyond the limit is refused, announced or not.",
    "typed_text_stays_text": "What was typed is text on every page and part.",
    "no_script_of_theirs_runs": "In a real browser no script runs that is none of ours, and our pages keep the policy.",
    "files_hold_text_alone": "What was typed is text in both files of the trail: no formula, no line of its own.",
    "mails_hold_text_alone": "What was typed is text in every mail: no header, no recipient of its own.",
    "logs_and_metrics_tell_nothing": "No secret, token or word of anybody's is in a log or a number.",
    "the_wire_is_read_strictly": "Lies of HTTP get one calm answer, and slow requests keep nobody waiting.",
}


def prove(short: bool) -> list[Claim]:
    """Start a console, attack it from every side, and tell what was tried and what was wrong."""
    scale = SHORT if short else LONG
    with place(SEED) as here:
        ada = here.visitor("ada")
        with _timed(here, "walked"):
            walk(here, ada, scale.pages_each)
        with _timed(here, "planted"):
            plant(here, ada, scale.kinds)
            searched(here, ada, scale.kinds)
        with _timed(here, "worked off"):
            worked_off(here, 30)
        with _timed(here, "walked again"):
            pages = walk(here, ada, scale.pages_each)
            files(here, ada)
            mails(here)
        with _timed(here, "browsed"):
            browse(here, ada, pages, scale.browser_pages)
        _attacked(here, ada, scale)
        quiet(here)
        return [_claim(here, name) for name in PROMISES]


def _attacked(here: Place, ada: Visitor, scale: Scale) -> None:
    ben = here.visitor("ben")
    steps: dict[str, Callable[[], None]] = {
        "by strangers": lambda: strangers(here, scale.strangers),
        "forged": lambda: forged(here, ada, ben, scale.forged),
        "read": lambda: reading(here, ada, scale.reads),
        "cookies": lambda: cookies(here, scale.cookies),
        "fixed": lambda: fixed_before(here),
        "wire": lambda: attack(here, ada.cookie, scale.noise),
        "slow": lambda: slow(here, scale.slow),
        "bodies": lambda: bodies(here, ada.cookie, ada.token),
        "led": lambda: lead(here, ada, scale.elsewhere),
        "fuzzed": lambda: fuzz(here, ada, scale.posts),
        "fuzzed by Ben": lambda: fuzz(here, ben, scale.posts // 4),
        "guessed": lambda: guessed(here),
    }
    for name, step in steps.items():
        with _timed(here, name):
            ada.sign_in()
            step()


@contextmanager
def _timed(here: Place, name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    here.seconds[name] = time.monotonic() - started


def _claim(here: Place, name: str) -> Claim:
    tried = here.watch.tried[name]
    done = ", ".join(f"{count:,} {words}" for words, count in tried.items())
    figures = ""
    if name == "every_answer_is_hardened":
        done = f"{here.watch.answers.total():,} answers looked at"
        figures = ", ".join(
            f"{count:,} times {status}" for status, count in sorted(here.watch.answers.items())
        )
    if name == "typed_text_stays_text":
        figures = f"{len(here.seen):,} of {len(here.marks.where):,} marked texts seen on pages"
    if name == "no_request_fails":
        routes = here.routes.rules
        done = f"{here.watch.answers.total():,} requests in all, {done}"
        figures = f"{len(routes)} routes, {len(here.routes.posts())} of them forms; seed {SEED}"
    return Claim(name, PROMISES[name], done, here.watch.broken[name], figures)


SESSION, SECURITY = "console/views/session.py", "console/security.py"
PROTECTIONS: tuple[Protection, ...] = (
    Protection(
        "no_request_fails",
        SECURITY,
        "if any(isinstance(value, int) and value > LARGEST_ID for value in (request.view_args or {}).values()):",
        "if False:",
    ),
    Protection("every_answer_is_hardened", SECURITY, "response.headers.setdefault(name, value)", "pass"),
    Protection("strangers_get_nothing", SESSION, "    return ask_to_sign_in()\n", "    return None\n"),
    Protection(
        "reading_changes_nothing",
        SESSION,
        '@blueprint.post("/logout")',
        '@blueprint.route("/logout", methods=["GET", "POST"])',
    ),
    Protection("forms_need_their_token", SESSION, "        csrf.protect()", "        pass"),
    Protection(
        "other_sites_change_nothing",
        SECURITY,
        "if request.method not in SAFE_METHODS and _is_from_elsewhere():",
        "if False:",
    ),
    Protection("only_an_open_sign_in_lets_in", SESSION, "    SignIn.ended_at.is_(None),\n", ""),
    Protection(
        "a_sign_in_starts_anew",
        SESSION,
        '    cookie.clear()\n    cookie["_user_id"] = token\n',
        '    cookie["_user_id"] = token\n',
    ),
    Protection(
        "guesses_are_limited",
        SECURITY,
        "limiter = Limiter(key_func=get_remote_address)",
        'limiter = Limiter(key_func=lambda: request.headers.get("X-Forwarded-For", ""))',
    ),
    Protection("nobody_is_led_elsewhere", SESSION, ' and not target.startswith("//")', ""),
    Protection(
        "large_bodies_are_refused",
        "console/__init__.py",
        "        MAX_CONTENT_LENGTH=settings.max_body_bytes,\n",
        "",
    ),
    Protection(
        "typed_text_stays_text",
        "templates/inbox/_row.html",
        '<span class="inbox-row__subject">{{ row.subject }}',
        '<span class="inbox-row__subject">{{ row.subject|safe }}',
    ),
    Protection(
        "no_script_of_theirs_runs",
        "static/js/selection.js",
        "first.textContent = names",
        "first.innerHTML = names",
    ),
    Protection(
        "files_hold_text_alone",
        "console/presenters/exports.py",
        "[safe(_cell(fact[column])) for column in COLUMNS]",
        "[_cell(fact[column]) for column in COLUMNS]",
    ),
    Protection(
        "mails_hold_text_alone", "console/channels/mail.py", '_NO_LINE.sub(" ", text).strip()', "text"
    ),
    Protection(
        "logs_and_metrics_tell_nothing",
        "console/logs.py",
        "                path=request.path,\n                status",
        "                path=request.full_path,\n                status",
    ),
    Protection(
        "the_wire_is_read_strictly",
        "console/gunicorn.py",
        'forwarded_allow_ips = ""',
        'forwarded_allow_ips = "*"',
    ),
)
